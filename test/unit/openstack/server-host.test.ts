import {afterEach, expect, test} from 'vitest';
import {startFakeCloud} from '../../fakes/fake-cloud.ts';
import type {FakeCloud, FakeCloudOptions} from '../../fakes/fake-cloud.ts';
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

test('names servers of every project that run on the image', async () => {
  const servers = [
    {id: 's1', name: 'one', projectId: 'p1', imageId: 'i1'},
    {id: 's2', name: 'two', projectId: 'p2', imageId: 'i1'},
    {id: 's3', name: 'other', projectId: 'p1', imageId: 'i2'},
    {id: 's4', name: 'volume', projectId: 'p1'},
  ];
  const {servers: host, exchanges} = await start({servers});
  expect(await host.imageUse('i1')).toEqual({
    kind: 'used-by',
    servers: [
      {id: 's1', name: 'one', projectId: 'p1'},
      {id: 's2', name: 'two', projectId: 'p2'},
    ],
  });
  // The login, Nova's services once, its servers.
  expect(exchanges).toHaveLength(3);
  expect(await host.imageUse('i9')).toEqual({kind: 'unused'});
});

test('R15: Nova is asked once per run whether its lists are whole', async () => {
  const servers = [{id: 's1', name: 'one', projectId: 'p1', imageId: 'i1'}];
  const {servers: host, exchanges} = await start({servers});
  const asked = (): number => exchanges.filter(({url}) => url.includes('/os-services')).length;
  for (const image of ['i1', 'i2', 'i3']) await host.imageUse(image);
  expect(asked()).toBe(1);
});

test('R15: where a cell does not answer, nobody knows who uses an image', async () => {
  const servers = [{id: 's1', name: 'one', projectId: 'p1', imageId: 'i1', host: 'lost-1'}];
  const {servers: host} = await start({servers});
  fake.compute.silentHosts = ['lost-1'];
  expect(await host.imageUse('i1')).toMatchObject({
    kind: 'unknown',
    reason: expect.stringMatching(/a cell of admin does not answer, .*: lost-1/) as unknown,
    hint: expect.stringContaining('compute service list') as unknown,
  });
});

test('R15: nor where Nova is too old to say which cells do not answer', async () => {
  const {servers: host} = await start();
  fake.compute.old = true;
  expect(await host.imageUse('i1')).toMatchObject({
    kind: 'unknown',
    reason: expect.stringContaining('older than 2.69') as unknown,
  });
});

test('R15: servers of every region with the same images count', async () => {
  const servers = [{id: 's1', name: 'one', projectId: 'p1', imageId: 'i1', region: 'South'}];
  const {servers: host} = await start({servers, furtherRegions: ['South', 'West']});
  expect(await host.imageUse('i1')).toMatchObject({kind: 'used-by', servers: [{id: 's1'}]});
  expect(await host.imageUse('i2')).toEqual({kind: 'unused'});
});

test('R15: a further region counts also where the own one has no servers at all', async () => {
  const servers = [{id: 's1', name: 'one', projectId: 'p1', imageId: 'i1', region: 'South'}];
  const {servers: host} = await start({servers, computeService: false, furtherRegions: ['South']});
  expect(await host.imageUse('i1')).toMatchObject({kind: 'used-by'});
});

test('R15: a further region whose Nova does not answer is an error, never "unused"', async () => {
  const {servers: host} = await start({furtherRegions: ['South']});
  await host.imageUse('i1');
  fake.misbehave('unreachableCompute');
  const again = connect(fake);
  open.push(again);
  await expect(again.servers.imageUse('i1')).rejects.toMatchObject({code: 'UNAVAILABLE'});
});

test('whoever may not ask does not know', async () => {
  const {servers: host} = await start({}, {role: 'member'});
  expect(await host.imageUse('i1')).toMatchObject({
    kind: 'unknown',
    reason: expect.stringContaining('list its compute services') as unknown,
  });
});

test('without a compute service nobody uses anything', async () => {
  const {servers: host} = await start({computeService: false});
  expect(await host.imageUse('i1')).toEqual({kind: 'no-service'});
});

test('a compute service that does not answer is an error, never "unused"', async () => {
  const {servers: host} = await start();
  fake.misbehave('unreachableCompute');
  await expect(host.imageUse('i1')).rejects.toMatchObject({code: 'UNAVAILABLE'});
});
