import {createHash} from 'node:crypto';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {makeQcow2} from '../fakes/disk-image.ts';
import type {FakeCloud} from '../fakes/fake-cloud.ts';
import {startFakeCloud} from '../fakes/fake-cloud.ts';
import type {ImageRecord} from '../fakes/glance/image-table.ts';
import {listed} from './operator.ts';
import type {Table} from './table.ts';
import {fields, openTable} from './table.ts';

const QCOW2 = makeQcow2({virtualBytes: 4 * 2 ** 20, dataBytes: 100_000});
const OTHER = makeQcow2({virtualBytes: 8 * 2 ** 20, dataBytes: 100_000});
const sha512 = (bytes: Uint8Array): string => createHash('sha512').update(bytes).digest('hex');
let table: Table;
/** Another cloud of the operator. */
let far: FakeCloud;

beforeEach(async () => {
  [table, far] = await Promise.all([openTable(), startFakeCloud()]);
  const more = far
    .cloudsYaml()
    .replace('clouds:\n', '')
    .replace('  admin:', '  far:')
    .replaceAll(/^ {2}(?:member|credential):/gm, '  $&-far:');
  await table.writeClouds(
    `${table.cloud.cloudsYaml()}${more.replaceAll(/^ +(member|credential):-far:/gm, '  $1-far:')}`,
  );
});
afterEach(() => Promise.all([table.close(), far.close()]));

function origin(changes: Partial<ImageRecord> = {}, bytes: Uint8Array = QCOW2): ImageRecord {
  return far.seed(
    {name: 'Debian far', disk_format: 'qcow2', visibility: 'private', owner: far.accounts.admin.projectId, ...changes},
    bytes,
  );
}

const definition = (url: string, extra: Readonly<Record<string, string>> = {}): string =>
  table.x([listed('1', url, extra)], {format: 'qcow2'});

describe('a definition whose url is an image of another cloud', () => {
  it('makes an image of its bytes, compares them with the hash of its Glance, and says where they came from', async () => {
    const {id} = origin();
    const url = `image:${id}@far`;
    const ran = await table.manage(definition(url));
    expect([ran.code, ran.errors]).toEqual([0, []]);
    const image = table.named('X');
    expect(fields(image, 'disk_format', 'size', 'visibility', 'image_source', 'imgmgr_digest')).toEqual([
      ...['qcow2', QCOW2.length, 'public', 'private', `sha512:${sha512(QCOW2)}`],
    ]);
    const shown = await table.print('show', 'X', '--cloud', 'admin', '--images', join(table.folder, 'images.yml'));
    expect(shown.out).toContain(url);
    expect(far.writes()).toEqual([]);
    await table.expectQuiet();
  });

  it('finds nothing to do once its image is there, also when the origin is gone; another image under the same version is an error', async () => {
    const first = origin();
    await table.manage(definition(`image:${first.id}@far`));
    const other = origin({}, OTHER);
    const changed = await table.manage(definition(`image:${other.id}@far`));
    expect([changed.code, changed.errors.map(({code}) => code)]).toEqual([1, ['DIGEST_CHANGED']]);
    far.images.remove(first.id, 'by hand');
    const again = await table.manage(definition(`image:${first.id}@far`));
    expect([again.code, again.counts['unchanged']]).toEqual([0, 1]);
  });

  it.each([
    ['is deactivated', {status: 'deactivated'}],
    ['is queued, not active', {status: 'queued'}],
    ['is encrypted', {properties: {cinder_encryption_key_id: 'x'}}],
    ['stands for snapshots of volumes', {properties: {block_device_mapping: '[]'}}],
  ] as const)('refuses an image that %s, and makes nothing', async (words, changes) => {
    const {id} = origin(changes);
    const ran = await table.manage(definition(`image:${id}@far`));
    expect([ran.code, ran.errors.map(({code}) => code)]).toEqual([1, ['SOURCE_REFUSED']]);
    expect(ran.errors[0]?.message).toContain(words);
    expect(table.cloud.images.all()).toEqual([]);
  });

  it('believes the bytes, not what the other Glance says of them', async () => {
    const raw = origin({disk_format: 'qcow2'}, Buffer.alloc(100_000, 1));
    const ran = await table.manage(definition(`image:${raw.id}@far`));
    expect([ran.code, ran.errors.map(({code}) => code)]).toEqual([1, ['FORMAT_REFUSED']]);
    const lying = origin({os_hash_value: sha512(OTHER)});
    const other = await table.manage(definition(`image:${lying.id}@far`));
    expect([other.code, other.errors.map(({code}) => code)]).toEqual([1, ['DIGEST_MISMATCH']]);
    const demanded = await table.manage(
      definition(`image:${lying.id}@far`, {checksum: `sha256:${createHash('sha256').update(QCOW2).digest('hex')}`}),
    );
    expect([demanded.code, demanded.errors.map(({code}) => code)]).toEqual([1, ['DIGEST_MISMATCH']]);
    const large = await table.manage(definition(`image:${origin().id}@far`), '--max-download', '1K');
    expect([large.code, large.errors[0]?.message]).toEqual([1, expect.stringContaining('1024')]);
    expect(table.cloud.images.all()).toEqual([]);
  });

  it('that names an unknown cloud is an error of the definition alone, exit 2', async () => {
    const ran = await table.manage(definition(`image:${origin().id}@nowhere`));
    expect([ran.code, ran.errors[0]?.code, ran.errors[0]?.message]).toEqual([
      2,
      'CONFIG',
      expect.stringContaining('nowhere'),
    ]);
  });
});

describe('import image:ID', () => {
  const imported = (...argv: readonly string[]) => table.imgmgr('import', '--cloud', 'admin', ...argv);

  it('takes name, format and sizes of the origin, is private, and finds the same bytes there the second time', async () => {
    const {id} = origin({min_disk: 3, min_ram: 512});
    const ran = await imported(`image:${id}`, '--from-cloud', 'far');
    expect([ran.code, ran.errors]).toEqual([0, []]);
    const fieldsOf = fields(
      table.named('Debian far'),
      'visibility',
      'disk_format',
      'min_disk',
      'min_ram',
      'image_source',
    );
    expect(fieldsOf).toEqual(['private', 'qcow2', 3, 512, 'private']);
    const again = await imported(`image:${id}@far`);
    expect([again.code, again.done]).toEqual([0, []]);
    const dry = await imported(`image:${id}@far`, '--name', 'Other', '--dry-run');
    expect([dry.code, table.cloud.images.all().length]).toEqual([3, 1]);
  });

  it('makes a second image of one in the same cloud, under a name of its own', async () => {
    const {id} = table.cloud.seed(
      {name: 'here', disk_format: 'qcow2', owner: table.cloud.accounts.admin.projectId},
      QCOW2,
    );
    const nameless = await imported(`image:${id}`);
    expect([nameless.code, nameless.errors[0]?.message]).toEqual([2, expect.stringContaining('name')]);
    const ran = await imported(`image:${id}`, '--name', 'copy');
    expect([ran.code, fields(table.named('copy'), 'size', 'disk_format')]).toEqual([0, [QCOW2.length, 'qcow2']]);
  });

  it.each([
    ['image:debian', 'names no image', []],
    ['image:7fc47406-9194-4c74-b482-1257425e784c', 'is not there', []],
    ['image:7fc47406-9194-4c74-b482-1257425e784c', 'unknown cloud', ['--from-cloud', 'nowhere']],
    ['image:7fc47406-9194-4c74-b482-1257425e784c@far', 'do not fit', ['--from-cloud', 'admin']],
    ['volume:7fc47406-9194-4c74-b482-1257425e784c', 'do not fit', ['--from-cloud', 'far']],
    ['volume:x', 'names no volume', []],
    ['server:7fc47406-9194-4c74-b482-1257425e784c@far', 'names no server', []],
    ['https://example.org/x.img', 'none of a cloud', ['--from-cloud', 'far']],
    ['image:7fc47406-9194-4c74-b482-1257425e784c', 'is in one cloud', ['--cloud', 'member']],
  ])('%s: %s, exit 2, and nothing is made', async (address, words, flags) => {
    const ran = await imported(address, '--name', 'X', ...flags);
    expect([ran.code, ran.errors[0]?.message]).toEqual([2, expect.stringContaining(words)]);
    expect(table.cloud.writes()).toEqual([]);
  });
});
