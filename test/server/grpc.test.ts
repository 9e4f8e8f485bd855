import {once} from 'node:events';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {type ServiceError, status} from '@grpc/grpc-js';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {METHODS} from '../../src/api/types.ts';
import {ApiClient, type CallOptions, type Message, detailsOf} from '../unit/api/client.ts';
import {keptBuild} from './kept-build.ts';
import {becomes, readEvents, startServer} from './support.ts';
import type {Served} from './support.ts';

const IMAGES = '/imgmgr.api.v1.ImageService';
const BUILDS = '/imgmgr.api.v1.BuildService';
const RUNS = '/imgmgr.api.v1.RunService';
const NO_BOOT = {verify: '{mode: none}'};
const LAST1 = {uuid_validity: 'last-1'};
const FLAGS = ['--allow-write', '--allow-build', '--grpc-listen', '127.0.0.1:0', '--grace', '1s'];

let served: Served;
let client: ApiClient;
let operator: CallOptions;

beforeAll(async () => {
  served = await startServer({
    clouds: ['admin', 'member'],
    flags: FLAGS,
    images: (table) => table.x(['1', '2'], NO_BOOT, LAST1),
  });
  client = new ApiClient(served.grpcPort);
  operator = {token: served.tokens.operator};
});
afterAll(async () => {
  client.close();
  await served.close();
});

/** How a call failed. */
async function failure(call: Promise<unknown>): Promise<ServiceError> {
  return call.then(
    (answer) => Promise.reject(new Error(`the call was answered: ${JSON.stringify(answer)}`)),
    (error: unknown) => error as ServiceError,
  );
}

/** Everything that a watch says, and how it failed. */
async function watched(
  request: Message,
  options: CallOptions = operator,
): Promise<{readonly messages: readonly Message[]; readonly error: ServiceError | undefined}> {
  const messages: Message[] = [];
  try {
    for await (const message of client.stream(`${RUNS}/Watch`, request, options)) messages.push(message as Message);
    return {messages, error: undefined};
  } catch (error) {
    return {messages, error: error as ServiceError};
  }
}

const seqOf = ({event}: Message): unknown => (event as Message | undefined)?.['seq'];

async function started(path: string, request: Message): Promise<string> {
  const answer = await client.call(path, request, operator);
  return (answer['started'] as {readonly id: string}).id;
}

/** A run whose import does not go on before `release`. */
async function held(versions: readonly string[]): Promise<{readonly id: string; readonly release: () => void}> {
  const {table} = served;
  const release = table.cloud.holdImports();
  await table.write(table.x(versions, NO_BOOT, LAST1));
  const id = await started(`${RUNS}/Start`, {verb: 'VERB_MANAGE', clouds: ['admin'], definitions: ['X']});
  await becomes(async () => (await served.run(id)).run.phase === 'working');
  return {id, release};
}

it('every method does on this server what its call of the JSON interface does', async () => {
  const clouds = ['admin'];
  const id = await started(`${RUNS}/Start`, {verb: 'VERB_MANAGE', clouds, manage: {build: false}});
  const {messages, error} = await watched({id});
  expect(error).toBeUndefined();
  expect(messages.at(-1)).toMatchObject({end: {id, state: 'RUN_STATE_SUCCESS', exit_code: 0}});
  expect(served.table.names()).toEqual(['X', 'X (1)']);

  const events = await readEvents(served.port, `/v1/runs/${id}/events`, {token: served.tokens.viewer});
  expect(messages.slice(0, -1).map(seqOf)).toEqual(events.slice(0, -1).map((one) => Number(one.id)));
  const behind = await watched({id, after: seqOf(messages.at(-3) ?? {})});
  expect(behind.messages.map(seqOf)).toEqual([seqOf(messages.at(-2) ?? {}), undefined]);

  expect(await client.call(`${RUNS}/Get`, {id}, operator)).toMatchObject({
    run: {verb: 'manage', clouds, who: {requested_by: 'operator'}, server: {by: 'operator'}},
    actions: expect.arrayContaining([
      expect.objectContaining({kind: 'publish', state: 'RUN_STATE_SUCCESS'}),
    ]) as unknown,
  });
  expect(await client.call(`${RUNS}/List`, {verb: ['manage'], limit: 1}, operator)).toMatchObject({runs: [{id}]});
  const log = await client.call(`${RUNS}/Log`, {id, log: 'errors'}, operator);
  expect(log['lines']).toEqual(expect.arrayContaining([expect.stringContaining('publish')]));
  expect((await failure(client.call(`${RUNS}/Cancel`, {id}, operator))).code).toBe(status.ABORTED);

  const list = await client.call(`${IMAGES}/List`, {cloud: clouds, refresh: true}, operator);
  expect(list['rows']).toMatchObject([{cloud: 'admin', definition: 'X', version: '2', state: 'IMAGE_STATE_OK'}]);
  const image = await client.call(`${IMAGES}/Get`, {cloud: 'admin', target: 'X'}, operator);
  expect(image).toMatchObject({shown: {cloud: 'admin', images: [{name: 'X'}]}});

  const {plan} = (await client.call(
    `${IMAGES}/Rollback`,
    {make: {definitions: ['X'], clouds, flags: {reason: 'r', pull: true}}},
    operator,
  )) as {readonly plan: {readonly plan: {readonly id: string}; readonly confirm: {readonly text: string}}};
  expect(plan.confirm.text).toBe('X');
  const approve = {plan: plan.plan.id, confirm: 'Y'};
  const refused = await failure(client.call(`${IMAGES}/Rollback`, {approve}, operator));
  expect([refused.code, refused.details]).toEqual([
    status.INVALID_ARGUMENT,
    expect.stringMatching(/^confirm has to be "X"/),
  ]);
  const rollback = await started(`${IMAGES}/Rollback`, {approve: {...approve, confirm: 'X'}});
  expect((await watched({id: rollback})).messages.at(-1)).toMatchObject({end: {exit_code: 0}});

  const hold = await started(`${IMAGES}/Hold`, {definitions: ['X'], clouds, flags: {until: '2099-01-01'}});
  expect((await watched({id: hold})).messages.at(-1)).toMatchObject({end: {verb: 'hold', exit_code: 0}});
  const unhold = await started(`${RUNS}/Start`, {verb: 'VERB_UNHOLD', definitions: ['X'], clouds});
  expect((await watched({id: unhold})).messages.at(-1)).toMatchObject({end: {verb: 'unhold', exit_code: 0}});
  const verify = await started(`${IMAGES}/Verify`, {definitions: ['X'], clouds: ['member'], flags: {deep: true}});
  expect((await watched({id: verify})).messages.at(-1)).toMatchObject({end: {verb: 'verify'}});

  const build = await started(`${BUILDS}/Create`, {definitions: ['X']});
  await watched({id: build});
  expect(await client.call(`${BUILDS}/Get`, {id: build}, operator)).toMatchObject({details: {run: {verb: 'build'}}});
  expect(await client.call(`${BUILDS}/List`, {limit: 1}, operator)).toMatchObject({page: {runs: [{id: build}]}});
  expect((await failure(client.call(`${BUILDS}/Cancel`, {id: build}, operator))).code).toBe(status.ABORTED);
  expect((await failure(client.call(`${BUILDS}/Cancel`, {id}, operator))).code).toBe(status.NOT_FOUND);
});

it('a build is deleted with its name typed, by a run of its own', async () => {
  const {table} = served;
  const id = await keptBuild(table.folder, 'Built');
  const get = async (): Promise<Message> => (await client.call(`${BUILDS}/Get`, {id}, operator))['details'] as Message;
  expect((await get())['deletion']).toEqual({confirm: 'Built', command: `imgmgr build --delete ${id} --yes`});
  for (const confirm of ['', 'built']) {
    const error = await failure(client.call(`${BUILDS}/Delete`, {id, confirm}, operator));
    expect([error.code, error.details]).toEqual([status.INVALID_ARGUMENT, expect.stringMatching(/^confirm has to be/)]);
  }
  const limited = await failure(
    client.call(`${BUILDS}/Delete`, {id, confirm: 'Built'}, {token: served.tokens.limited}),
  );
  expect(limited.code).toBe(status.NOT_FOUND);
  const deletion = await started(`${BUILDS}/Delete`, {id, confirm: 'Built'});
  const {messages} = await watched({id: deletion});
  expect(messages.map(({event}) => (event as Message | undefined)?.['type'])).toContain('build-deleted');
  expect(messages.at(-1)).toMatchObject({end: {verb: 'build', exit_code: 0, who: {requested_by: 'operator'}}});
  expect(await get()).toMatchObject({builds: [{definition: 'Built', gone: true}]});
  expect(await get()).not.toHaveProperty('deletion');
  const again = await failure(client.call(`${BUILDS}/Delete`, {id, confirm: 'Built'}, operator));
  expect([again.code, again.details]).toEqual([status.NOT_FOUND, `there is no build of run ${id}`]);
});

describe('access', () => {
  const methods = [...METHODS].filter(([path]) => path.startsWith('/imgmgr.'));
  const READING = ['List', 'Get', 'Log', 'Watch'];
  const SOME_ID = '00000000-0000-4000-8000-000000000000';
  const requests: Readonly<Record<string, Message>> = {
    [`${IMAGES}/Rollback`]: {make: {}},
    [`${RUNS}/Start`]: {verb: 'VERB_MANAGE'},
  };
  const codeOf = async (path: string, options: CallOptions): Promise<status> => {
    const id = path.startsWith(IMAGES) || /Start|Create|List/.test(path) ? {} : {id: SOME_ID};
    const request = {...id, ...requests[path]};
    const isStream = METHODS.get(path)?.responseStream === true;
    const call: Promise<unknown> = isStream
      ? once(client.stream(path, request, options), 'data')
      : client.call(path, request, options);
    return call.then(
      () => status.OK,
      (error: unknown) => (error as ServiceError).code,
    );
  };

  it.each(methods)('%s takes its role', async (path, {name}) => {
    const isReading = READING.includes(name);
    const denied = [status.UNAUTHENTICATED, status.PERMISSION_DENIED];
    expect(await codeOf(path, {})).toBe(status.UNAUTHENTICATED);
    const {metrics, viewer, operator: token} = served.tokens;
    expect(await codeOf(path, {token: metrics})).toBe(status.PERMISSION_DENIED);
    // What is to be cancelled or deleted has to be a build, which is looked at first.
    const isLookedFor = path === `${BUILDS}/Cancel`;
    const asViewer = await codeOf(path, {token: viewer});
    if (isReading || isLookedFor) expect(denied).not.toContain(asViewer);
    else expect(asViewer).toBe(status.PERMISSION_DENIED);
    expect(denied).not.toContain(await codeOf(path, {token}));
  });

  it('a token of some clouds sees the others nowhere, and starts nothing there', async () => {
    const options = {token: served.tokens.limited};
    const list = await client.call(`${IMAGES}/List`, {}, options);
    expect(JSON.stringify(list)).not.toContain('"admin"');
    const {runs = []} = (await client.call(`${RUNS}/List`, {}, options)) as {readonly runs?: readonly Message[]};
    expect(runs.filter(({clouds}) => (clouds as string[]).includes('admin'))).toEqual([]);
    expect(await codeOf(`${IMAGES}/Get`, options)).toBe(status.NOT_FOUND);
    const start = {verb: 'VERB_MANAGE', clouds: ['admin']};
    const error = await failure(client.call(`${RUNS}/Start`, start, options));
    expect([error.code, error.details]).toEqual([status.INVALID_ARGUMENT, 'the server knows no cloud "admin"']);
    const build = await failure(client.call(`${BUILDS}/Create`, {definitions: ['X']}, options));
    expect(build.code).toBe(status.PERMISSION_DENIED);
  });

  it('a token that is removed ends its watch and opens nothing', async () => {
    const {id, release} = await held(['1', '2', '3']);
    const added = await served.imgmgr('serve', 'token', 'add', 'short', '--role', 'viewer');
    const options = {token: added.out.trim()};
    const stream = client.stream(`${RUNS}/Watch`, {id}, options);
    const failed = once(stream, 'error') as Promise<[ServiceError]>;
    await once(stream, 'data');
    stream.resume();
    let began = (): void => undefined;
    const begun = new Promise<void>((resolve) => (began = resolve));
    const path = `/v1/runs/${id}/events`;
    const until = (): boolean => (began(), false);
    const overHttp = readEvents(served.port, path, {...options, until});
    await begun;
    expect((await served.imgmgr('serve', 'token', 'remove', 'short')).code).toBe(0);
    const [error] = await failed;
    expect((await overHttp).at(-1)).toMatchObject({event: 'message'});
    expect([error.code, detailsOf(error)['reason']]).toEqual([status.UNAUTHENTICATED, 'AUTH']);
    expect(await codeOf(`${RUNS}/List`, options)).toBe(status.UNAUTHENTICATED);
    release();
    await client.call(`${RUNS}/Cancel`, {id}, operator).catch(() => undefined);
    await served.over(id);
  });

  it('what a cloud refuses to the server is not UNAUTHENTICATED', async () => {
    const path = join(served.table.folder, 'clouds.yaml');
    const text = readFileSync(path, 'utf8');
    await served.table.writeClouds(text.replaceAll(/"password":"[^"]*"/g, '"password":"wrong"'));
    try {
      const make = {definitions: ['X'], clouds: ['admin'], flags: {reason: 'r', pull: true}};
      const error = await failure(client.call(`${IMAGES}/Rollback`, {make}, operator));
      expect([error.code, detailsOf(error)['reason']]).toEqual([status.FAILED_PRECONDITION, 'AUTH']);
    } finally {
      await served.table.writeClouds(text);
    }
  });

  it('no answer has the password of the cloud, a token, or the hash of one', async () => {
    const texts = [served.log()];
    for (const path of [`${IMAGES}/List`, `${RUNS}/List`, `${BUILDS}/List`])
      texts.push(JSON.stringify(await client.call(path, {}, operator)));
    texts.push(JSON.stringify(await client.call(`${IMAGES}/Get`, {cloud: 'admin', target: 'X'}, operator)));
    const hashes = [...readFileSync(join(served.folder, 'tokens.json'), 'utf8').matchAll(/"hash": "(\w+)"/g)];
    for (const secret of ['fake-secret', ...Object.values(served.tokens), ...hashes.map(([, hash = '']) => hash)])
      expect(texts.filter((one) => one.includes(secret))).toEqual([]);
  });
});

describe('the process', () => {
  it.each([
    [
      'another address without TLS',
      ['--grpc-listen', '0.0.0.0:0'],
      /--grpc-listen 0\.0\.0\.0 is no address of this host alone/,
    ],
    [
      'another address behind a proxy',
      [
        '--grpc-listen',
        '0.0.0.0:0',
        '--behind-proxy',
        '10.0.0.1',
        '--user-header',
        'X-U',
        '--operators',
        'o',
        '--url',
        'https://a.test',
      ],
      /no proxy of --behind-proxy stands before it/,
    ],
    [
      'the port of the pages',
      ['--bind', '127.0.0.1:7440', '--grpc-listen', '127.0.0.1:7440'],
      /both name the port 7440/,
    ],
  ])('does not begin with %s: exit 2', async (_, flags, message) => {
    const {code, err} = await served.imgmgr('serve', '--cloud', 'admin', ...flags);
    expect([code, err]).toEqual([2, expect.stringMatching(message)]);
  });

  it('does not begin on a port that is taken, as that of the pages: exit 2, with the flag', async () => {
    const env = {XDG_STATE_HOME: join(served.table.folder, 'other')};
    const place = `127.0.0.1:${served.grpcPort}`;
    for (const [flag, other] of [
      ['--grpc-listen', '--bind'],
      ['--bind', '--grpc-listen'],
    ] as const) {
      const {code, err} = await served.imgmgrWith(env, 'serve', '--cloud', 'admin', flag, place, other, '127.0.0.1:0');
      expect([code, err]).toEqual([2, expect.stringContaining(`${flag} ${place} is taken by another process`)]);
    }
  });

  it('ends at SIGTERM with its watches: one of a run gets its end, one of nothing UNAVAILABLE; then it listens no more', async () => {
    const {id, release} = await held(['1', '2', '3', '4']);
    const watching = watched({id});
    const health = client.stream('/grpc.health.v1.Health/Watch');
    const healthEnds = once(health, 'error') as Promise<[ServiceError]>;
    const states: unknown[] = [];
    health.on('data', ({status: state}: Message) => states.push(state));
    await becomes(() => states.length > 0);
    served.kill('SIGTERM');
    const {messages} = await watching;
    expect(messages.at(-1)).toMatchObject({end: {id, state: 'RUN_STATE_CANCELLED'}});
    expect((await healthEnds)[0].code).toBe(status.UNAVAILABLE);
    expect(states).toEqual(['SERVING', 'NOT_SERVING']);
    expect(await served.ended).toBe(0);
    release();
    expect((await failure(client.call(`${RUNS}/List`, {}, {...operator, deadlineMs: 20_000}))).code).toBe(
      status.UNAVAILABLE,
    );
    served = await served.again();
    client.close();
    client = new ApiClient(served.grpcPort);
    expect(await client.call(`${RUNS}/Get`, {id}, operator)).toMatchObject({run: {state: 'RUN_STATE_CANCELLED'}});
  });

  it('closes the address of somebody who guesses tokens, for JSON too, but not to a token that is right', async () => {
    const codes = new Set<status>();
    for (let tries = 0; tries < 25; tries++)
      codes.add((await failure(client.call(`${RUNS}/List`, {}, {token: `imgmgr_${tries}`}))).code);
    expect(codes).toEqual(new Set([status.UNAUTHENTICATED, status.RESOURCE_EXHAUSTED]));
    const wrong = await failure(client.call(`${RUNS}/List`, {}, {token: 'imgmgr_none'}));
    expect([wrong.code, detailsOf(wrong)['reason']]).toEqual([status.RESOURCE_EXHAUSTED, 'LIMIT']);
    expect((await served.call('GET', '/v1/runs', {token: 'imgmgr_none'})).status).toBe(429);
    expect(await client.call(`${RUNS}/List`, {}, operator)).toHaveProperty('runs');
    expect((await served.get('/v1/runs')).status).toBe(200);
    const headers = {origin: served.origin};
    const login = async (token: string): Promise<number> =>
      (await served.call('POST', '/v1/session', {headers, body: {token}})).status;
    expect([await login('imgmgr_none'), await login(served.tokens.viewer)]).toEqual([429, 200]);
  });
});
