import {randomUUID} from 'node:crypto';
import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {afterAll, beforeAll, expect, test} from 'vitest';
import type {TestServer} from '../../src/ports/test-server-host.ts';
import {RealCompute} from './support/compute.ts';
import type {RealImage} from './support/glance.ts';
import {RealGlance} from './support/glance.ts';
import type {Ran} from './support/imgmgr.ts';
import {imgmgr} from './support/imgmgr.ts';
import {portsOf} from './support/ports.ts';

const NAME = 'accept-snapshot';
const ours = portsOf('admin');
const servers: TestServer[] = [];
let glance: RealGlance;
let nova: RealCompute;
let dir = '';

beforeAll(async () => {
  glance = await RealGlance.login('http://127.0.0.1:9292', 'admin');
  nova = await RealCompute.login('admin');
  dir = await mkdtemp(join(tmpdir(), 'imgmgr-snapshot-'));
  await glance.clear(NAME);
});

afterAll(async () => {
  for (const server of servers) await ours.tests.remove(server);
  await glance.clear(NAME);
  await ours.store.close();
  await rm(dir, {recursive: true, force: true});
});

async function run(command: string, version: string, ...flags: string[]): Promise<Ran> {
  await writeFile(join(dir, `${version}.img`), Buffer.alloc(2_000_000, `${NAME} ${version} `));
  await writeFile(
    join(dir, 'images.yml'),
    `images:
  - name: ${NAME}
    format: raw
    login: debian
    min_disk: 1
    min_ram: 64
    status: active
    visibility: private
    multi: true
    tags: []
    meta: {architecture: x86_64, os_distro: debian, os_version: '12', os_purpose: generic, uuid_validity: none}
    versions:
      - {version: '${version}', url: 'file:${version}.img', build_date: 2026-01-02}
`,
  );
  return imgmgr([command, '--cloud', 'admin', '--images', join(dir, 'images.yml'), ...flags]);
}

async function boot(imageId: string): Promise<TestServer> {
  const image = await ours.store.get(imageId);
  if (image === undefined) throw new Error(`there is no image ${imageId}`);
  const server = await ours.tests.start({
    name: `imgmgr-snapshot-${randomUUID().slice(0, 8)}`,
    stamp: {
      run: randomUUID(),
      image: imageId,
      expires: new Date(Date.now() + 600_000).toISOString(),
      holder: `host ${randomUUID()} 1 2`,
    },
    image,
    place: await ours.tests.place({image}),
    datasource: 'metadata',
    userData: () => 'x',
    signal: new AbortController().signal,
  });
  servers.push(server);
  for (let looks = 0; looks < 240; looks++) {
    const look = await ours.tests.look(server);
    if (look.kind === 'active') return server;
    if (look.kind === 'error') throw new Error(look.fault);
    await sleep(1000);
  }
  throw new Error('the server did not become active');
}

async function image(id: string): Promise<RealImage> {
  const found = (await glance.named(NAME)).find((one) => one.id === id);
  if (!found) throw new Error(`image ${id} is gone`);
  return found;
}

/** A snapshot that is complete; its name starts as the definition's, so that it is removed with the rest. */
async function snapshotOf(server: TestServer): Promise<RealImage> {
  const id = await nova.snapshot(server.id, `${NAME} snapshot`);
  for (let looks = 0; looks < 240; looks++) {
    const made = await image(id);
    if (made.status === 'active') return made;
    await sleep(1000);
  }
  throw new Error(`snapshot ${id} did not become active`);
}

test('R16: a snapshot of a server in our own project, with our properties and even our tag, is never ours', async () => {
  expect((await run('manage', '1', '--no-verify')).code).toBe(0);
  const [first] = await glance.named(NAME);
  const server = await boot(first?.id ?? '?');
  const snapshot = await snapshotOf(server);
  expect(snapshot['imgmgr_definition']).toBe(NAME);
  const tagged = [{op: 'replace', path: '/tags', value: ['managed_by_imgmgr', 'managed_by_osism']}];
  expect(await glance.patch(snapshot.id, tagged)).toBe(200);
  const before = await image(snapshot.id);
  const rotated = await run('manage', '2', '--no-verify', '--adopt', '--hide');
  expect([rotated.code, rotated.done]).toEqual([0, ['acquire 2', 'publish 2', 'retire 1']]);
  await ours.tests.remove(server);
  const removed = await run('delete', '2', '--yes', '--include-none');
  expect([removed.code, removed.counts['deleted']]).toEqual([0, 1]);
  expect(await image(snapshot.id)).toEqual(before);
});
