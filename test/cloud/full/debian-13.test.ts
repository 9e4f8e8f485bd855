import {mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {execa} from 'execa';
import {afterAll, beforeAll, expect, it} from 'vitest';
import {consoles} from '../../evidence.ts';
import {RealCompute} from '../support/compute.ts';
import {RealGlance} from '../support/glance.ts';
import {imgmgr} from '../support/imgmgr.ts';
import {looksAsUsersWant, withUserServer} from '../support/server.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const NAME = 'Verified Trixie';

let dir: string;
/** Where diskimage-builder is, and the mirrors. */
let tools: Readonly<Record<string, string>>;
let glance: RealGlance;
let compute: RealCompute;

beforeAll(async () => {
  const {stdout} = await execa(join(ROOT, 'scripts/setup-dib.sh'));
  tools = Object.fromEntries(
    [...stdout.matchAll(/^export (\w+)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value]),
  );
  dir = await mkdtemp(join(tmpdir(), 'imgmgr-debian-13-'));
  glance = await RealGlance.login('http://127.0.0.1:9292', 'admin');
  compute = await RealCompute.login('admin');
  await Promise.all([compute.clear(), glance.clear(NAME)]);
}, 600_000);
afterAll(async () => {
  await compute.clear();
  await glance.clear(NAME);
  await rm(dir, {recursive: true, force: true});
});

it('Debian 13 goes from nothing to a published, verified image on the real OpenStack, and is what users want', async () => {
  const text = await readFile(join(ROOT, 'test/cloud/debian/images.yml'), 'utf8');
  const images = join(dir, 'images.yml');
  await writeFile(
    images,
    text.replace('Verified Debian', NAME).replace("os_version: '12'", "os_version: '13'").replace('bookworm', 'trixie'),
  );
  // Caches of its own, so that this is what a first build is; they go with the folder.
  const env = {...tools, XDG_STATE_HOME: join(dir, 'state')};
  const manage = ['manage', '--cloud', 'admin', '--images', images, '--verify'];
  const ran = await imgmgr(manage, env);
  expect(
    ran.lines.find(({type}) => type === 'verdict'),
    consoles(ran.lines),
  ).toMatchObject({verdict: {kind: 'pass', failed: []}});
  expect(ran.done.map((done) => done.replace(/ .*/, ''))).toEqual(['acquire', 'verify', 'publish']);
  expect(ran.code).toBe(0);
  const [image] = await glance.named(NAME);
  expect(image).toMatchObject({
    name: NAME,
    visibility: 'public',
    patchlevel: expect.stringMatching(/^13\.\d+$/) as string,
  });
  expect(await imgmgr(manage, env)).toMatchObject({code: 0, writes: []});

  const key = join(dir, 'key');
  await execa('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'operator', '-f', key]);
  const publicKey = (await readFile(`${key}.pub`, 'utf8')).trim();
  await withUserServer(compute, {image: image?.id ?? '', key, publicKey}, (server) =>
    looksAsUsersWant(server, publicKey),
  );
}, 2_400_000);
