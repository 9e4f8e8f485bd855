import {once} from 'node:events';
import {readFile} from 'node:fs/promises';
import {type ClientHttp2Session, connect as connectHttp2} from 'node:http2';
import {type AddressInfo, connect, createServer} from 'node:net';
import {type ServiceError, credentials, status} from '@grpc/grpc-js';
import {afterEach, describe, expect, it} from 'vitest';
import {type ApiLimits, type OpenApi, openApi} from '../../../src/api/server.ts';
import {GRPC_CODES} from '../../../src/api/status.ts';
import {FILES, METHODS, codecOf} from '../../../src/api/types.ts';
import {ImgmgrError} from '../../../src/errors.ts';
import {CallError} from '../../../src/server/errors.ts';
import {makeIdentity} from '../../../src/host/certificate.ts';
import {MemoryBackend, RUN, TOKENS} from './backend.ts';
import {ApiClient, type CallOptions, type Message, detailsOf} from './client.ts';

const IMAGES = '/imgmgr.api.v1.ImageService';
const BUILDS = '/imgmgr.api.v1.BuildService';
const RUNS = '/imgmgr.api.v1.RunService';
const OPERATOR = {token: TOKENS.operator};

const closings: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closings.splice(0).reverse()) await close();
});

async function opened(
  limits: Partial<ApiLimits> = {},
): Promise<{backend: MemoryBackend; api: OpenApi; client: ApiClient}> {
  const backend = new MemoryBackend();
  const api = await openApi({
    backend,
    host: '127.0.0.1',
    port: 0,
    flag: '--grpc-listen',
    certificate: undefined,
    limits,
  });
  closings.push(() => api.close(0));
  return {backend, api, client: clientOf(api.port)};
}

function clientOf(port: number, secure?: ReturnType<typeof credentials.createSsl>): ApiClient {
  const client = new ApiClient(port, secure);
  closings.push(() => client.close());
  return client;
}

/** How a call failed. */
async function failure(call: Promise<unknown>): Promise<ServiceError> {
  return call.then(
    () => Promise.reject(new Error('the call was answered')),
    (error: unknown) => error as ServiceError,
  );
}

/** Everything that a stream says; `error` where it failed. */
async function watched(client: ApiClient, request: Message, options: CallOptions = {token: TOKENS.viewer}) {
  const messages: Message[] = [];
  try {
    for await (const message of client.stream(`${RUNS}/Watch`, request, options)) messages.push(message as Message);
    return {messages, error: undefined};
  } catch (error) {
    return {messages, error: error as ServiceError};
  }
}

describe('calls', () => {
  const flags = {until: '2027-01-01', reason: 'freeze', public_reason: true};
  it.each<[string, Message, object]>([
    [
      `${IMAGES}/List`,
      {cloud: ['a'], refresh: true, limit: 5},
      {id: 'images', query: {cloud: ['a'], definition: [], refresh: '1', limit: 5}},
    ],
    [
      `${IMAGES}/Get`,
      {cloud: 'a', target: 'Debian 12'},
      {id: 'image', params: {cloud: 'a', target: 'Debian 12'}, query: {}},
    ],
    [
      `${IMAGES}/Verify`,
      {clouds: ['a'], flags: {deep: true}},
      {id: 'start', body: {verb: 'verify', definitions: [], clouds: ['a'], flags: {deep: true}}},
    ],
    [
      `${IMAGES}/Rollback`,
      {make: {definitions: ['D'], clouds: ['a'], flags: {to: '1', reason: 'broken'}}},
      {id: 'makePlan', body: {verb: 'rollback', definitions: ['D'], clouds: ['a'], flags: {to: '1', reason: 'broken'}}},
    ],
    [
      `${IMAGES}/Rollback`,
      {approve: {plan: RUN, confirm: 'D'}},
      {id: 'start', body: {verb: 'rollback', plan: RUN, confirm: 'D'}},
    ],
    [
      `${IMAGES}/Hold`,
      {definitions: ['D'], clouds: ['a'], flags},
      {
        id: 'start',
        body: {
          verb: 'hold',
          definitions: ['D'],
          clouds: ['a'],
          flags: {until: '2027-01-01', reason: 'freeze', publicReason: true},
        },
      },
    ],
    [
      `${BUILDS}/Create`,
      {definitions: ['D'], flags: {rebuild: true}},
      {id: 'start', body: {verb: 'build', definitions: ['D'], clouds: [], flags: {rebuild: true}}},
    ],
    [`${BUILDS}/Get`, {id: RUN}, {id: 'run', params: {id: RUN}}],
    [
      `${BUILDS}/List`,
      {result: 'RUN_RESULT_FAILED', definition: 'D'},
      {id: 'runs', query: {verb: ['build'], result: 'failed', cloud: [], definition: 'D', limit: 100}},
    ],
    [`${BUILDS}/Cancel`, {id: RUN}, {id: 'cancel', params: {id: RUN}}],
    [`${BUILDS}/Delete`, {id: RUN, confirm: 'D'}, {id: 'deleteBuilds', params: {id: RUN}, body: {confirm: 'D'}}],
    [
      `${RUNS}/Start`,
      {verb: 'VERB_MANAGE', clouds: ['a'], manage: {build: false, jobs: 2}},
      {id: 'start', body: {verb: 'manage', definitions: [], clouds: ['a'], flags: {build: false, jobs: 2}}},
    ],
    [`${RUNS}/Start`, {verb: 'VERB_MANAGE', plan: RUN}, {id: 'start', body: {verb: 'manage', plan: RUN}}],
    [`${RUNS}/Get`, {id: RUN}, {id: 'run', params: {id: RUN}}],
    [
      `${RUNS}/List`,
      {verb: ['manage'], result: 'RUN_RESULT_RUNNING', before: RUN},
      {id: 'runs', query: {verb: ['manage'], result: 'running', cloud: [], before: RUN, limit: 100}},
    ],
    [`${RUNS}/Cancel`, {id: RUN}, {id: 'cancel', params: {id: RUN}}],
    [
      `${RUNS}/Log`,
      {id: RUN, log: 'errors', offset: 9},
      {id: 'log', params: {id: RUN}, query: {log: 'errors', offset: 9}},
    ],
  ])('%s %j is a call of the JSON interface, and its answer arrives', async (path, request, wanted) => {
    const {client, backend} = await opened();
    const response = await client.call(path, request, OPERATOR);
    expect(backend.asked.at(-1)).toMatchObject(wanted);
    expect(Object.keys(response)).not.toEqual([]);
  });

  it('every method that answers once is among these', () => {
    const names = [...METHODS.values()].filter(({service}) => service.startsWith('imgmgr.')).map(({name}) => name);
    expect(names.sort().join(' ')).toBe(
      'Cancel Cancel Create Delete Get Get Get Hold List List List Log Rollback Start Verify Watch',
    );
  });

  it('an answer has words as enums, moments as timestamps, open values as Value, and null as nothing', async () => {
    const {client, backend} = await opened();
    const {rows: [row] = []} = (await client.call(`${IMAGES}/List`, {}, OPERATOR)) as {
      readonly rows?: readonly Message[];
    };
    expect(row).toMatchObject({
      state: 'IMAGE_STATE_UNREACHABLE',
      red_on: {at: {seconds: 1_795_770_000, nanos: 250_000_000}},
    });
    backend.instead.runs = () => ({
      asOf: '2026-11-27T09:00:00Z',
      runs: [],
      more: false,
      command: 'x',
      offers: [
        {
          verb: 'manage',
          via: 'plans',
          definitions: [],
          clouds: [],
          flags: {jobs: 2},
          asks: [],
          command: 'y',
          refused: null,
        },
      ],
    });
    const {offers: [offer] = []} = (await client.call(`${RUNS}/List`, {}, OPERATOR)) as {
      readonly offers?: readonly Message[];
    };
    expect(offer).toEqual({
      verb: 'VERB_MANAGE',
      via: 'OFFER_VIA_PLANS',
      command: 'y',
      flags: {jobs: {number_value: 2}},
    });
  });

  it.each<[string, string, Message, RegExp]>([
    ['a rollback without a step', `${IMAGES}/Rollback`, {}, /has no step/],
    [
      'flags of another verb',
      `${RUNS}/Start`,
      {verb: 'VERB_MANAGE', clouds: ['a'], hold: {until: '2027-01-01'}},
      /the flags are those of hold/,
    ],
    ['a verb that starts nothing', `${RUNS}/Start`, {clouds: ['a']}, /verb|Invalid/],
    ['a value of a list that is not known', `${RUNS}/Start`, {verb: 99}, /verb has the value 99/],
    ['a negative event', `${RUNS}/Watch`, {id: RUN, after: -1}, /after is -1/],
  ])('%s is INVALID_ARGUMENT and asks the server nothing', async (_, path, request, message) => {
    const {client, backend} = await opened();
    const call = path.endsWith('Watch')
      ? once(client.stream(path, request, OPERATOR), 'data')
      : client.call(path, request, OPERATOR);
    const error = await failure(call);
    expect([error.code, error.details]).toEqual([status.INVALID_ARGUMENT, expect.stringMatching(message)]);
    expect(detailsOf(error)).toMatchObject({reason: 'USAGE', domain: 'imgmgr'});
    expect(backend.asked).toEqual([]);
  });

  it.each<[string, Buffer, RegExp]>([
    [
      'a field that is not known',
      Buffer.from([0x98, 0x06, 0x01]),
      /field 99 of .*ImageServiceVerifyRequest is not known/,
    ],
    ['one in a message of it', Buffer.from([0x1a, 0x02, 0x50, 0x01]), /field 10 of .*VerifyFlags is not known/],
    ['bytes that are no message', Buffer.from([0xff]), /is no imgmgr/],
    ['a length beyond its end', Buffer.from([0x12, 0x7f, 0x41]), /is no imgmgr/],
    ['a text that is a number', Buffer.from([0x10, 0x01]), /./],
  ])('%s is INVALID_ARGUMENT, never left undone', async (_, bytes, message) => {
    const {client} = await opened();
    const error = await failure(client.call(`${IMAGES}/Verify`, {}, {...OPERATOR, bytes}));
    expect([error.code, error.details]).toEqual([status.INVALID_ARGUMENT, expect.stringMatching(message)]);
  });

  it('more than 64 KiB are RESOURCE_EXHAUSTED, packed into less, too', async () => {
    const {client, api, backend} = await opened();
    const gzip = 2;
    const packing = new ApiClient(api.port, undefined, {'grpc.default_compression_algorithm': gzip});
    closings.push(() => packing.close());
    for (const one of [client, packing]) {
      const error = await failure(one.call(`${IMAGES}/Verify`, {definitions: ['x'.repeat(10_000_000)]}, OPERATOR));
      expect(error.code).toBe(status.RESOURCE_EXHAUSTED);
    }
    expect(backend.asked).toEqual([]);
    expect(await packing.call(`${IMAGES}/Verify`, {clouds: ['x'.repeat(1000)]}, OPERATOR)).toHaveProperty('started');
  });

  it('an error has our code, the hint and the run that is in the way in its details', async () => {
    const {client, backend} = await opened();
    backend.instead.start = () => {
      throw Object.assign(new ImgmgrError('CONFLICT', 'a run works on it: \ud800', {hint: 'wait for it'}), {run: RUN});
    };
    const error = await failure(client.call(`${RUNS}/Start`, {verb: 'VERB_MANAGE', clouds: ['a']}, OPERATOR));
    expect([error.code, error.details]).toEqual([status.ABORTED, 'a run works on it: \ufffd']);
    expect(detailsOf(error)).toEqual({reason: 'CONFLICT', domain: 'imgmgr', metadata: {hint: 'wait for it', run: RUN}});
  });

  it.each([
    ['a fault', () => Promise.reject(new Error('secret'))],
    ['an answer that is none', () => Promise.resolve({rows: 5})],
  ])('%s of the server is INTERNAL and says nothing of itself but to the log', async (_, instead) => {
    const {client, backend} = await opened();
    backend.instead.images = instead;
    const error = await failure(client.call(`${IMAGES}/List`, {}, OPERATOR));
    expect([error.code, error.details]).toEqual([status.INTERNAL, 'a fault of imgmgr']);
    expect(backend.faults).toEqual([expect.stringMatching(/^\/imgmgr\.api\.v1\.ImageService\/List: \w*Error: /)]);
  });

  it('a run that built nothing is no build', async () => {
    const {client, backend} = await opened();
    backend.instead.run = () => ({run: {verb: 'manage'}, builds: []});
    for (const name of ['Get', 'Cancel'])
      expect((await failure(client.call(`${BUILDS}/${name}`, {id: RUN}, OPERATOR))).code).toBe(status.NOT_FOUND);
    expect(backend.asked.map(({id}) => id)).toEqual(['run', 'run']);
  });

  it.each([
    ['AUTH', 401, status.UNAUTHENTICATED],
    ['AUTH', 409, status.FAILED_PRECONDITION],
    ['FORBIDDEN', 403, status.PERMISSION_DENIED],
    ['FORBIDDEN', 409, status.FAILED_PRECONDITION],
    ['NOT_FOUND', 404, status.NOT_FOUND],
    ['NOT_FOUND', 409, status.FAILED_PRECONDITION],
  ] as const)(
    '%s with the HTTP status %d is %d: what a cloud refuses is no verdict on the caller',
    async (code, http, wanted) => {
      const {client, backend} = await opened();
      backend.instead.run = () => {
        throw new CallError(http, {code, message: 'no'});
      };
      const error = await failure(client.call(`${RUNS}/Get`, {id: RUN}, OPERATOR));
      expect([error.code, detailsOf(error)['reason']]).toEqual([wanted, code]);
    },
  );

  it('an AUTH that a cloud answered is FAILED_PRECONDITION', async () => {
    const {client, backend} = await opened();
    backend.instead.images = () => Promise.reject(new ImgmgrError('AUTH', 'the cloud refused the login'));
    const error = await failure(client.call(`${IMAGES}/List`, {}, OPERATOR));
    expect([error.code, detailsOf(error)['reason']]).toEqual([status.FAILED_PRECONDITION, 'AUTH']);
  });

  it('a deadline ends a call, and the server is told', async () => {
    const {client, backend} = await opened();
    let told: AbortSignal | undefined;
    backend.instead.images = ({signal}) => {
      told = signal;
      return new Promise(() => undefined);
    };
    const error = await failure(client.call(`${IMAGES}/List`, {}, {...OPERATOR, deadlineMs: 200}));
    expect(error.code).toBe(status.DEADLINE_EXCEEDED);
    await expect.poll(() => told?.aborted).toBe(true);
  });

  it('a call without a deadline ends, too', async () => {
    const {client, backend} = await opened({longestMs: 50});
    backend.instead.images = () => new Promise(() => undefined);
    const error = await failure(client.call(`${IMAGES}/List`, {}, OPERATOR));
    expect([error.code, detailsOf(error)['reason']]).toEqual([status.DEADLINE_EXCEEDED, 'TIMEOUT']);
  });

  it('every code of ours has the one of gRPC that docs/api.md names', async () => {
    const page = await readFile(new URL('../../../docs/api.md', import.meta.url), 'utf8');
    const rows = [...page.matchAll(/^\| ([A-Z_, ]+|others) +\| ([A-Z_]+) +\|$/gm)];
    const named = rows.flatMap(([, ours = '', grpc = '']) =>
      ours
        .trim()
        .split(', ')
        .map((code) => [code, grpc] as const),
    );
    const table = new Map<string, string>(named);
    const wanted = Object.keys(GRPC_CODES).map((code) => [code, table.get(code) ?? table.get('others')]);
    expect(Object.entries(GRPC_CODES).map(([code, grpc]) => [code, status[grpc]])).toEqual(wanted);
    expect(table.size).toBeGreaterThan(15);
  });
});

describe('access', () => {
  const READING = ['List', 'Get', 'Log', 'Watch'];
  const paths = [...METHODS].filter(([path]) => path.startsWith('/imgmgr.'));

  it.each(paths)(
    '%s takes no call without a token, with a wrong one, or with the role metrics',
    async (path, {responseStream}) => {
      const {client, backend} = await opened();
      const call = (options: CallOptions): Promise<unknown> =>
        responseStream ? once(client.stream(path, {id: RUN}, options), 'data') : client.call(path, {make: {}}, options);
      for (const options of [{}, {token: 'wrong'}])
        expect((await failure(call(options))).code).toBe(status.UNAUTHENTICATED);
      expect(backend.asked).toEqual([]);
    },
  );

  it.each(paths.filter(([, {name}]) => !READING.includes(name)))('%s is for operators', async (path) => {
    const {client, backend} = await opened();
    const request = path.endsWith('Rollback') ? {approve: {plan: RUN}} : /Cancel|Delete/.test(path) ? {id: RUN} : {};
    const error = await failure(client.call(path, request, {token: TOKENS.viewer}));
    expect([error.code, detailsOf(error)['reason']]).toEqual([status.PERMISSION_DENIED, 'FORBIDDEN']);
    expect(backend.asked.filter(({id}) => ['start', 'cancel', 'makePlan', 'deleteBuilds'].includes(id))).toEqual([]);
  });

  it('a call whose message does not come is ended', async () => {
    const {api} = await opened({messageMs: 50});
    const session = http2(api.port);
    const request = session.request(grpcHeaders(`${IMAGES}/List`, TOKENS.viewer));
    const [headers] = (await once(request, 'response')) as [Record<string, string>];
    expect(headers['grpc-status']).toBe(String(status.DEADLINE_EXCEEDED));
  });
});

function http2(port: number): ClientHttp2Session {
  const session = connectHttp2(`http://localhost:${port}`);
  session.on('error', () => undefined);
  closings.push(() => session.destroy());
  return session;
}

function grpcHeaders(path: string, token: string): Record<string, string> {
  return {
    ...{':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers'},
    authorization: `Bearer ${token}`,
  };
}

describe('Watch', () => {
  it('has every event in order and the end, from the first or behind one', async () => {
    const {client} = await opened();
    const {messages, error} = await watched(client, {id: RUN});
    expect(error).toBeUndefined();
    expect(messages.map((message) => Object.keys(message)[0])).toEqual(['event', 'event', 'event', 'end']);
    expect(messages[0]).toMatchObject({
      event: {
        ...{run: RUN, seq: 1, type: 'progress', at: {seconds: 1_795_770_000, nanos: 250_000_000}},
        fields: {
          fields: {
            ok: {bool_value: true},
            nothing: {null_value: 'NULL_VALUE'},
            list: {list_value: {values: [{number_value: 1}, {string_value: 'two'}]}},
            half: {string_value: '\ufffd'},
          },
        },
      },
    });
    const later = await watched(client, {id: RUN, after: 2});
    expect(later.messages.map(({event}) => (event as Message | undefined)?.['seq'])).toEqual([3, undefined]);
  });

  it('of a run that is not there is NOT_FOUND', async () => {
    const {client} = await opened();
    const {error} = await watched(client, {id: '../x'});
    expect(error?.code).toBe(status.NOT_FOUND);
  });

  it('a client that reads nothing makes the server read no more events, and loses the watch', async () => {
    const {api, backend} = await opened({unreadMs: 500});
    backend.events = Infinity;
    // The client of grpc-js reads ahead without limits.
    const stream = http2(api.port).request(grpcHeaders(`${RUNS}/Watch`, TOKENS.viewer));
    const message = codecOf('imgmgr.api.v1.RunServiceWatchRequest').serialize({id: RUN});
    stream.end(Buffer.concat([Buffer.from([0, 0, 0, 0, message.length]), message]));
    await once(stream, 'response');
    let last = -1;
    await expect.poll(() => backend.read > 0 && last === (last = backend.read)).toBe(true);
    const read = backend.read;
    await new Promise((resolve) => setTimeout(resolve, 1000));
    stream.resume();
    const [trailers] = (await once(stream, 'trailers')) as [Record<string, string>];
    expect(trailers['grpc-status']).toBe(String(status.RESOURCE_EXHAUSTED));
    expect(trailers['grpc-message']).toContain('nothing%20was%20read');
    expect([backend.read, read < 200]).toEqual([read, true]);
  });

  it('ends when its client goes, when its deadline passes, and when its token is removed', async () => {
    const {client, backend} = await opened({tokenMs: 30});
    backend.events = Infinity;
    const stopped = async (): Promise<void> => {
      let read = -1;
      await expect.poll(() => read === (read = backend.read)).toBe(true);
    };
    const stream = client.stream(`${RUNS}/Watch`, {id: RUN}, {token: TOKENS.viewer});
    stream.on('error', () => undefined);
    await once(stream, 'data');
    stream.cancel();
    await stopped();
    const late = await watched(client, {id: RUN}, {token: TOKENS.viewer, deadlineMs: 300});
    expect(late.error?.code).toBe(status.DEADLINE_EXCEEDED);
    await stopped();
    setTimeout(() => backend.removed.add('viewer'), 100);
    const removed = await watched(client, {id: RUN});
    expect(removed.error?.code).toBe(status.UNAUTHENTICATED);
    await stopped();
  });
});

describe('health and reflection', () => {
  const HEALTH = '/grpc.health.v1.Health';
  it('health needs no token, says SERVING of each service, and NOT_SERVING when the server ends', async () => {
    const {client, api} = await opened();
    for (const service of ['', 'imgmgr.api.v1.ImageService', 'imgmgr.api.v1.BuildService', 'imgmgr.api.v1.RunService'])
      expect(await client.call(`${HEALTH}/Check`, {service})).toEqual({status: 'SERVING'});
    expect((await failure(client.call(`${HEALTH}/Check`, {service: 'x'}))).code).toBe(status.NOT_FOUND);
    expect(Object.keys((await client.call(`${HEALTH}/List`))['statuses'] as object)).toHaveLength(4);
    const stream = client.stream(`${HEALTH}/Watch`);
    stream.on('error', () => undefined);
    expect(await once(stream, 'data')).toEqual([{status: 'SERVING'}]);
    const next = once(stream, 'data');
    await api.close(1000);
    expect(await next).toEqual([{status: 'NOT_SERVING'}]);
  });

  it('watchers of health are limited', async () => {
    const {client, api} = await opened();
    const apart = new ApiClient(api.port, undefined, {'grpc.use_local_subchannel_pool': 1});
    closings.push(() => apart.close());
    const watch = async (by: ApiClient): Promise<() => void> => {
      const stream = by.stream(`${HEALTH}/Watch`);
      await once(stream, 'data');
      stream.on('error', () => undefined);
      return () => stream.cancel();
    };
    const [stop] = await Promise.all(Array.from({length: 100}, () => watch(client)));
    expect((await failure(watch(apart))).code).toBe(status.RESOURCE_EXHAUSTED);
    stop?.();
    await expect
      .poll(() =>
        watch(apart).then(
          () => true,
          () => false,
        ),
      )
      .toBe(true);
  });

  it('reflection needs a token and gives each file with those that it imports', async () => {
    const {client} = await opened();
    const path = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo';
    const ask = async (request: Message, options: CallOptions = {token: TOKENS.metrics}): Promise<Message> => {
      const stream = client.both(path, options);
      const answer = once(stream, 'data');
      stream.write(request);
      stream.end();
      return ((await answer) as [Message])[0];
    };
    expect((await failure(ask({list_services: ''}, {}))).code).toBe(status.UNAUTHENTICATED);
    const {list_services_response: list} = await ask({list_services: '*'});
    expect((list as {service: object[]}).service).toHaveLength(5);
    for (const request of [
      {file_by_filename: 'imgmgr/api/v1/build_service.proto'},
      {file_containing_symbol: 'imgmgr.api.v1.BuildService.Create'},
      {file_containing_symbol: 'imgmgr.api.v1.BuildServiceGetRequest.id'},
    ]) {
      const {file_descriptor_response: found} = await ask(request);
      const files = (found as {file_descriptor_proto: Buffer[]}).file_descriptor_proto;
      expect(files[0]?.toString('base64')).toBe(FILES['imgmgr/api/v1/build_service.proto']?.bytes);
      expect(files).toHaveLength(5);
    }
    for (const [request, code] of [
      [{file_by_filename: '../../etc/passwd'}, status.NOT_FOUND],
      [{file_by_filename: 'toString'}, status.NOT_FOUND],
      [{file_containing_symbol: '....'}, status.NOT_FOUND],
      [{all_extension_numbers_of_type: 'x'}, status.UNIMPLEMENTED],
    ] as const)
      expect(await ask(request)).toMatchObject({error_response: {error_code: code}});
  });
});

describe('connections', () => {
  it('with TLS are taken with TLS alone, and with the newest certificate', async () => {
    const [first, second] = [makeIdentity(['localhost']), makeIdentity(['localhost'])];
    const toApi = ({certificate, key}: typeof first) => ({cert: certificate, key});
    const api = await openApi({
      backend: new MemoryBackend(),
      host: '127.0.0.1',
      port: 0,
      flag: '--grpc-listen',
      certificate: toApi(first),
    });
    closings.push(() => api.close(0));
    const list = (certificate?: string): Promise<Message> => {
      const secure =
        certificate === undefined ? credentials.createInsecure() : credentials.createSsl(Buffer.from(certificate));
      return clientOf(api.port, secure).call(`${IMAGES}/List`, {}, {...OPERATOR, deadlineMs: 30_000});
    };
    expect(await list(first.certificate)).toHaveProperty('rows');
    api.renew(toApi(second));
    expect(await list(second.certificate)).toHaveProperty('rows');
    expect((await failure(list(first.certificate))).code).toBe(status.UNAVAILABLE);
    expect((await failure(list())).code).toBe(status.UNAVAILABLE);
  });

  it('that ping too often are ended; those that are sent data meanwhile are not', async () => {
    const {api} = await opened({pings: {minMs: 60_000, strikes: 2}});
    const session = http2(api.port);
    await once(session, 'connect');
    const goaway = once(session, 'goaway') as Promise<[number, number, Buffer]>;
    const pings = Array.from({length: 4}, () => new Promise<void>((resolve) => void session.ping(() => resolve())));
    const [code, , reason] = await goaway;
    expect([code, reason.toString()]).toEqual([11, 'too_many_pings']);
    await Promise.all(pings);
    const other = http2(api.port);
    await once(other, 'connect');
    for (let count = 0; count < 6; count++) {
      const request = other.request(grpcHeaders(`${IMAGES}/List`, 'wrong'));
      request.on('error', () => undefined);
      await once(request, 'response');
      await new Promise<void>((resolve) => void other.ping(() => resolve()));
    }
    expect(other.destroyed).toBe(false);
  });

  it('end when they are old enough', async () => {
    const {api} = await opened({ageMs: 100, ageGraceMs: 100});
    const session = http2(api.port);
    await once(session, 'close');
    expect(session.destroyed).toBe(true);
  });

  it('beyond the limit are refused', async () => {
    const {api} = await opened({connections: 1});
    const session = http2(api.port);
    await once(session, 'connect');
    await new Promise<void>((resolve) => void session.ping(() => resolve()));
    const socket = connect(api.port, '127.0.0.1');
    socket.on('error', () => undefined);
    await once(socket, 'close');
    expect(session.destroyed).toBe(false);
  });

  it('garbage ends its own connection alone', async () => {
    const {api, client} = await opened();
    const socket = connect(api.port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.end('GET / HTTP/1.1\r\n\r\n');
    socket.resume();
    await once(socket, 'close');
    expect(await client.call(`${IMAGES}/List`, {}, OPERATOR)).toHaveProperty('rows');
  });

  it('an address that is taken is USAGE, with the flag to change', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    closings.push(() => void other.close());
    const {port} = other.address() as AddressInfo;
    const flag = '--grpc-listen';
    const taken = await failure(
      openApi({backend: new MemoryBackend(), host: '127.0.0.1', port, flag, certificate: undefined}),
    );
    expect(taken).toMatchObject({
      code: 'USAGE',
      message: `--grpc-listen 127.0.0.1:${port} is taken by another process`,
      hint: 'name another address or port: --grpc-listen HOST:PORT',
    });
  });
});

it('a codec refuses a list where a message is', () => {
  expect(() => codecOf('imgmgr.api.v1.Run').serialize([])).toThrow();
});
