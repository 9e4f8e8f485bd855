import {Readable} from 'node:stream';
import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import type {ImgmgrError} from '../../../src/errors.ts';
import {runningClock} from '../../fakes/clock.ts';
import {startFakeCloud} from '../../fakes/fake-cloud.ts';
import type {FakeCloud, FakeCloudOptions} from '../../fakes/fake-cloud.ts';
import {connect} from './fake.ts';
import type {Connected} from './fake.ts';

const SCOPE = {type: 'project', project: {name: 'admin', domain: {name: 'Default'}}} as const;

let fake: FakeCloud;
let connected: Connected;
let passed = 0;

beforeEach(async () => {
  await start();
});

afterEach(stop);

async function start(options: FakeCloudOptions = {}, more: Parameters<typeof connect>[1] = {}): Promise<void> {
  passed = 0;
  fake = await startFakeCloud({clock: runningClock(), ...options});
  connected = connect(fake, {monotonic: () => passed + performance.now(), ...more});
}

async function stop(): Promise<void> {
  await connected.store.close();
  await fake.close();
}

async function restart(options: FakeCloudOptions, more: Parameters<typeof connect>[1] = {}): Promise<void> {
  await stop();
  await start(options, more);
}

function pass(seconds: number): void {
  passed += seconds * 1000;
  fake.clock.advance(seconds * 1000);
}

function logins(): number {
  return fake.requests.filter(({service}) => service === 'identity').length;
}

async function failure(work: Promise<unknown>): Promise<ImgmgrError> {
  return (await work.catch((reason: unknown) => reason)) as ImgmgrError;
}

describe('one login', () => {
  test('serves everything, also what starts at the same time', async () => {
    const {store, servers} = connected;
    await Promise.all([
      store.listTagged('a'),
      store.account(),
      servers.imageUses({ids: ['x']}),
      store.listNamed(['n']),
    ]);
    expect(logins()).toBe(1);
    expect(connected.exchanges.map(({method}) => method)).toEqual(['POST', 'GET', 'GET', 'GET', 'GET', 'GET', 'GET']);
  });

  test('that failed is tried anew by the next who asks', async () => {
    const down = fake.misbehave('keystoneDown');
    expect((await failure(connected.store.account())).code).toBe('UNAVAILABLE');
    down.stop();
    expect((await connected.store.account()).projectName).toBe('admin');
  });

  test('for no project is CONFIG where a project is needed', async () => {
    const {createServer} = await import('node:http');
    const server = createServer((_, response) => {
      response.writeHead(201, {'X-Subject-Token': 't', 'Content-Type': 'application/json'});
      const token = {
        issued_at: '2026-01-31T10:00:00Z',
        expires_at: '2026-01-31T11:00:00Z',
        user: {id: 'u', name: 'u'},
        roles: [],
        catalog: [],
      };
      response.end(JSON.stringify({token}));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const authUrl = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
    const system = connect(fake, {auth: {type: 'token', authUrl, token: 't', scope: {type: 'system'}}});
    expect(await failure(system.store.account())).toMatchObject({
      code: 'CONFIG',
      hint: expect.stringContaining('project_name') as unknown,
    });
    await system.store.close();
    server.close();
  });
});

describe('the token', () => {
  test('is renewed shortly before it expires, without a 401', async () => {
    await connected.store.listTagged('a');
    pass(3600 - 30);
    await connected.store.listTagged('a');
    expect(logins()).toBe(2);
    expect(connected.exchanges.every(({status}) => status === 200 || status === 201)).toBe(true);
  });

  test('is kept as long as it lives long enough', async () => {
    await connected.store.listTagged('a');
    pass(3000);
    await connected.store.listTagged('a');
    expect(logins()).toBe(1);
  });

  test('that is refused is renewed once, for all who were refused at the same time', async () => {
    await connected.store.account();
    fake.misbehave('tokenRevoked', {times: 2, match: {method: 'GET'}});
    await connected.store.listTagged('a');
    expect(logins()).toBe(2);
    expect(connected.exchanges.filter(({status}) => status === 401)).toHaveLength(2);
  });

  test('that is refused again after its renewal is AUTH', async () => {
    fake.misbehave('tokenRevoked', {times: Infinity});
    expect((await failure(connected.store.get('x'))).code).toBe('AUTH');
    expect(logins()).toBe(2);
  });

  test('is renewed in the middle of a listing of several pages', async () => {
    fake.seedImages(1500, {tags: ['many']});
    fake.misbehave('tokenRevoked', {after: 2, match: {method: 'GET'}});
    expect(await connected.store.listTagged('many')).toHaveLength(1500);
    expect(logins()).toBe(2);
  });

  test('needs more life for a stream than for a call', async () => {
    const {id} = await connected.store.create({name: 'n', osHidden: true, diskFormat: 'raw', tags: [], properties: {}});
    pass(3600 - 200);
    await connected.store.get(id);
    expect(logins()).toBe(1);
    await connected.store.upload({id, bytes: Readable.from([Buffer.from('x')]), size: 1});
    expect(logins()).toBe(2);
  });

  test('of short life is renewed at half of it before a stream', async () => {
    await restart({tokenSeconds: 60});
    const {id} = await connected.store.create({name: 'n', osHidden: true, diskFormat: 'raw', tags: [], properties: {}});
    pass(20);
    await connected.store.get(id);
    expect(logins()).toBe(1);
    pass(15);
    await connected.store.stage({id, bytes: Readable.from([Buffer.from('x')]), size: 1});
    expect(logins()).toBe(2);
  });

  test('refused at a stream is a fault that may be tried again, and is renewed already', async () => {
    const {id} = await connected.store.create({name: 'n', osHidden: true, diskFormat: 'raw', tags: [], properties: {}});
    fake.misbehave('tokenRevoked', {match: {method: 'PUT'}});
    const error = await failure(connected.store.upload({id, bytes: Readable.from([Buffer.from('x')]), size: 1}));
    expect(error).toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('cannot be sent twice') as unknown,
    });
    await connected.store.upload({id, bytes: Readable.from([Buffer.from('x')]), size: 1});
    expect((await connected.store.get(id))?.status).toBe('active');
    expect(logins()).toBe(2);
  });

  test('given by the user cannot be renewed, and the error says so', async () => {
    const auth = {type: 'token', authUrl: fake.authUrl, token: fake.token(), scope: SCOPE} as const;
    const {store, exchanges} = connect(fake, {auth});
    await store.listTagged('a');
    fake.misbehave('tokenRevoked', {times: Infinity});
    expect(await failure(store.get('x'))).toMatchObject({
      code: 'AUTH',
      hint: expect.stringContaining('cannot be renewed') as unknown,
    });
    expect(exchanges.filter(({method}) => method === 'POST')).toHaveLength(1);
    await store.close();
  });

  test('is in no exchange and no error', async () => {
    const token = fake.token();
    const {store, exchanges} = connect(fake, {auth: {type: 'token', authUrl: fake.authUrl, token, scope: SCOPE}});
    fake.misbehave('glance500', {times: Infinity});
    const error = await failure(store.setActive('x', true));
    const inside = JSON.stringify([
      exchanges,
      error.message,
      error.hint,
      error.place,
      Object.entries(error.cause as object),
    ]);
    expect(inside).not.toContain('gAAAA');
    await store.close();
  });
});

describe('the endpoint', () => {
  test('that the catalog lacks is CONFIG', async () => {
    await restart({imageService: false});
    expect(await failure(connected.store.listTagged('a'))).toMatchObject({
      code: 'CONFIG',
      hint: expect.stringContaining('no image service') as unknown,
    });
  });

  test('of another region is CONFIG that names the region there is', async () => {
    await restart({}, {region: 'Nowhere'});
    expect(await failure(connected.store.listTagged('a'))).toMatchObject({
      code: 'CONFIG',
      hint: expect.stringContaining("'RegionOne'") as unknown,
    });
  });

  test('that is no address is CONFIG', async () => {
    fake.misbehave('brokenEndpointInCatalog');
    expect(await failure(connected.store.listTagged('a'))).toMatchObject({
      code: 'CONFIG',
      message: expect.stringContaining('%(public_host)s') as unknown,
    });
  });

  test('that leads to something else than Glance is PROTOCOL with what to correct', async () => {
    const {store} = connect(fake, {endpointOverrides: {image: `${fake.url}/compute`}});
    expect(await failure(store.listTagged('a'))).toMatchObject({
      code: 'PROTOCOL',
      hint: expect.stringContaining('image_endpoint_override') as unknown,
    });
    await store.close();
  });

  test('of clouds.yaml wins over the catalog, with or without its version', async () => {
    for (const tail of ['', '/', '/v2', '/v2.15/']) {
      const {store} = connect(fake, {region: 'Nowhere', endpointOverrides: {image: `${fake.imageUrl}${tail}`}});
      expect(await store.listTagged('a')).toEqual([]);
      await store.close();
    }
  });
});
