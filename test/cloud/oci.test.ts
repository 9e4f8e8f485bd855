import {mkdir, mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {execa} from 'execa';
import {afterAll, beforeAll, expect, it} from 'vitest';
import type {RealRegistry} from '../oracle/registry.ts';
import {digestIn, makeLayout, push, startRegistry} from '../oracle/registry.ts';
import {RealCompute} from './support/compute.ts';
import {RealGlance} from './support/glance.ts';
import {imgmgr} from './support/imgmgr.ts';
import {show} from './support/verified.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const GUEST = join(ROOT, '.cache/tiny-root-guest/tiny-root-guest-1.qcow2');
const NAME = 'Guest of a registry';

let dir = '';
let registry: RealRegistry;
let glance: RealGlance;
let compute: RealCompute;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'imgmgr-oci-'));
  await execa(join(ROOT, 'examples/tiny-root-guest/build.sh'), ['--version', '1']);
  registry = await startRegistry(dir);
  glance = await RealGlance.login('http://127.0.0.1:9292', 'admin');
  compute = await RealCompute.login('admin');
  await compute.clear();
  await glance.clear(NAME);
}, 300_000);
afterAll(async () => {
  await compute.clear();
  await glance.clear(NAME);
  await registry.stop();
  await rm(dir, {recursive: true, force: true});
});

it('a container image that skopeo pushed is booted, judged and published by one manage, and the next run writes nothing', async () => {
  const layer = join(dir, 'layer');
  await mkdir(join(layer, 'disk'), {recursive: true});
  const guest = await readFile(GUEST);
  await writeFile(join(layer, 'disk/guest.qcow2'), guest);
  await makeLayout(join(dir, 'layout'), [{architecture: 'amd64', layers: [layer]}]);
  await push(join(dir, 'layout'), `${registry.host}/team/guest:1`);

  const url = `oci://${registry.host}/team/guest:1`;
  const images = join(dir, 'images.yml');
  const meta = `{architecture: x86_64, os_distro: debian, os_version: '12', os_purpose: generic, uuid_validity: last-2}`;
  const head = `images:\n  - name: ${NAME}\n    format: qcow2\n    login: root\n    min_disk: 1\n    min_ram: 128\n    status: active\n    visibility: public\n    multi: true\n    tags: []\n`;
  const versions = `    versions:\n      - {version: '1', url: '${url}', build_date: 2026-01-02}\n`;
  await writeFile(images, `${head}    meta: ${meta}\n${versions}`);
  const manage = () =>
    imgmgr(['manage', '--cloud', 'admin', '--images', images, '--verify'], {XDG_STATE_HOME: join(dir, 'state')});

  const first = await manage();
  expect(first).toMatchObject({code: 0, stderr: '', done: ['acquire 1', 'verify 1', 'publish 1']});
  const [image, ...others] = await glance.named(NAME);
  expect(others).toEqual([]);
  expect(show(image === undefined ? [] : [image])).toEqual([`${NAME} | public | current | pass`]);
  expect(image).toMatchObject({size: guest.length, image_source: 'private'});
  expect(image?.['imgmgr_record']).toContain(`source=${url}@${await digestIn(dir, 'team/guest', '1')}`);
  expect(await manage()).toMatchObject({code: 0, done: [], writes: []});
  expect(await compute.ours()).toEqual([]);
});
