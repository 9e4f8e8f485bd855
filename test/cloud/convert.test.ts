import {createHash} from 'node:crypto';
import {mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {execa} from 'execa';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {makeQcow2} from '../fakes/disk-image.ts';
import {NEWEST, RealGlance} from './support/glance.ts';
import {imgmgr} from './support/imgmgr.ts';

const NAME = 'Converted on its way';
const VIRTUAL_BYTES = 8 * 2 ** 20;

let dir: string;
let sha512: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'imgmgr-convert-'));
  await writeFile(join(dir, 'disk.qcow2'), makeQcow2({virtualBytes: VIRTUAL_BYTES, dataBytes: 130_000}));
  await execa('qemu-img', ['convert', '-O', 'raw', join(dir, 'disk.qcow2'), join(dir, 'disk.raw')]);
  sha512 = createHash('sha512')
    .update(await readFile(join(dir, 'disk.raw')))
    .digest('hex');
});
afterAll(() => rm(dir, {recursive: true, force: true}));

describe.each(NEWEST)('--convert on the Glance of cloud $cloud', ({cloud, url}) => {
  let glance: RealGlance;
  beforeAll(async () => {
    glance = await RealGlance.login(url, 'admin');
    await glance.clear(NAME);
  });
  afterAll(() => glance.clear(NAME));

  it.each(['upload', 'glance-direct'])('a qcow2 arrives as raw by %s, and is not sent again', async (method) => {
    await glance.clear(NAME);
    const args = [
      'import',
      join(dir, 'disk.qcow2'),
      '--name',
      NAME,
      '--cloud',
      cloud,
      '--min-disk',
      '1',
      '--min-ram',
      '128',
    ];
    const convert = [...args, '--convert', 'raw', '--method', method];
    expect(await imgmgr(convert, {XDG_STATE_HOME: dir})).toMatchObject({code: 0});
    const images = await glance.named(NAME);
    expect(images).toHaveLength(1);
    expect(images[0]).toMatchObject({disk_format: 'raw', status: 'active', size: VIRTUAL_BYTES, os_hash_value: sha512});
    expect(await imgmgr(convert, {XDG_STATE_HOME: dir})).toMatchObject({code: 0, writes: []});
    // What is there stays as it is, whatever would be sent today.
    expect(await imgmgr([...args, '--method', method], {XDG_STATE_HOME: dir})).toMatchObject({code: 0, writes: []});
  });
});
