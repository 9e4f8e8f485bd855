import {randomUUID} from 'node:crypto';
import {createReadStream} from 'node:fs';
import {mkdtemp, rm, stat} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {execa} from 'execa';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import type {ServerRequest, ServerStamp, TestServer, TestServerHost} from '../../src/ports/test-server-host.ts';
import type {Image} from '../../src/core/image/image.ts';
import {portsOf} from './support/ports.ts';

const RUN = randomUUID();
const [admin, demo] = [portsOf('admin'), portsOf('demo')];
let folder = '';
let image: Image;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'imgmgr-servers-'));
  const path = join(folder, 'guest.qcow2');
  await execa(join(import.meta.dirname, '../../examples/tiny-guest/build.sh'), [path]);
  const {id} = await admin.store.create({
    name: 'test-servers guest',
    osHidden: true,
    diskFormat: 'qcow2',
    minDisk: 1,
    minRam: 128,
    tags: [],
    properties: {architecture: 'x86_64'},
  });
  await admin.store.upload({id, bytes: createReadStream(path), size: (await stat(path)).size});
  image = await known(id);
});

afterAll(async () => {
  for (const {tests} of [admin, demo]) for (const leftover of await ours(tests)) await tests.removeLeftover(leftover);
  await admin.store.delete(image.id);
  await Promise.all([admin.store.close(), demo.store.close()]);
  await rm(folder, {recursive: true, force: true});
});

async function known(id: string): Promise<Image> {
  const found = await admin.store.get(id);
  if (found === undefined) throw new Error(`image ${id} is not there`);
  return found;
}

async function ours(tests: TestServerHost) {
  return (await tests.leftovers()).filter(({stamp}) => stamp.run === RUN);
}

async function request(tests: TestServerHost, change: Partial<ServerRequest> = {}): Promise<ServerRequest> {
  return {
    name: `imgmgr-${RUN.slice(0, 8)}`,
    stamp: stamp(),
    image,
    place: await tests.place({image}),
    datasource: 'metadata',
    userData: () => '#!/bin/sh\ntrue\n',
    signal: new AbortController().signal,
    ...change,
  };
}

function stamp(): ServerStamp {
  const expires = new Date(Date.now() + 600_000).toISOString();
  return {run: RUN, image: image.id, expires, holder: `host ${randomUUID()} 1 2`};
}

async function untilUp(tests: TestServerHost, server: TestServer): Promise<string> {
  for (let looks = 0; looks < 240; looks++) {
    const look = await tests.look(server);
    if (look.kind !== 'building') return look.kind === 'error' ? look.fault : look.kind;
    await sleep(1000);
  }
  return 'still building';
}

async function untilSaid(tests: TestServerHost, server: TestServer, words: string): Promise<string> {
  for (let looks = 0; ; looks++) {
    const text = (await tests.console(server)) ?? '';
    if (text.includes(words) || looks === 240) return text;
    await sleep(1000);
  }
}

describe('test servers on the real OpenStack', () => {
  test('can be made by admin and by an ordinary tenant, and asking leaves nothing', async () => {
    for (const {tests} of [admin, demo]) {
      expect(await tests.ability()).toEqual({kind: 'able'});
      expect(await ours(tests)).toEqual([]);
    }
  });

  test('are placed on the smallest flavor and the one network, from which this host can be called', async () => {
    const place = await demo.tests.place({image});
    expect(place).toMatchObject({flavor: {name: 'lab.nano'}, network: {name: 'lab-net'}, diskBytes: 2 * 2 ** 30});
    expect(await demo.tests.callback(place)).toEqual({host: '198.18.7.1', bind: '198.18.7.1'});
    expect(await admin.tests.place({image, network: 'lab-net', flavor: 'lab.tiny'})).toMatchObject({
      flavor: {name: 'lab.tiny'},
    });
    await expect(demo.tests.place({image, flavor: 'none'})).rejects.toMatchObject({code: 'NOT_FOUND'});
  });

  test('boot, tell their console, and go with their port', async () => {
    const {tests} = admin;
    const server = await tests.start(await request(tests, {datasource: 'config-drive'}));
    expect((await ours(tests)).map(({kind, id}) => [kind, id])).toEqual([
      ['server', server.id],
      ['port', server.port],
    ]);
    expect(await untilUp(tests, server)).toBe('active');
    const said = await untilSaid(tests, server, 'tiny-guest: up after');
    expect(said).toContain(`eth0 has ${server.interfaces[0]?.addresses[0] ?? '?'}`);
    await tests.remove(server);
    await tests.remove(server);
    expect(await tests.look(server)).toEqual({kind: 'gone'});
    expect(await ours(tests)).toEqual([]);
  });

  test('boot an image that was lent, and no longer once it is taken back', async () => {
    const {projectId} = await demo.store.account();
    await expect(request(demo.tests).then((asked) => demo.tests.start(asked))).rejects.toMatchObject({
      code: 'CLOUD_REFUSED',
    });
    expect(await ours(demo.tests)).toEqual([]);
    await admin.store.share(image.id, projectId);
    await admin.store.share(image.id, projectId);
    await demo.store.accept(image.id);
    await demo.store.accept(image.id);
    const server = await demo.tests.start(await request(demo.tests));
    expect(await untilUp(demo.tests, server)).toBe('active');
    await demo.tests.remove(server);
    await admin.store.unshare(image.id, projectId);
    await admin.store.unshare(image.id, projectId);
    expect(await demo.store.get(image.id)).toBeUndefined();
    expect((await known(image.id)).visibility).toBe('private');
  });

  test('that were left behind are found by their stamp and removed one by one', async () => {
    const {tests} = admin;
    const asked = await request(tests);
    const [other] = [portsOf('admin')];
    await tests.start(asked);
    const found = (await other.tests.leftovers()).filter((leftover) => leftover.stamp.run === RUN);
    expect(found.map((leftover) => [leftover.kind, leftover.stamp])).toEqual([
      ['server', asked.stamp],
      ['port', asked.stamp],
    ]);
    for (const leftover of found) await other.tests.removeLeftover(leftover);
    expect(await ours(tests)).toEqual([]);
    await other.store.close();
  });

  test('tell why Nova could not make one', async () => {
    const {tests} = admin;
    const asked = await request(tests);
    await expect(
      tests.start({...asked, place: {...asked.place, flavor: {...asked.place.flavor, id: randomUUID()}}}),
    ).rejects.toMatchObject({code: 'CLOUD_REFUSED'});
    expect(await ours(tests)).toEqual([]);
  });

  test('that are interrupted at the start leave nothing', async () => {
    const stop = new AbortController();
    const asked = await request(admin.tests, {signal: stop.signal});
    const userData = (): string => {
      stop.abort();
      return 'x';
    };
    await expect(admin.tests.start({...asked, userData})).rejects.toMatchObject({code: 'INTERRUPTED'});
    expect(await ours(admin.tests)).toEqual([]);
  });
});
