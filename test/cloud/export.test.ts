import {createHash, randomBytes} from 'node:crypto';
import {mkdtemp, readFile, readdir, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, beforeAll, expect, it} from 'vitest';
import {makeQcow2} from '../fakes/disk-image.ts';
import {listening, send} from '../oracle/listening.ts';
import type {RealRegistry} from '../oracle/registry.ts';
import {startRegistry} from '../oracle/registry.ts';
import {RealGlance} from './support/glance.ts';
import {imgmgr} from './support/imgmgr.ts';

const NAMES = ['export original', 'export again', 'sent by somebody else'] as const;
const DISK = makeQcow2({virtualBytes: 256 * 2 ** 20, dataBytes: 20_000_000});
DISK.set(randomBytes(64), DISK.length - 64);
const SHA512 = createHash('sha512').update(DISK).digest('hex');

let dir = '';
let registry: RealRegistry;
let glance: RealGlance;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'imgmgr-export-'));
  registry = await startRegistry(dir);
  glance = await RealGlance.login('http://127.0.0.1:9292', 'admin');
  for (const name of NAMES) await glance.clear(name);
});
afterAll(async () => {
  for (const name of NAMES) await glance.clear(name);
  await registry.stop();
  await rm(dir, {recursive: true, force: true});
});

const run = (...args: readonly string[]) => imgmgr([...args, '--cloud', 'admin'], {XDG_STATE_HOME: join(dir, 'state')});

it('an image of the real Glance becomes a file of the same bytes, and a container image that is imported again as the same image', async () => {
  await writeFile(join(dir, 'disk.qcow2'), DISK);
  const described = ['--no-verify', '--property', 'architecture=x86_64'];
  expect(await run('import', join(dir, 'disk.qcow2'), '--name', NAMES[0], ...described)).toMatchObject({code: 0});
  const [original] = await glance.named(NAMES[0]);
  expect(original).toMatchObject({os_hash_algo: 'sha512', os_hash_value: SHA512});

  const file = join(dir, 'out.qcow2');
  expect(await run('export', NAMES[0], file)).toMatchObject({code: 0, writes: []});
  expect(
    createHash('sha512')
      .update(await readFile(join(dir, 'out.qcow2')))
      .digest('hex'),
  ).toBe(SHA512);
  expect((await readdir(dir)).filter((name) => name.startsWith('.imgmgr-export-'))).toEqual([]);

  const target = `oci://${registry.host}/team/exported:1`;
  expect(await run('export', NAMES[0], target)).toMatchObject({code: 0});
  const again = ['--name', NAMES[1], '--disk-format', 'qcow2', ...described];
  expect(await run('import', target, ...again)).toMatchObject({code: 0});
  const [imported] = await glance.named(NAMES[1]);
  expect(imported).toMatchObject({os_hash_algo: 'sha512', os_hash_value: SHA512, size: DISK.length});
});

it('what somebody else sends by the printed command becomes an image of the real Glance', async () => {
  await writeFile(join(dir, 'FILE'), DISK);
  const env = {HOME: dir, XDG_STATE_HOME: join(dir, 'state')};
  const {running, command} = await listening(
    env,
    '--cloud',
    'admin',
    '--name',
    NAMES[2],
    '--checksum',
    `sha512:${SHA512}`,
  );
  expect(await send(command, dir)).toBe(`taken: ${DISK.length} bytes were read and are imported\n201`);
  const {exitCode, stderr} = await running;
  expect([exitCode, stderr.split(/^curl /m).length]).toEqual([0, 2]);
  const [image] = await glance.named(NAMES[2]);
  expect(image).toMatchObject({
    status: 'active',
    os_hash_value: SHA512,
    size: DISK.length,
    imgmgr_digest: `sha512:${SHA512}`,
  });
});
