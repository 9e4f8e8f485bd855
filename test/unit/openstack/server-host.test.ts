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
  expect(exchanges).toHaveLength(2);
  expect(await host.imageUse('i9')).toEqual({kind: 'unused'});
});

test('whoever may not ask does not know', async () => {
  const {servers: host} = await start({}, {role: 'member'});
  expect(await host.imageUse('i1')).toMatchObject({
    kind: 'unknown',
    reason: expect.stringContaining('all projects') as unknown,
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
