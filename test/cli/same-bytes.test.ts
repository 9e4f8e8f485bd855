import {createHash} from 'node:crypto';
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import type {Ran} from './operator.ts';
import type {Table} from './table.ts';
import {openTable} from './table.ts';

let table: Table;

beforeEach(async () => {
  table = await openTable();
});
afterEach(async () => table.close());

const BYTES_A = Buffer.alloc(50_000, 'version A ');
const BYTES_B = Buffer.alloc(50_000, 'version B ');

function hex(algorithm: string, bytes: Uint8Array): string {
  return createHash(algorithm).update(bytes).digest('hex');
}

/** X with version 1, whose digest of these bytes is demanded in that algorithm. */
function demanding(algorithm: string | undefined, bytes: Uint8Array): string {
  const address = table.serve('1', bytes);
  const checksum = algorithm === undefined ? '' : `, checksum: '${algorithm}:${hex(algorithm, bytes)}'`;
  return table.x([`- {version: '1', url: '${address}', build_date: 2026-01-02${checksum}}`]);
}

async function file(name: string, bytes: Uint8Array): Promise<string> {
  const path = join(table.folder, name);
  await writeFile(path, bytes);
  return path;
}

function importX(address: string, ...flags: readonly string[]): Promise<Ran> {
  return table.imgmgr('import', '--cloud', 'admin', address, '--name', 'X', '--disk-format', 'raw', ...flags);
}

function imageWrites(): string[] {
  return table.cloud.writes().flatMap(({method, body}) => {
    const stamp = JSON.stringify(body ?? '');
    return stamp.includes('"lease"') || method === 'DELETE' ? [] : [method];
  });
}

describe('a definition that demands another digest', () => {
  it("R1: published from A with sha256, now B with sha512: refused, since Glance's hash disproves it; --replace imports B", async () => {
    await table.manage(demanding('sha256', BYTES_A));
    const text = demanding('sha512', BYTES_B);
    const refused = await table.manage(text);
    expect([refused.code, refused.errors.map(({code}) => code), refused.done]).toEqual([1, ['DIGEST_CHANGED'], []]);
    expect(refused.errors[0]?.message).toContain(`sha512:${hex('sha512', BYTES_A)}`);
    expect(refused.errors[0]?.message).toContain(`sha512:${hex('sha512', BYTES_B)}`);
    await table.expectQuiet();
    expect((await table.manage(text, '--replace')).done).toEqual(['acquire 1', 'publish 1', 'retire 1']);
    expect(table.named('X')['os_hash_value']).toBe(hex('sha512', BYTES_B));
    await table.manage(text);
    await table.expectQuiet();
  });

  it('R1: a digest that cannot be compared is a warning in every run, until verify --deep has recorded it', async () => {
    await table.manage(demanding(undefined, BYTES_A));
    const text = demanding('sha256', BYTES_A);
    for (let run = 0; run < 2; run++)
      expect(await table.manage(text)).toMatchObject({code: 0, warnings: ['digest-unknown'], done: []});
    table.cloud.clearLog();
    const deep = await table.run('verify', text, '--deep');
    expect(deep.code, deep.text).toBe(0);
    expect(imageWrites()).toEqual(['PATCH']);
    expect(deep.lines.find(({type}) => type === 'bytes-verified')).toMatchObject({
      image: table.named('X')['id'],
      bytes: 50_000,
      recorded: true,
      digests: expect.arrayContaining([`sha256:${hex('sha256', BYTES_A)}`]) as string[],
    });
    expect(table.named('X')['imgmgr_digest']).toBe(`sha256:${hex('sha256', BYTES_A)}`);
    expect(await table.manage(text)).toMatchObject({code: 0, warnings: [], done: []});
    table.cloud.clearLog();
    expect((await table.run('verify', text, '--deep')).code).toBe(0);
    expect(table.cloud.writes()).toEqual([]);
  });

  it('R1: verify --deep records a further algorithm beside the one of the import', async () => {
    await table.manage(demanding('sha256', BYTES_A));
    const text = demanding('sha384', BYTES_A);
    expect((await table.manage(text)).warnings).toEqual(['digest-unknown']);
    expect((await table.run('verify', text, '--deep')).code).toBe(0);
    expect(table.named('X')['imgmgr_digest']).toBe(`sha256:${hex('sha256', BYTES_A)}`);
    expect((await table.manage(text)).warnings).toEqual([]);
    expect((await table.manage(demanding('sha384', BYTES_B))).errors.map(({code}) => code)).toEqual(['DIGEST_CHANGED']);
  });

  it('R1: verify --deep: other bytes than demanded: exit 1, both digests in full, nothing recorded', async () => {
    await table.manage(demanding(undefined, BYTES_A));
    const text = demanding('sha256', BYTES_B);
    table.cloud.clearLog();
    const deep = await table.run('verify', text, '--deep');
    expect([deep.code, deep.errors.map(({code}) => code)]).toEqual([1, ['DIGEST_MISMATCH']]);
    expect(deep.errors[0]?.message).toContain(`sha256:${hex('sha256', BYTES_A)}`);
    expect(deep.errors[0]?.message).toContain(`sha256:${hex('sha256', BYTES_B)}`);
    expect(table.cloud.writes()).toEqual([]);
  });

  it("R1: verify --deep: bytes that are not those of Glance's own hash: exit 1, both digests in full", async () => {
    await table.manage(demanding('sha256', BYTES_A));
    table.byHand('X', {os_hash_value: 'f'.repeat(128)});
    const deep = await table.run('verify', demanding('sha256', BYTES_A), '--deep');
    expect([deep.code, deep.errors.map(({code}) => code)]).toEqual([1, ['DIGEST_MISMATCH']]);
    expect(deep.errors[0]?.message).toContain(`sha512:${hex('sha512', BYTES_A)}`);
    expect(deep.errors[0]?.message).toContain(`sha512:${'f'.repeat(128)}`);
  });

  it('R1: verify --deep with --no-record writes nothing, and takes ids', async () => {
    await table.manage(demanding(undefined, BYTES_A));
    const path = await table.write(demanding('sha256', BYTES_A));
    table.cloud.clearLog();
    const id = String(table.named('X')['id']);
    const deep = await table.imgmgr('verify', '--cloud', 'admin', '--images', path, id, '--deep', '--no-record');
    expect(deep.code, deep.text).toBe(0);
    expect(table.cloud.writes()).toEqual([]);
  });

  it('R1: verify --deep works on the local cloud', async () => {
    const address = await file('disk.raw', BYTES_A);
    const made = await table.imgmgr('import', '--cloud', 'local', address, '--name', 'X', '--disk-format', 'raw');
    expect(made.code, made.text).toBe(0);
    const deep = await table.imgmgr('verify', '--cloud', 'local', 'X', '--deep');
    expect(deep.lines.find(({type}) => type === 'bytes-verified')).toMatchObject({
      bytes: 50_000,
      digests: expect.arrayContaining([`sha512:${hex('sha512', BYTES_A)}`, `md5:${hex('md5', BYTES_A)}`]) as string[],
    });
    expect(deep.code, deep.text).toBe(0);
  });

  it('R1: verify --deep of a local file is exit 2', async () => {
    expect((await table.imgmgr('verify', await file('disk.raw', BYTES_A), '--deep')).code).toBe(2);
  });
});

describe('import under a name and version that exist', () => {
  const V = ['--image-version', '1'] as const;

  it('R2: other bytes are refused, exit 1, and nothing changes; --replace and --image-version import them', async () => {
    await importX(await file('a.raw', BYTES_A), ...V);
    const b = await file('b.raw', BYTES_B);
    table.cloud.clearLog();
    const refused = await importX(b, ...V);
    expect([refused.code, refused.errors.map(({code}) => code), table.cloud.writes()]).toEqual([
      1,
      ['DIGEST_CHANGED'],
      [],
    ]);
    expect(refused.errors[0]?.hint).toMatch(/--image-version.*--replace/);
    expect((await importX(b, ...V, '--replace')).done).toEqual(['acquire 1', 'publish 1', 'retire 1']);
    expect(table.named('X')['os_hash_value']).toBe(hex('sha512', BYTES_B));
    expect((await importX(await file('a.raw', BYTES_A), '--image-version', '2')).done).toEqual([
      'acquire 2',
      'publish 2',
      'retire 1',
    ]);
  });

  it('R2: the same file is recognised by its bytes under any name: rc 0, unchanged', async () => {
    await importX(await file('a.raw', BYTES_A), ...V);
    table.cloud.clearLog();
    const again = await importX(await file('another-name.raw', BYTES_A), ...V, '--property', 'colour=red');
    expect([again.code, again.counts['unchanged'], table.cloud.writes()]).toEqual([0, 1, []]);
    expect(again.warnings).toEqual(['import-unchanged']);
    expect(table.named('X')['colour']).toBeUndefined();
  });

  it('R2: a demanded digest that is the live one: rc 0, and the address is not even asked', async () => {
    await importX(await file('a.raw', BYTES_A), ...V);
    for (const algorithm of ['sha512', 'md5']) {
      const checksum = `${algorithm}:${hex(algorithm, BYTES_A)}`;
      const again = await importX('http://127.0.0.1:1/a.raw', ...V, '--checksum', checksum);
      expect([again.code, again.counts['unchanged']]).toEqual([0, 1]);
    }
  });

  it('R2: an address without a digest is refused, exit 1, also the same one', async () => {
    const address = table.serve('1', BYTES_A);
    await importX(address, ...V);
    table.cloud.clearLog();
    const again = await importX(address, ...V);
    expect([again.code, again.errors.map(({code}) => code), table.cloud.writes()]).toEqual([1, ['CONFLICT'], []]);
    expect(again.errors[0]?.hint).toMatch(/--image-version.*--replace.*--checksum/);
  });

  it('R2: an address that cannot be reached changes nothing, also under the version of a retired image', async () => {
    await importX(await file('a.raw', BYTES_A), ...V);
    await importX(await file('b.raw', BYTES_B), '--image-version', '2');
    const before = table.show();
    table.cloud.clearLog();
    for (const version of ['1', '2'])
      expect((await importX('http://127.0.0.1:1/x.raw', '--image-version', version)).code).toBe(1);
    expect([table.show(), table.cloud.writes()]).toEqual([before, []]);
    expect((await importX('http://127.0.0.1:1/x.raw', '--image-version', '1', '--replace')).code).not.toBe(0);
    expect(table.show()).toEqual(before);
    expect(table.named('X')['internal_version']).toBe('2');
  });

  it('R2: a file that cannot be read changes nothing', async () => {
    await importX(await file('a.raw', BYTES_A), ...V);
    table.cloud.clearLog();
    const ran = await importX(await file('empty.raw', Buffer.alloc(0)), ...V);
    expect(ran.code).toBe(1);
    expect(table.cloud.writes()).toEqual([]);
  });

  it('R2: an older version never retires the newer one: it is published under its own version', async () => {
    await importX(await file('b.raw', BYTES_B), '--image-version', '2');
    const ran = await importX(await file('a.raw', BYTES_A), ...V);
    expect([ran.code, ran.done]).toEqual([0, ['acquire 1', 'publish 1']]);
    expect(table.named('X')['internal_version']).toBe('2');
    expect(table.named('X (1)')['internal_version']).toBe('1');
    table.cloud.clearLog();
    expect((await importX(await file('a.raw', BYTES_A), ...V)).code).toBe(0);
    expect(table.cloud.writes()).toEqual([]);
  });

  it('R2: a dead import of the same address is gone on with, of another one it is not', async () => {
    const left = (source: string): void => {
      table.cloud.seed(
        {
          name: 'X (1)',
          ...{
            status: 'active',
            visibility: 'private',
            os_hidden: true,
            tags: ['managed_by_imgmgr'],
            disk_format: 'raw',
          },
          properties: {
            imgmgr_definition: 'X',
            imgmgr_version: '1',
            imgmgr_state: 'importing',
            imgmgr_run: 'dead',
            imgmgr_origin: 'command',
            image_source: source,
          },
        },
        BYTES_A,
      );
    };
    const address = table.serve('1', BYTES_A);
    left(address);
    expect((await importX(address, ...V)).done).toEqual(['resume 1', 'publish 1']);
    table.cloud.images.remove(String(table.named('X')['id']), 'an operator');
    left('http://127.0.0.1:1/other.raw');
    expect((await importX(address, ...V)).done).toEqual(['remove 1', 'acquire 1', 'publish 1']);
  });

  it('R2: an image that waits for its publication is not taken for other bytes, nor removed for another version', async () => {
    await importX(await file('a.raw', BYTES_A), ...V, '--no-publish');
    const refused = await importX(await file('b.raw', BYTES_B), ...V);
    expect(refused.code).toBe(1);
    expect((await importX(await file('b.raw', BYTES_B), '--image-version', '2')).done).toEqual([
      'acquire 2',
      'publish 2',
    ]);
    expect(table.named('X (1)')['imgmgr_state']).toBe('ready');
    expect((await importX(await file('a.raw', BYTES_A), ...V)).done).toEqual(['publish 1']);
  });
});
