import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {RealGlance} from './support/glance.ts';
import {imgmgr} from './support/imgmgr.ts';

const PREFIX = 'accept-refused';
/** Marks the images that the policy of this test is about; other tests work on the same Glance. */
const MIN_RAM = 77;
const POLICY = join(process.env['LAB'] ?? '/opt/openstack-lab', 'etc/glance-policy.yaml');
const RULE = `(role:admin or project_id:%(owner)s) and not ('uploading':%(status)s and '${MIN_RAM}':%(min_ram)s)`;

let admin: RealGlance;
let dir = '';

beforeAll(async () => {
  admin = await RealGlance.login('http://127.0.0.1:9292', 'admin');
  dir = await mkdtemp(join(tmpdir(), 'imgmgr-refused-'));
  await admin.clear(PREFIX);
});

afterAll(async () => {
  await writeFile(POLICY, '{}\n');
  await admin.clear(PREFIX);
  await rm(dir, {recursive: true, force: true});
});

test('R5: a policy that refuses imports (403): the few bytes are sent again by upload, and no byte of the next image is staged', async () => {
  const names = [`${PREFIX} 1`, `${PREFIX} 2`];
  const images = names.map((name, index) => {
    return `  - {name: ${name}, format: raw, login: debian, min_disk: 1, min_ram: ${MIN_RAM}, status: active, visibility: private, multi: true,
     tags: [], meta: {architecture: x86_64, os_distro: debian, os_version: '12', os_purpose: generic},
     versions: [{version: '1', url: 'file:${index}.img', build_date: 2026-01-02}]}`;
  });
  await writeFile(join(dir, 'images.yml'), `images:\n${images.join('\n')}\n`);
  for (const index of names.keys())
    await writeFile(join(dir, `${index}.img`), Buffer.alloc(1_000_000, `image ${index} `));
  await writeFile(POLICY, JSON.stringify({modify_image: RULE}));
  // Glance compares the time of the file, which counts in seconds on some file systems.
  await sleep(1100);
  const flags = ['--images', join(dir, 'images.yml'), '--no-verify', '--jobs', '1', '--debug'];
  const {code, lines} = await imgmgr(['manage', '--cloud', 'admin', ...flags]);
  expect(code).toBe(0);
  const calls = lines
    .filter(({type}) => type === 'http')
    .map(({method, url, status}) => [method, url, status].join(' '));
  expect(calls.filter((call) => /^POST .*\/import /.test(call)).map((call) => call.slice(-3))).toEqual(['403']);
  expect(calls.filter((call) => /^PUT .*\/stage /.test(call))).toHaveLength(1);
  expect(calls.filter((call) => /^PUT .*\/file /.test(call))).toHaveLength(2);
  for (const name of names) expect(await admin.named(name)).toMatchObject([{name, status: 'active'}]);
});
