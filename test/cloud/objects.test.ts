import {mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {execa} from 'execa';
import {afterAll, afterEach, beforeAll, expect, it} from 'vitest';
import {RealCompute} from './support/compute.ts';
import {RealDisks} from './support/disks.ts';
import {GLANCES, RealGlance} from './support/glance.ts';
import {imgmgr} from './support/imgmgr.ts';
import type {Ran} from './support/imgmgr.ts';
import {show} from './support/verified.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const GUEST = join(ROOT, '.cache/tiny-root-guest/tiny-root-guest-1.qcow2');
const NAME = 'Guest of an object';
/** All that the objects are made of, and they themselves. */
const ORIGIN = 'Origin of an object';
const FULL = process.env['FULL'] === '1';
const DONE = {code: 0, stderr: '', done: ['acquire 1', 'verify 1', 'publish 1']};

let dir = '';
let compute: RealCompute;
let disks: RealDisks;
/** Of this cloud, and of its other region. */
let glance: RealGlance;
let other: RealGlance;
/** The guest in either. */
let here = '';
let there = '';

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'imgmgr-objects-'));
  await execa(join(ROOT, 'examples/tiny-root-guest/build.sh'), ['--version', '1']);
  [compute, disks] = await Promise.all([RealCompute.login('admin'), RealDisks.login(ORIGIN)]);
  [glance, other] = await Promise.all([
    RealGlance.login(GLANCES[0].url, 'admin'),
    RealGlance.login(GLANCES[1].url, 'admin'),
  ]);
  await clear();
  [here, there] = await Promise.all([upload(glance), upload(other)]);
});
afterEach(clearMade);
afterAll(async () => {
  await clear();
  await rm(dir, {recursive: true, force: true});
});

async function clearMade(): Promise<void> {
  await Promise.all([disks.clear(), compute.clear(), glance.clear(NAME)]);
  for (const {id} of await temporary()) await glance.remove(id);
}

async function clear(): Promise<void> {
  await clearMade();
  await Promise.all([glance.clear(ORIGIN), other.clear(ORIGIN)]);
}

/** The guest as somebody else uploaded it; a server of it is stopped at once, before it has written anything. */
async function upload(to: RealGlance): Promise<string> {
  const format = {disk_format: 'qcow2', container_format: 'bare', min_disk: 1, os_shutdown_timeout: '1'};
  const {id} = await to.create({name: ORIGIN, visibility: 'private', ...format});
  expect(await to.upload(id, new Uint8Array(await readFile(GUEST)))).toBe(204);
  return id;
}

/** Intermediate images of this project; an admin sees those of others, too. */
async function temporary() {
  return (await glance.named('imgmgr-tmp-')).filter(({owner}) => owner === compute.projectId);
}

const environment = (): Record<string, string> => ({XDG_STATE_HOME: join(dir, 'state')});

/** `imgmgr import OBJECT`, to be verified and published. */
async function imported(object: string): Promise<Ran> {
  const what = ['--name', NAME, '--image-version', '1', '--disk-format', 'qcow2', '--login', 'root'];
  const needs = ['--min-disk', '1', '--min-ram', '128', '--visibility', 'public', '--property', 'architecture=x86_64'];
  return imgmgr(['import', object, '--cloud', 'admin', ...what, ...needs, '--verify'], environment());
}

/** All calls that change something, of whatever service, without the login. */
function changes({lines}: Ran): readonly string[] {
  return lines.flatMap(({type, method, url, status}) =>
    type === 'http' && method !== 'GET' && url?.includes('/auth/tokens') === false
      ? [`${method ?? ''} ${new URL(url).pathname} ${status ?? 0}`]
      : [],
  );
}

/** The guest was booted on a server, its image is public and says where it came from, and nothing is left; the second run, which changes nothing. */
async function provePublished(source: string, run: () => Promise<Ran>): Promise<Ran> {
  const first = await run();
  expect(first).toMatchObject(DONE);
  expect(changes(first)).toContain('POST /v2.1/servers 202');
  const images = await glance.named(NAME);
  expect(show(images)).toEqual([`${NAME} | public | current | pass`]);
  expect(images[0]).toMatchObject({
    ...{status: 'active', owner: compute.projectId, disk_format: 'qcow2', image_source: 'private'},
    ...{imgmgr_definition: NAME, internal_version: '1'},
  });
  expect(images[0]?.['imgmgr_record']).toContain(`source=${source}`);
  expect([await compute.ours(), await temporary()]).toEqual([[], []]);
  const second = await run();
  expect(second.done).toEqual([]);
  expect(changes(second)).toEqual([]);
  expect(await glance.named(NAME)).toEqual(images);
  return second;
}

/** What is on a disk is not known beforehand: under a name and version that exist it is refused, and nothing is made of it. */
async function proveImported(object: string): Promise<void> {
  const second = await provePublished(`${object}@admin`, async () => imported(object));
  expect(second).toMatchObject({code: 1});
  expect(JSON.stringify(second.lines.map(({error}) => error?.hint ?? ''))).toContain('--replace');
}

it('an image of another region is booted, judged and published by one manage', async () => {
  const images = join(dir, 'images.yml');
  const meta = `{architecture: x86_64, os_distro: debian, os_version: '12', os_purpose: generic, uuid_validity: last-2}`;
  const head = `images:\n  - name: ${NAME}\n    format: qcow2\n    login: root\n    min_disk: 1\n    min_ram: 128\n    status: active\n    visibility: public\n    multi: true\n    tags: []\n`;
  const versions = `    versions:\n      - {version: '1', url: 'image:${there}@latest', build_date: 2026-01-02}\n`;
  await writeFile(images, `${head}    meta: ${meta}\n${versions}`);
  const second = await provePublished(`image:${there}@latest`, async () =>
    imgmgr(['manage', '--cloud', 'admin', '--images', images, '--verify'], environment()),
  );
  expect(second).toMatchObject({code: 0});
});

it('a stopped server that boots from a volume is booted, judged and published by one import', async () => {
  const server = await disks.stopped({volume: await disks.volume(here)});
  await proveImported(`server:${server}`);
});

// The way of a snapshot and of a volume is part of that of such a server.
it.runIf(FULL)('a snapshot of a volume is booted, judged and published by one import', async () => {
  const snapshot = await disks.snapshot(await disks.volume(here));
  await proveImported(`volume-snapshot:${snapshot}`);
});

it.runIf(FULL)('a volume is booted, judged and published by one import', async () => {
  const volume = await disks.volume(here);
  await proveImported(`volume:${volume}`);
});

it.runIf(FULL)('a stopped server that boots from an image is booted, judged and published by one import', async () => {
  const server = await disks.stopped({image: here});
  await proveImported(`server:${server}`);
});
