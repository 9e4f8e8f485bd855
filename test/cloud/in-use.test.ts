import {randomUUID} from 'node:crypto';
import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {afterAll, beforeAll, expect, test} from 'vitest';
import type {TestServer} from '../../src/ports/test-server-host.ts';
import {startUpstream} from '../fakes/upstream.ts';
import type {Upstream} from '../fakes/upstream.ts';
import {RealGlance} from './support/glance.ts';
import type {Ran} from './support/imgmgr.ts';
import {imgmgr} from './support/imgmgr.ts';
import {portsOf} from './support/ports.ts';

const PREFIX = 'accept-in-use';
const tenant = portsOf('demo');
const servers: TestServer[] = [];
let upstream: Upstream;
let admin: RealGlance;
let dir = '';

beforeAll(async () => {
  // The one-node cloud's web-download lets this address and port through, and no test beside this one holds it.
  upstream = await startUpstream({host: '198.18.7.1', port: 18_080});
  admin = await RealGlance.login('http://127.0.0.1:9292', 'admin');
  dir = await mkdtemp(join(tmpdir(), 'imgmgr-in-use-'));
  await admin.clear(PREFIX);
});

afterAll(async () => {
  for (const server of servers) await tenant.tests.remove(server);
  await admin.clear(PREFIX);
  await tenant.store.close();
  await upstream.close();
  await rm(dir, {recursive: true, force: true});
});

async function manage(name: string, version: string): Promise<Ran> {
  const path = `/${name.replaceAll(' ', '-')}-${version}.img`;
  upstream.put(path, Buffer.alloc(2_000_000, `${name} ${version} `));
  await writeFile(
    join(dir, 'images.yml'),
    `images:
  - name: ${name}
    format: raw
    login: debian
    min_disk: 1
    min_ram: 64
    status: active
    visibility: public
    multi: true
    tags: []
    meta: {architecture: x86_64, os_distro: debian, os_version: '12', os_purpose: generic, uuid_validity: last-1}
    versions:
      - {version: '${version}', url: '${upstream.url}${path}', build_date: 2026-01-02}
`,
  );
  return imgmgr(['manage', '--cloud', 'admin', '--images', join(dir, 'images.yml'), '--no-verify']);
}

function remove(...flags: string[]): Promise<Ran> {
  return imgmgr(['delete', '--cloud', 'admin', '--images', join(dir, 'images.yml'), '--yes', ...flags]);
}

async function boot(imageId: string): Promise<TestServer> {
  const {tests, store} = tenant;
  const image = await store.get(imageId);
  if (image === undefined) throw new Error(`the tenant does not see image ${imageId}`);
  const server = await tests.start({
    name: `imgmgr-in-use-${randomUUID().slice(0, 8)}`,
    stamp: {
      run: randomUUID(),
      image: imageId,
      expires: new Date(Date.now() + 600_000).toISOString(),
      holder: `host ${randomUUID()} 1 2`,
    },
    image,
    place: await tests.place({image}),
    datasource: 'metadata',
    userData: () => 'x',
    signal: new AbortController().signal,
  });
  servers.push(server);
  for (let looks = 0; looks < 240; looks++) {
    const look = await tests.look(server);
    if (look.kind === 'active') return server;
    if (look.kind === 'error') throw new Error(look.fault);
    await sleep(1000);
  }
  throw new Error('the server did not become active');
}

async function names(name: string): Promise<string[]> {
  return (await admin.named(name)).map((image) => image.name).sort();
}

async function supersededInUse(name: string): Promise<TestServer> {
  expect((await manage(name, '1')).code).toBe(0);
  const [first] = await admin.named(name);
  const server = await boot(first?.id ?? '?');
  expect((await manage(name, '2')).code).toBe(0);
  expect(await names(name)).toEqual([name, `${name} (1)`]);
  return server;
}

test('a superseded image on which a server of another project runs is kept, and deleted when the server is gone', async () => {
  const name = `${PREFIX} kept`;
  const server = await supersededInUse(name);
  const kept = await remove();
  expect([kept.code, kept.counts['deleted'], kept.counts['failed']]).toEqual([0, 0, 0]);
  const warnings = kept.lines.filter(({type, code}) => type === 'warning' && code === 'in-use');
  expect(warnings.map(({message}) => message)).toEqual([
    expect.stringContaining(`stays: 1 server(s) run on it: ${server.name} (${server.id})`),
  ]);
  expect(await names(name)).toEqual([name, `${name} (1)`]);
  await tenant.tests.remove(server);
  const gone = await remove();
  expect([gone.code, gone.counts['deleted']]).toEqual([0, 1]);
  expect(await names(name)).toEqual([name]);
});

test('--delete-in-use deletes it all the same, and the server runs on', async () => {
  const name = `${PREFIX} forced`;
  const server = await supersededInUse(name);
  const forced = await remove('--delete-in-use');
  expect([forced.code, forced.counts['deleted']]).toEqual([0, 1]);
  expect(await names(name)).toEqual([name]);
  expect(await tenant.tests.look(server)).toEqual({kind: 'active'});
});
