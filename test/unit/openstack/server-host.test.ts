import {afterEach, expect, test} from 'vitest';
import {startFakeCloud} from '../../fakes/fake-cloud.ts';
import type {FakeCloud, FakeCloudOptions} from '../../fakes/fake-cloud.ts';
import type {ImageUse} from '../../../src/ports/server-host.ts';
import {serversPerImage} from '../../../src/openstack/nova/servers-per-image.ts';
import {connect} from './fake.ts';
import type {Connected} from './fake.ts';

let fake: FakeCloud;
let open: Connected[] = [];

afterEach(async () => {
  await Promise.all(open.map(({store}) => store.close()));
  open = [];
  await fake.close();
});

async function start(options: FakeCloudOptions = {}, more: Parameters<typeof connect>[1] = {}): Promise<Connected> {
  fake = await startFakeCloud(options);
  const connected = connect(fake, more);
  open.push(connected);
  return connected;
}

function useOf(host: Connected['servers'], id: string): Promise<ImageUse | undefined> {
  return host.imageUses({ids: [id]}).then((uses) => uses.get(id));
}

function listings({exchanges}: Connected): string[] {
  return exchanges
    .map(({url}) => new URL(url))
    .flatMap(({pathname, search}) => (pathname.endsWith('/servers/detail') ? [search] : []));
}

test('names servers of every project that run on the image', async () => {
  const servers = [
    {id: 's1', name: 'one', projectId: 'p1', imageId: 'i1'},
    {id: 's2', name: 'two', projectId: 'p2', imageId: 'i1'},
    {id: 's3', name: 'other', projectId: 'p1', imageId: 'i2'},
    {id: 's4', name: 'volume', projectId: 'p1'},
  ];
  const {servers: host, exchanges} = await start({servers});
  expect(await useOf(host, 'i1')).toEqual({
    kind: 'used-by',
    count: 2,
    projects: [
      {projectId: 'p1', count: 1},
      {projectId: 'p2', count: 1},
    ],
    servers: [
      {id: 's1', name: 'one', projectId: 'p1'},
      {id: 's2', name: 'two', projectId: 'p2'},
    ],
  });
  // The login, Nova's services once, its servers.
  expect(exchanges).toHaveLength(3);
  expect(await useOf(host, 'i9')).toEqual({kind: 'unused'});
});

function many(count: number, imageId: string): {id: string; name: string; projectId: string; imageId: string}[] {
  return Array.from({length: count}, (_, at) => ({id: `${imageId}-${at}`, name: 'vm', projectId: 'p', imageId}));
}

test('counts the servers by project, the one with most first, and names five of them', async () => {
  const servers = Array.from({length: 12}, (_, at) => ({
    id: `s${at}`,
    name: `vm ${at}`,
    projectId: at === 0 ? 'few' : 'many',
    imageId: 'i1',
  }));
  const {servers: host} = await start({servers});
  const use = await useOf(host, 'i1');
  expect(use).toMatchObject({
    kind: 'used-by',
    count: 12,
    projects: [
      {projectId: 'many', count: 11},
      {projectId: 'few', count: 1},
    ],
  });
  expect(use?.kind === 'used-by' ? use.servers : []).toHaveLength(5);
});

test('servers beyond the first page count', async () => {
  const servers = many(1002, 'i1');
  const connected = await start({servers});
  expect(await useOf(connected.servers, 'i1')).toMatchObject({kind: 'used-by', count: 1002});
  expect(listings(connected)).toHaveLength(2);
});

test('several images are one list of all servers, and every image is in the answer', async () => {
  const servers = [
    {id: 's1', name: 'one', projectId: 'p1', imageId: 'i1'},
    {id: 's2', name: 'two', projectId: 'p2', imageId: 'i2'},
    {id: 's3', name: 'volume', projectId: 'p2'},
  ];
  const connected = await start({servers});
  const uses = await connected.servers.imageUses({ids: ['i1', 'i2', 'i3']});
  expect([...uses].map(([id, use]) => [id, use.kind === 'used-by' ? use.count : use.kind])).toEqual([
    ['i1', 1],
    ['i2', 1],
    ['i3', 'unused'],
  ]);
  expect(listings(connected)).toEqual(['?all_tenants=1&limit=1000']);
});

test('where the list of all servers has more pages than there are images, each image is asked for', async () => {
  const connected = await start({servers: [...many(1002, 'other'), ...many(3, 'i2')]});
  const uses = await connected.servers.imageUses({ids: ['i1', 'i2']});
  expect(uses.get('i1')).toEqual({kind: 'unused'});
  expect(uses.get('i2')).toMatchObject({kind: 'used-by', count: 3});
  expect(listings(connected)).toEqual([
    '?all_tenants=1&limit=1000',
    '?all_tenants=1&image=i1&limit=1000',
    '?all_tenants=1&image=i2&limit=1000',
  ]);
});

test('a filtered list is believed whatever image its servers name', async () => {
  const nova = {servers: () => Promise.resolve([{id: 's1', name: 'one', tenant_id: 'p1', image: 'I1'}])};
  expect((await serversPerImage([nova], {ids: ['i1'], allProjects: true})).get('i1')).toMatchObject({count: 1});
});

test('a server that two regions list counts once', async () => {
  const nova = {servers: () => Promise.resolve([{id: 's1', name: 'one', tenant_id: 'p1', image: 'i1'}])};
  expect((await serversPerImage([nova, nova], {ids: ['i1'], allProjects: true})).get('i1')).toMatchObject({count: 1});
});

test('no image is no call', async () => {
  const {servers: host, exchanges} = await start();
  expect((await host.imageUses({ids: []})).size).toBe(0);
  expect(exchanges).toEqual([]);
});

test('who may not list the servers of all projects is told of their own, where asked for', async () => {
  const connected = await start({}, {role: 'member'});
  const own = fake.accounts.member.projectId;
  fake.compute.servers.push(
    {id: 's1', name: 'one', projectId: own, imageId: 'i1'},
    {id: 's2', name: 'two', projectId: 'p2', imageId: 'i1'},
  );
  const uses = await connected.servers.imageUses({ids: ['i1'], partial: true});
  expect(uses.get('i1')).toMatchObject({
    kind: 'unknown',
    seen: {scope: 'own-project', count: 1, projects: [{projectId: own, count: 1}], servers: [{id: 's1'}]},
  });
});

test('where a cell does not answer, the servers of the others are shown, where asked for', async () => {
  const servers = [
    {id: 's1', name: 'one', projectId: 'p1', imageId: 'i1', host: 'lost-1'},
    {id: 's2', name: 'two', projectId: 'p1', imageId: 'i1'},
  ];
  const {servers: host} = await start({servers});
  fake.compute.silentHosts = ['lost-1'];
  const uses = await host.imageUses({ids: ['i1'], partial: true});
  expect(uses.get('i1')).toMatchObject({
    kind: 'unknown',
    reason: expect.stringContaining('does not answer') as unknown,
    seen: {scope: 'all-projects', count: 1, servers: [{id: 's2'}]},
  });
});

test('R15: Nova is asked once per run whether its lists are whole', async () => {
  const servers = [{id: 's1', name: 'one', projectId: 'p1', imageId: 'i1'}];
  const {servers: host, exchanges} = await start({servers});
  const asked = (): number => exchanges.filter(({url}) => url.includes('/os-services')).length;
  for (const image of ['i1', 'i2', 'i3']) await useOf(host, image);
  expect(asked()).toBe(1);
});

test('R15: where a cell does not answer, nobody knows who uses an image', async () => {
  const servers = [{id: 's1', name: 'one', projectId: 'p1', imageId: 'i1', host: 'lost-1'}];
  const {servers: host} = await start({servers});
  fake.compute.silentHosts = ['lost-1'];
  expect(await useOf(host, 'i1')).toMatchObject({
    kind: 'unknown',
    reason: expect.stringMatching(/a cell of admin does not answer, .*: lost-1/) as unknown,
    hint: expect.stringContaining('compute service list') as unknown,
  });
});

test('R15: nor where Nova is too old to say which cells do not answer', async () => {
  const {servers: host} = await start();
  fake.compute.old = true;
  expect(await useOf(host, 'i1')).toMatchObject({
    kind: 'unknown',
    reason: expect.stringContaining('older than 2.69') as unknown,
  });
});

test('R15: servers of every region with the same images count', async () => {
  const servers = [{id: 's1', name: 'one', projectId: 'p1', imageId: 'i1', region: 'South'}];
  const {servers: host} = await start({servers, furtherRegions: ['South', 'West']});
  expect(await useOf(host, 'i1')).toMatchObject({kind: 'used-by', servers: [{id: 's1'}]});
  expect(await useOf(host, 'i2')).toEqual({kind: 'unused'});
});

test('R15: a further region counts also where the own one has no servers at all', async () => {
  const servers = [{id: 's1', name: 'one', projectId: 'p1', imageId: 'i1', region: 'South'}];
  const {servers: host} = await start({servers, computeService: false, furtherRegions: ['South']});
  expect(await useOf(host, 'i1')).toMatchObject({kind: 'used-by'});
});

test('R15: a further region whose Nova does not answer is an error, never "unused"', async () => {
  const {servers: host} = await start({furtherRegions: ['South']});
  await useOf(host, 'i1');
  fake.misbehave('unreachableCompute');
  const again = connect(fake);
  open.push(again);
  await expect(useOf(again.servers, 'i1')).rejects.toMatchObject({code: 'UNAVAILABLE'});
});

test('whoever may not ask does not know', async () => {
  const {servers: host} = await start({}, {role: 'member'});
  expect(await useOf(host, 'i1')).toMatchObject({
    kind: 'unknown',
    reason: expect.stringContaining('list its compute services') as unknown,
  });
});

test('without a compute service nobody uses anything', async () => {
  const {servers: host} = await start({computeService: false});
  expect(await useOf(host, 'i1')).toEqual({kind: 'no-service'});
});

test('a compute service that does not answer is an error, never "unused"', async () => {
  const {servers: host} = await start();
  fake.misbehave('unreachableCompute');
  await expect(useOf(host, 'i1')).rejects.toMatchObject({code: 'UNAVAILABLE'});
});
