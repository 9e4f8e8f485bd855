import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import type {ServerNeeds, ServerRequest, ServerStamp, TestServerHost} from '../../../src/ports/test-server-host.ts';
import type {Image} from '../../../src/core/image/image.ts';
import type {ImgmgrError} from '../../../src/errors.ts';
import {thisHost} from '../../../src/openstack/test-servers/callback.ts';
import {startFakeCloud} from '../../fakes/fake-cloud.ts';
import type {FakeCloud, FakeCloudOptions} from '../../fakes/fake-cloud.ts';
import type {ImageRecord} from '../../fakes/glance/image-table.ts';
import {connect} from './fake.ts';
import type {Connected} from './fake.ts';

const STAMP: ServerStamp = {
  run: '6f1f3c1e-0000-4000-8000-000000000001',
  image: '6f1f3c1e-0000-4000-8000-000000000002',
  expires: '2026-01-31T10:00:00.000Z',
  holder: 'host 6f1f3c1e-0000-4000-8000-000000000003 4711 123456',
};
const GIB = 2 ** 30;

let fake: FakeCloud;
let connected: Connected;
let tests: TestServerHost;
let passed = 0;

beforeEach(() => start());
afterEach(stop);

async function start(options: FakeCloudOptions = {}, more: Parameters<typeof connect>[1] = {}): Promise<void> {
  passed = 0;
  fake = await startFakeCloud(options);
  connected = connect(fake, {
    monotonic: () => performance.now() + passed,
    sleep: (ms, signal) => {
      passed += ms;
      signal?.throwIfAborted();
      return new Promise((resolve) => setImmediate(resolve));
    },
    removalMs: 120_000,
    ...more,
  });
  ({tests} = connected);
}

async function stop(): Promise<void> {
  await connected.store.close();
  await fake.close();
}

async function restart(...args: Parameters<typeof start>): Promise<void> {
  await stop();
  await start(...args);
}

async function failure(work: Promise<unknown>): Promise<ImgmgrError> {
  return (await work.then(() => new Error('it did not fail')).catch((reason: unknown) => reason)) as ImgmgrError;
}

async function seeded(fields: Partial<ImageRecord> = {}): Promise<Image> {
  const {id} = fake.seed({name: 'i', disk_format: 'raw', min_disk: 1, ...fields});
  const image = await connected.store.get(id);
  if (image === undefined) throw new Error('the image is not there');
  return image;
}

async function request(change: Partial<ServerRequest> = {}, needs: Partial<ServerNeeds> = {}): Promise<ServerRequest> {
  const image = change.image ?? (await seeded());
  return {
    name: 'imgmgr-test',
    stamp: STAMP,
    image,
    place: await tests.place({image, ...needs}),
    datasource: 'metadata',
    userData: (interfaces) => JSON.stringify(interfaces),
    signal: new AbortController().signal,
    ...change,
  };
}

/** What of ours is in the cloud. */
function things(): Record<string, number> {
  const {servers, ports, volumes, groups} = fake.compute;
  const ours = groups.filter(({name}) => name !== 'default');
  return {servers: servers.length, ports: ports.length, volumes: volumes.length, groups: ours.length};
}

const NOTHING = {servers: 0, ports: 0, volumes: 0, groups: 0};

function texts(reason: string): unknown {
  return expect.stringContaining(reason) as unknown;
}

describe('ability', () => {
  test('is there with compute, network and the rights, and asking changes nothing', async () => {
    expect(await tests.ability()).toEqual({kind: 'able'});
    expect(things()).toEqual(NOTHING);
  });

  test('asked with reads only sends no write, and may miss a right that is lacking', async () => {
    fake.compute.forbidden = ['servers'];
    const before = fake.requests.length;
    expect(await tests.ability({readsOnly: true})).toEqual({kind: 'able'});
    const methods = fake.requests.slice(before).filter(({path}) => !path.endsWith('/auth/tokens'));
    expect(methods.filter(({method}) => method !== 'GET')).toEqual([]);
  });

  test('is not there without a compute or a network service', async () => {
    await restart({computeService: false});
    expect(await tests.ability()).toEqual({kind: 'no-service', reason: texts('no compute service')});
    await restart({networkService: false});
    expect(await tests.ability()).toEqual({kind: 'no-service', reason: texts('no network service')});
  });

  test.each([
    ['servers', 'may not create servers'],
    ['ports', 'may not create network ports'],
    ['networks', 'may not create network ports'],
  ] as const)('is forbidden where policy refuses %s', async (what, reason) => {
    fake.compute.forbidden = [what];
    expect(await tests.ability()).toEqual({kind: 'forbidden', reason: texts(reason)});
  });

  test('is an error, never a guess, where a service does not answer', async () => {
    fake.misbehave('unreachableCompute');
    expect(await failure(tests.ability())).toMatchObject({code: 'UNAVAILABLE'});
  });
});

describe('the place', () => {
  test('is the smallest flavor that fits by disk, then RAM, and the only own network', async () => {
    const place = await tests.place({image: await seeded({min_disk: 2})});
    expect(place).toEqual({
      flavor: {id: 'f-tiny', name: 'tiny', vcpus: 1, ramMib: 512, diskGib: 5},
      network: {id: 'n-own', name: 'net'},
      diskBytes: 5 * GIB,
      datasources: ['metadata', 'config-drive'],
    });
  });

  test.each([
    [{min_disk: 6}, 'small'],
    [{min_disk: 1, virtual_size: 7 * GIB}, 'small'],
    [{min_ram: 600}, 'small'],
    [{min_disk: 11}, 'diskless'],
  ])('takes min_disk, virtual size and min_ram into account: %j → %s', async (fields, name) => {
    expect((await tests.place({image: await seeded(fields)})).flavor.name).toBe(name);
  });

  test('leaves out flavors of another architecture and special hardware', async () => {
    fake.compute.flavors.push(
      {id: 'a', name: 'arm', vcpus: 1, ram: 512, disk: 1, extra_specs: {'trait:HW_ARCH_AARCH64': 'required'}},
      {id: 'b', name: 'metal', vcpus: 1, ram: 512, disk: 1, extra_specs: {'resources:CUSTOM_METAL': '1'}},
    );
    const intel = await seeded({properties: {architecture: 'x86_64'}});
    expect((await tests.place({image: intel})).flavor.name).toBe('tiny');
    const arm = await seeded({properties: {architecture: 'aarch64'}});
    expect((await tests.place({image: arm})).flavor.name).toBe('arm');
  });

  test('is found on a Nova that does not tell extra specs', async () => {
    fake.compute.old = true;
    expect((await tests.place({image: await seeded()})).flavor.name).toBe('tiny');
  });

  test('needs block storage for a flavor without a disk', async () => {
    await restart({volumeService: false});
    const image = await seeded({min_disk: 11});
    expect(await failure(tests.place({image}))).toMatchObject({code: 'UNSUPPORTED', message: texts('11 GiB')});
    expect(await failure(tests.place({image, flavor: 'diskless'}))).toMatchObject({code: 'UNSUPPORTED'});
  });

  test('has the named flavor by id or name, or says what is wrong with it', async () => {
    const image = await seeded({min_disk: 6});
    for (const flavor of ['small', 'f-small']) expect((await tests.place({image, flavor})).flavor.id).toBe('f-small');
    const diskless = await tests.place({image, flavor: 'diskless'});
    expect([diskless.flavor.diskGib, diskless.diskBytes]).toEqual([0, 6 * GIB]);
    expect(await failure(tests.place({image, flavor: 'huge'}))).toMatchObject({code: 'NOT_FOUND', hint: texts('tiny')});
    expect(await failure(tests.place({image, flavor: 'tiny'}))).toMatchObject({
      code: 'UNSUPPORTED',
      message: texts('5 GiB, the image needs 6'),
    });
  });

  test('is beyond the quota when the project has no room', async () => {
    fake.compute.instanceQuota = 0;
    expect(await failure(tests.place({image: await seeded()}))).toMatchObject({
      code: 'QUOTA',
      message: texts('0 of 0'),
    });
  });

  test('falls back to the only shared network, not to an external one or one without a subnet', async () => {
    const [projectId, cidrs] = ['other', ['198.51.100.0/24']];
    fake.compute.networks.splice(
      0,
      1,
      {id: 'n-bare', name: 'bare', projectId: fake.accounts.admin.projectId, cidrs: []},
      {id: 'n-out', name: 'out', projectId, cidrs, external: true, shared: true},
      {id: 'n-shared', name: 'shared', projectId, cidrs, shared: true},
      {id: 'n-foreign', name: 'foreign', projectId, cidrs},
    );
    const image = await seeded();
    expect((await tests.place({image})).network.id).toBe('n-shared');
    expect((await tests.place({image, network: 'out'})).network.id).toBe('n-out');
    expect(await failure(tests.place({image, network: 'bare'}))).toMatchObject({code: 'UNSUPPORTED'});
    expect(await failure(tests.place({image, network: 'no'}))).toMatchObject({
      code: 'NOT_FOUND',
      hint: texts('shared'),
    });
    fake.compute.networks.push({id: 'n-two', name: 'two', projectId, cidrs, shared: true});
    expect(await failure(tests.place({image}))).toMatchObject({
      code: 'UNSUPPORTED',
      message: texts('shared (n-shared), two (n-two)'),
      hint: texts('--network'),
    });
    fake.compute.networks.push({id: 'n-three', name: 'two', projectId, cidrs, shared: true});
    expect(await failure(tests.place({image, network: 'two'}))).toMatchObject({message: texts('n-two, n-three')});
  });
});

describe('the callback', () => {
  const own = (all: string[], routed?: string): object => ({
    own: {all: () => all, towards: () => Promise.resolve(routed)},
  });

  test.each([
    [['10.0.0.1', '203.0.113.7'], '10.0.0.1', {host: '203.0.113.7', bind: '203.0.113.7'}],
    [['10.0.0.1'], '10.0.0.1', {host: '10.0.0.1', bind: '0.0.0.0'}],
    [[], '2001:db8::1', {host: '2001:db8::1', bind: '::'}],
  ])('of a host with %j that reaches the cloud from %s is %j', async (all, routed, callback) => {
    await restart({}, own(all, routed));
    expect(await tests.callback(await tests.place({image: await seeded()}))).toEqual(callback);
  });

  test.each(['127.0.0.1', '::1', undefined])('that would be %s is UNSUPPORTED', async (routed) => {
    await restart({}, own([], routed));
    const error = await failure(tests.callback(await tests.place({image: await seeded()})));
    expect(error).toMatchObject({code: 'UNSUPPORTED', hint: texts('--advertise')});
  });

  test('of this very host, whose cloud is on it, is UNSUPPORTED', async () => {
    await restart({}, {own: {...thisHost, all: () => []}});
    expect(await failure(tests.callback(await tests.place({image: await seeded()})))).toMatchObject({
      code: 'UNSUPPORTED',
      message: texts('127.0.0.1'),
    });
  });
});

describe('a start', () => {
  test('stamps port and server in their create calls and hands over what the guest needs', async () => {
    const server = await tests.start(await request({datasource: 'config-drive'}));
    const [port] = fake.compute.ports;
    expect(port).toMatchObject({device: server.id, description: texts(STAMP.run)});
    expect(port?.name).toMatch(/^imgmgr-/);
    expect(server).toEqual({
      id: server.id,
      name: 'imgmgr-test',
      port: port?.id,
      interfaces: [{mac: port?.mac, addresses: port?.addresses}],
    });
    const [made] = fake.compute.servers;
    expect(made).toMatchObject({
      configDrive: true,
      metadata: {imgmgr_run: STAMP.run, imgmgr_image: STAMP.image, imgmgr_expires: STAMP.expires},
      userData: Buffer.from(JSON.stringify(server.interfaces)).toString('base64'),
    });
    expect(await tests.leftovers()).toMatchObject([
      {kind: 'server', id: server.id, stamp: STAMP},
      {kind: 'port', id: port?.id, stamp: STAMP},
    ]);
    await tests.remove(server);
    expect(things()).toEqual(NOTHING);
  });

  test('of a flavor without a disk makes a volume, and all of it goes', async () => {
    const server = await tests.start(await request({}, {flavor: 'diskless'}));
    expect(fake.compute.volumes).toMatchObject([
      {id: server.volume, status: 'in-use', metadata: {imgmgr_run: STAMP.run}},
    ]);
    expect(fake.compute.servers[0]).toMatchObject({volumeId: server.volume});
    expect((await tests.leftovers()).map(({kind}) => kind)).toEqual(['server', 'port', 'volume']);
    await tests.remove(server);
    expect(things()).toEqual(NOTHING);
  });

  test.each([
    ['refuses images as root for the flavor', 'flavor'],
    ['refuses images as root by a policy', 'policy'],
    ['allows no disk on its hosts', 'local-devices'],
  ] as const)('R7: whose flavor has a disk, where Nova %s, is tried again from a volume', async (_, volumesOnly) => {
    fake.compute.volumesOnly = volumesOnly;
    const wanted = await request();
    expect(wanted.place.flavor.diskGib).toBeGreaterThan(0);
    const server = await tests.start(wanted);
    expect(fake.compute.volumes).toMatchObject([{id: server.volume, metadata: {imgmgr_run: STAMP.run}}]);
    expect(fake.compute.servers).toMatchObject([{volumeId: server.volume}]);
    await tests.remove(server);
    expect(things()).toEqual(NOTHING);
  });

  test('R7: where Nova boots from volumes only and there is no block storage, the error says both', async () => {
    await restart({volumeService: false});
    fake.compute.volumesOnly = 'flavor';
    const error = await failure(tests.start(await request()));
    expect(error).toMatchObject({code: 'UNSUPPORTED', hint: texts('--verify-cloud')});
    expect(error.message).toMatch(/Only volume-backed servers are allowed.*; the cloud has no block-storage service/);
    expect(things()).toEqual(NOTHING);
  });

  test('R7: that is asked to boot from a volume does, with the disk of its flavor and one call to Nova', async () => {
    const wanted = await request({}, {root: 'volume'});
    const server = await tests.start(wanted);
    expect(fake.compute.volumes).toMatchObject([{id: server.volume, sizeGib: wanted.place.flavor.diskGib}]);
    expect(fake.compute.servers).toMatchObject([{volumeId: server.volume}]);
    const orders = fake.requests.filter(({method, path}) => method === 'POST' && path.endsWith('/servers'));
    expect(orders).toHaveLength(1);
    await tests.remove(server);
    expect(things()).toEqual(NOTHING);
  });

  test('R7: that is asked to boot from a volume has no place where there is no block storage', async () => {
    await restart({volumeService: false});
    const error = await failure(request({}, {root: 'volume'}));
    expect(error).toMatchObject({
      code: 'UNSUPPORTED',
      message: texts('no block-storage service'),
      hint: texts('--root'),
    });
  });

  test('R7: any other refusal of Nova is not tried again from a volume', async () => {
    const wanted = await request();
    fake.compute.forbidden = ['servers'];
    expect((await failure(tests.start(wanted))).code).toBe('FORBIDDEN');
    expect(fake.requests.filter(({path}) => path.includes('/volumes'))).toEqual([]);
    expect(things()).toEqual(NOTHING);
  });

  test('whose volume cannot be made leaves nothing', async () => {
    fake.compute.volumesBecome = 'error';
    expect(await failure(tests.start(await request({}, {flavor: 'diskless'})))).toMatchObject({code: 'CLOUD_REFUSED'});
    expect(things()).toEqual(NOTHING);
  });

  test('makes a security group of its own only where the default one lets nothing out', async () => {
    const open = await tests.start(await request());
    expect(open.securityGroup).toBeUndefined();
    for (const group of fake.compute.groups) group.egress = false;
    const closed = await tests.start(await request());
    expect(fake.compute.ports.find(({id}) => id === closed.port)?.groups).toEqual([closed.securityGroup]);
    expect((await tests.leftovers()).map(({kind}) => kind)).toContain('security-group');
    await tests.remove(closed);
    await tests.remove(open);
    expect(things()).toEqual(NOTHING);
  });

  test.each([
    [
      'an image that is no longer active',
      'CLOUD_REFUSED',
      'not active',
      (r: ServerRequest) => void fake.images.change(r.image.id, 'x', (image) => (image.status = 'deactivated')),
    ],
    ['a flavor that is gone', 'CLOUD_REFUSED', 'could not be found', () => void fake.compute.flavors.splice(0)],
    ['a full quota of servers', 'QUOTA', 'Quota exceeded', () => void (fake.compute.instanceQuota = 0)],
    ['a full quota of ports', 'QUOTA', 'Quota exceeded', () => void (fake.compute.portQuota = 0)],
    ['a policy that changed', 'FORBIDDEN', "doesn't allow", () => void (fake.compute.forbidden = ['servers'])],
  ] as const)('refused for %s is %s and leaves nothing', async (_, code, words, spoil) => {
    const asked = await request();
    spoil(asked);
    expect(await failure(tests.start(asked))).toMatchObject({code, message: texts(words)});
    expect(things()).toEqual(NOTHING);
  });

  test.each(['/v2.0/ports', '/v2.1/servers', '/v3/volumes'])(
    'whose answer is lost at POST %s is found by its stamp and goes on',
    async (path) => {
      const asked = await request({}, {flavor: 'diskless'});
      for (const name of ['doneButAnswers504', 'halfAnswer'] as const) {
        fake.misbehave(name, {match: {method: 'POST', path: new RegExp(`^${path}$`)}});
        const server = await tests.start(asked);
        expect(things()).toEqual({servers: 1, ports: 1, volumes: 1, groups: 0});
        await tests.remove(server);
        expect(things()).toEqual(NOTHING);
      }
    },
  );

  test.each(['/v2.0/ports', '/v2.1/servers', '/v3/volumes'])(
    'that fails at POST %s before anything is done is that failure and leaves nothing',
    async (path) => {
      const asked = await request({}, {flavor: 'diskless'});
      fake.misbehave('glance503', {match: {method: 'POST', path: new RegExp(`^${path}$`)}});
      expect(await failure(tests.start(asked))).toMatchObject({code: 'UNAVAILABLE', place: texts(path)});
      expect(things()).toEqual(NOTHING);
    },
  );

  test('with a token that ends in between gets a new one', async () => {
    const asked = await request();
    fake.misbehave('tokenRevoked', {match: {method: 'POST', path: '/servers'}});
    await tests.remove(await tests.start(asked));
    expect(things()).toEqual(NOTHING);
  });

  test.each(['/v2.0/ports', '/v2.1/servers', '/v3/volumes'])(
    'that is interrupted while POST %s is answered leaves nothing',
    async (path) => {
      const stop = new AbortController();
      const asked = await request({signal: stop.signal}, {flavor: 'diskless'});
      fake.interceptWrites({
        processed: (write) => {
          if (write.method === 'POST' && write.path === path) stop.abort();
          return 'answer';
        },
      });
      expect(await failure(tests.start(asked))).toMatchObject({code: 'INTERRUPTED'});
      expect(things()).toEqual(NOTHING);
    },
  );

  test('with user data that Nova would not take says so without quoting them', async () => {
    const error = await failure(tests.start(await request({userData: () => 'secret'.repeat(10_000)})));
    expect(error).toMatchObject({code: 'UNSUPPORTED', message: texts('65535')});
    expect(error.message).not.toContain('secret');
    expect(things()).toEqual(NOTHING);
  });

  test('that cannot clean up after itself tells the first failure and what stayed, which is a leftover then', async () => {
    const asked = await request();
    fake.compute.instanceQuota = 0;
    const stuck = fake.misbehave('conflict409', {times: Infinity, match: {method: 'DELETE', path: '/ports'}});
    expect(await failure(tests.start(asked))).toMatchObject({
      code: 'QUOTA',
      message: texts('not all could be removed'),
    });
    stuck.stop();
    const [port, ...more] = await tests.leftovers();
    expect([port?.kind, more]).toEqual(['port', []]);
    if (port) await tests.removeLeftover(port);
    expect(things()).toEqual(NOTHING);
  });
});

describe('a look', () => {
  test('follows a server from BUILD to ACTIVE, off and gone', async () => {
    fake.compute.life = {buildLooks: 2};
    const server = await tests.start(await request());
    const looks = [await tests.look(server), await tests.look(server), await tests.look(server)];
    expect(looks).toEqual([
      {kind: 'building', detail: 'scheduling'},
      {kind: 'building', detail: 'scheduling'},
      {kind: 'active'},
    ]);
    for (const made of fake.compute.servers) made.status = 'SHUTOFF';
    expect(await tests.look(server)).toEqual({kind: 'stopped'});
    await tests.remove(server);
    expect(await tests.look(server)).toEqual({kind: 'gone'});
  });

  test('tells the fault of a server in ERROR and the request that made it', async () => {
    fake.compute.life = {fault: 'No valid host was found. '};
    const server = await tests.start(await request());
    await tests.look(server);
    expect(await tests.look(server)).toEqual({
      kind: 'error',
      fault: 'No valid host was found. (code 500)',
      cause: 'no-valid-host',
      requestId: fake.compute.servers[0]?.requestId,
    });
    await tests.remove(server);
    expect(things()).toEqual(NOTHING);
  });
});

describe('the console', () => {
  test('is its last 64 KiB, whole letters only', async () => {
    fake.compute.life = {console: `${'ä'.repeat(40_000)}end`};
    const text = (await tests.console(await tests.start(await request()))) ?? '';
    expect(text.endsWith('äend')).toBe(true);
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(65_536);
    expect(text).not.toContain('\uFFFD');
  });

  test.each([null, 403, 404, 409, 501])('is undefined where the cloud gives none (%s)', async (console) => {
    fake.compute.life = {console};
    expect(await tests.console(await tests.start(await request()))).toBeUndefined();
  });

  test('that fails for another reason is that failure', async () => {
    fake.compute.life = {console: 500};
    expect(await failure(tests.console(await tests.start(await request())))).toMatchObject({code: 'UNAVAILABLE'});
  });
});

describe('a removal', () => {
  test.each([
    ['a delete that fails first', 'glance503', /^\/v2\.1\/servers\//],
    ['a port that is still in use', 'conflict409', /^\/v2\.0\/ports\//],
    ['a volume service that is away for a moment', 'glance502', /^\/v3\/volumes\//],
  ] as const)('goes on after %s', async (_, name, path) => {
    const server = await tests.start(await request({}, {flavor: 'diskless'}));
    const misdeed = fake.misbehave(name, {times: 2, match: {method: 'DELETE', path}});
    await tests.remove(server);
    expect(misdeed.happened()).toBe(2);
    expect(things()).toEqual(NOTHING);
  });

  test('waits until the server is gone, and only then touches its port', async () => {
    fake.compute.life = {deleteLooks: 4};
    const server = await tests.start(await request());
    fake.clearLog();
    await tests.remove(server);
    const lines = fake.requests.map(({method, path}) => `${method} ${path.split('/')[2] ?? ''}`);
    expect(lines.filter((line) => line === 'DELETE servers')).toHaveLength(1);
    expect(lines.indexOf('DELETE ports')).toBeGreaterThan(lines.lastIndexOf('GET servers'));
  });

  test('deletes by force what was only marked', async () => {
    fake.compute.life = {softDelete: true};
    await tests.remove(await tests.start(await request()));
    expect(things()).toEqual(NOTHING);
  });

  test('asks again when Nova has given up a delete, and ends with what to do by hand', async () => {
    fake.compute.life = {deleteLooks: Infinity};
    const server = await tests.start(await request());
    fake.clearLog();
    expect(await failure(tests.remove(server))).toMatchObject({
      code: 'TIMEOUT',
      hint: texts(`openstack server delete ${server.id}`),
    });
    expect(fake.compute.ports).toHaveLength(1);
    for (const made of fake.compute.servers) Object.assign(made, {taskState: null, status: 'ERROR', looksLeft: 0});
    fake.misbehave('glance500', {match: {method: 'DELETE', path: '/servers/'}});
    for (const made of fake.compute.servers) made.life = {};
    await tests.remove(server);
    expect(things()).toEqual(NOTHING);
  });

  test('of what is gone already is done', async () => {
    const server = await tests.start(await request());
    await tests.remove(server);
    await tests.remove(server);
    expect(things()).toEqual(NOTHING);
  });

  test('tries port and group although the volume stays', async () => {
    const server = await tests.start(await request({}, {flavor: 'diskless'}));
    fake.misbehave('forbiddenDelete', {match: {method: 'DELETE', path: '/volumes/'}});
    expect(await failure(tests.remove(server))).toMatchObject({code: 'FORBIDDEN'});
    expect(things()).toEqual({servers: 0, ports: 0, volumes: 1, groups: 0});
  });
});

describe('leftovers', () => {
  test('are never what others made, nor what lacks a part of the stamp', async () => {
    const {admin, member} = fake.accounts;
    const metadata = {imgmgr_run: 'r', imgmgr_image: 'i', imgmgr_expires: STAMP.expires, imgmgr_holder: 'h b 1 2'};
    const partial = {imgmgr_run: 'r', imgmgr_image: 'i', imgmgr_expires: STAMP.expires};
    const [own, foreign] = [admin.projectId, member.projectId];
    fake.compute.servers.push(
      {id: 's1', name: 'imgmgr-theirs', projectId: foreign, metadata},
      {id: 's2', name: 'imgmgr-partial', projectId: own, metadata: partial},
      {id: 's3', name: 'web', projectId: own, metadata},
      {id: 's4', name: 'imgmgr-bad-time', projectId: own, metadata: {...metadata, imgmgr_expires: 'soon'}},
    );
    const port = {networkId: 'n-own', mac: 'fa:16:3e:00:00:01', addresses: [], groups: []};
    const description = `imgmgr-test r i ${STAMP.expires} h b 1 2`;
    fake.compute.ports.push(
      {...port, id: 'p1', name: 'imgmgr-x', description, projectId: foreign},
      {...port, id: 'p2', name: 'imgmgr-x', description: 'imgmgr-test r i', projectId: own},
      {...port, id: 'p3', name: 'x', description, projectId: own},
    );
    expect(await tests.leftovers()).toEqual([]);
    fake.compute.ports.push({...port, id: 'p4', name: 'imgmgr-x', description, projectId: own});
    expect((await tests.leftovers()).map(({id}) => id)).toEqual(['p4']);
  });

  test('of every kind can be removed one by one', async () => {
    for (const group of fake.compute.groups) group.egress = false;
    await tests.start(await request());
    for (const group of fake.compute.groups) group.egress = false;
    await tests.start(await request({}, {flavor: 'diskless'}));
    const found = await tests.leftovers();
    expect([...new Set(found.map(({kind}) => kind))]).toEqual(['server', 'port', 'volume', 'security-group']);
    for (const leftover of found) await tests.removeLeftover(leftover);
    expect(things()).toEqual(NOTHING);
  });

  test('keep their stamp when the name of the host is too long for Neutron', async () => {
    const [, ...rest] = STAMP.holder.split(' ');
    await tests.start(await request({stamp: {...STAMP, holder: ['h'.repeat(300), ...rest].join(' ')}}));
    const holders = (await tests.leftovers()).map(({stamp}) => stamp.holder);
    expect(holders.map((holder) => holder.split(' ').slice(1))).toEqual([rest, rest]);
  });

  test('are none where there is no compute service', async () => {
    await restart({computeService: false});
    expect(await tests.leftovers()).toEqual([]);
  });
});

describe('an image that is lent', () => {
  test('can be booted by the other project once it has accepted, and not after it was taken back', async () => {
    const image = await seeded({visibility: 'private'});
    const {projectId} = fake.accounts.member;
    const other = connect(fake, {role: 'member'});
    expect(await other.store.get(image.id)).toBeUndefined();
    for (let twice = 0; twice < 2; twice++) await connected.store.share(image.id, projectId);
    expect(await other.store.listNamed(['i'])).toEqual([]);
    for (let twice = 0; twice < 2; twice++) await other.store.accept(image.id);
    expect((await other.store.listNamed(['i'])).map(({id}) => id)).toEqual([image.id]);
    for (let twice = 0; twice < 2; twice++) await connected.store.unshare(image.id, projectId);
    expect(await other.store.get(image.id)).toBeUndefined();
    expect((await connected.store.get(image.id))?.visibility).toBe('private');
    expect(await failure(other.store.accept(image.id))).toMatchObject({code: 'NOT_FOUND'});
    await other.store.close();
  });

  test('and was published meanwhile stays public when it is taken back', async () => {
    const image = await seeded({visibility: 'public'});
    await connected.store.unshare(image.id, fake.accounts.member.projectId);
    expect((await connected.store.get(image.id))?.visibility).toBe('public');
    await connected.store.delete(image.id);
    await connected.store.unshare(image.id, 'p');
    expect(await failure(connected.store.share(image.id, 'p'))).toMatchObject({code: 'NOT_FOUND'});
  });
});
