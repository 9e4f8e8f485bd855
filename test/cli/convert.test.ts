import {execFileSync} from 'node:child_process';
import {createHash} from 'node:crypto';
import {mkdir, readdir, readFile, stat, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it, onTestFinished} from 'vitest';
import {temporaryName} from '../../src/host/temporary.ts';
import {run} from '../../src/run.ts';
import {makeQcow2, makeRaw} from '../fakes/disk-image.ts';
import {fakeIo} from './fake-io.ts';
import {listed} from './operator.ts';
import type {Table} from './table.ts';
import {fields, openTable} from './table.ts';

const MIB = 2 ** 20;
const QCOW2 = makeQcow2({virtualBytes: 4 * MIB, dataBytes: MIB});

let table: Table;

beforeEach(async () => {
  table = await openTable();
});
afterEach(async () => {
  expect(await readdir(join(table.folder, 'work')).catch(() => [])).toEqual([]);
  await table.close();
});

const sha512 = (content: Uint8Array): string => createHash('sha512').update(content).digest('hex');

/** What qemu-img makes of the image by itself. */
async function asRaw(image: Uint8Array): Promise<Buffer> {
  const [from, to] = [join(table.folder, 'expected.qcow2'), join(table.folder, 'expected.raw')];
  await writeFile(from, image);
  execFileSync('qemu-img', ['convert', '-f', 'qcow2', '-O', 'raw', from, to]);
  return readFile(to);
}

/** Version 1 of X, a qcow2 with its digest. */
function qcow2(extra: Readonly<Record<string, string>> = {}, content = QCOW2): string {
  const url = table.serve('1', content);
  return table.x([listed('1', url, {checksum: `sha512:${sha512(content)}`, ...extra})], {format: 'qcow2'});
}

/** The ways in which bytes were asked for, and uploads. */
function ways(): string[] {
  return table.cloud.writes().flatMap(({method, path, body}) => {
    if (path.endsWith('/import')) return [(body as {readonly method: {readonly name: string}}).method.name];
    return method === 'PUT' ? [`PUT ${path.split('/').at(-1) ?? ''}`] : [];
  });
}

describe('manage --convert', () => {
  it('gives the cloud the same disk as raw, whatever could fetch it, and proves the source first', async () => {
    const text = qcow2();
    const ran = await table.manage(text, '--convert', 'raw');
    const raw = await asRaw(QCOW2);
    expect([ran.code, ran.errors, ways()]).toEqual([0, [], ['PUT stage', 'glance-direct']]);
    expect(fields(table.named('X'), 'disk_format', 'size', 'os_hash_value', 'imgmgr_digest', 'min_disk')).toEqual([
      'raw',
      4 * MIB,
      sha512(raw),
      `sha512:${sha512(QCOW2)}`,
      1,
    ]);
    const done = ran.lines.find(({type, action}) => type === 'action-done' && action?.kind === 'acquire');
    expect(done?.detail).toContain('disk_format raw');
    expect(done?.detail).toContain('converted from qcow2 to raw');
    expect(ran.lines.find(({type}) => type === 'progress')).toMatchObject({phase: 'fetching'});
    await table.expectQuiet();
  });

  it('leaves an image that is there as it is, converted or not', async () => {
    const text = qcow2();
    await table.manage(text);
    expect(fields(table.named('X'), 'disk_format')).toEqual(['qcow2']);
    const again = await table.manage(text, '--convert', 'raw');
    expect([again.code, again.done, again.counts['unchanged']]).toEqual([0, [], 1]);
    await table.manage(
      table.x(
        [
          listed('1', table.serve('1', QCOW2), {checksum: `sha512:${sha512(QCOW2)}`}),
          listed('2', table.serve('2', QCOW2)),
        ],
        {format: 'qcow2'},
      ),
      ...['--convert', 'raw'],
    );
    expect([table.named('X', '2')['disk_format'], table.named('X (1)')['disk_format']]).toEqual(['raw', 'qcow2']);
    await table.expectQuiet();
  });

  it('lets the cloud fetch what has the format already', async () => {
    const ran = await table.manage(qcow2(), '--convert', 'qcow2');
    expect([ran.code, ways(), table.named('X')['disk_format']]).toEqual([0, ['web-download'], 'qcow2']);
  });

  it('compresses also what is qcow2 already', async () => {
    const loose = Buffer.from(QCOW2);
    loose.fill('compressible ', loose.length - MIB);
    const ran = await table.manage(qcow2({}, loose), '--convert', 'qcow2', '--compress');
    expect([ran.code, ways()]).toEqual([0, ['PUT stage', 'glance-direct']]);
    expect(table.named('X')['disk_format']).toBe('qcow2');
    expect(Number(table.named('X')['size'])).toBeLessThan(loose.length / 2);
    await table.expectQuiet();
  });

  it('uploads bytes that are not the demanded ones to nobody', async () => {
    const ran = await table.manage(qcow2({checksum: `sha512:${'0'.repeat(128)}`}), '--convert', 'raw');
    expect([ran.code, ran.errors[0]?.code, ways(), table.names()]).toEqual([1, 'DIGEST_MISMATCH', [], []]);
  });

  it('is not to be had by web-download', async () => {
    const forced = await table.manage(qcow2(), '--convert', 'raw', '--method', 'web-download');
    expect([forced.code, forced.errors[0]?.message, table.names()]).toEqual([
      2,
      '--method web-download does not fit 1: it is converted from qcow2 to raw on its way (--convert)',
      [],
    ]);
    const fetched = await table.manage(qcow2(), '--convert', 'raw', '--prefetch', 'never');
    expect([fetched.code, fetched.errors[0]?.code, fetched.errors[0]?.message, table.names()]).toEqual([
      1,
      'UNSUPPORTED',
      '1 cannot be imported by web-download: it is converted from qcow2 to raw on its way (--convert)',
      [],
    ]);
    const same = await table.manage(qcow2(), '--convert', 'qcow2', '--prefetch', 'never');
    expect(same.code).toBe(0);
  });

  it('uploads where it was told to, with a known length', async () => {
    const ran = await table.manage(qcow2(), '--convert', 'raw', '--method', 'upload');
    expect([ran.code, ways(), table.named('X')['disk_format']]).toEqual([0, ['PUT file'], 'raw']);
  });

  it('says so before anything is made where qemu-img is missing', async () => {
    const path = process.env['PATH'];
    process.env['PATH'] = table.folder;
    onTestFinished(() => void (process.env['PATH'] = path));
    const ran = await table.manage(qcow2(), '--convert', 'raw');
    expect([ran.code, ran.errors[0]?.message, ran.errors[0]?.hint, ways(), table.names()]).toEqual([
      1,
      'qemu-img is not installed',
      'install it (Debian: apt install qemu-utils)',
      [],
      [],
    ]);
  });

  it('counts the whole disk against the quota', async () => {
    await table.close();
    table = await openTable({quota: {mebibytes: 3}});
    const ran = await table.manage(qcow2(), '--convert', 'raw');
    expect([ran.code, ran.errors[0]?.code, table.names()]).toEqual([75, 'QUOTA', []]);
    expect(ran.errors[0]?.message).toContain(String(4 * MIB));
  });

  it('warns of what is no disk, and takes it as it is', async () => {
    const iso = Buffer.alloc(MIB);
    iso.write('CD001', 0x8001);
    iso.writeUInt32LE(512, 0x8050);
    iso.writeUInt16LE(2048, 0x8080);
    const text = table.x([listed('1', table.serve('1', iso))], {format: 'iso'});
    const ran = await table.manage(text, '--convert', 'raw');
    expect([ran.code, ran.warnings, ways()]).toEqual([0, ['not-converted'], ['web-download']]);
    expect(table.named('X')['disk_format']).toBe('iso');
  });

  it('corrects the format of an empty record with a demanded id', async () => {
    const id = '11111111-2222-4333-8444-555555555555';
    table.cloud.misbehave('conflict409', {match: {method: 'PUT', path: /\/file$/}});
    const failed = await table.manage(qcow2({id}));
    expect([failed.code, table.cloud.views().map(({status, disk_format}) => [status, disk_format])]).toEqual([
      1,
      [['queued', 'qcow2']],
    ]);
    const ran = await table.manage(qcow2({id}), '--convert', 'raw');
    expect([ran.code, ran.errors]).toEqual([0, []]);
    expect(fields(table.named('X'), 'id', 'disk_format', 'size')).toEqual([id, 'raw', 4 * MIB]);
    await table.expectQuiet();
  });
});

/** Bytes that qemu-img has written so far. */
async function resultBytes(): Promise<number> {
  const work = join(table.folder, 'work');
  const [folder] = await readdir(work).catch(() => []);
  if (folder === undefined) return 0;
  return (await stat(join(work, folder, 'result')).catch(() => ({size: 0}))).size;
}

describe('a conversion that is interrupted', () => {
  it('leaves nothing here and nothing on the cloud, exit 130', async () => {
    // Compressing what cannot be compressed takes seconds; then qemu-img has begun to write, and is not done.
    const content = makeRaw({bytes: 64 * MIB}).fill(0, 446, 512);
    const images = await table.write(
      table.x([listed('1', table.serve('1', content), {checksum: `sha512:${sha512(content)}`})], {format: 'raw'}),
    );
    const io = fakeIo();
    const convert = ['--convert', 'qcow2', '--compress'];
    const running = run(['manage', '--cloud', 'admin', '--images', images, '--no-verify', ...convert], io, {
      HOME: table.folder,
      PATH: process.env['PATH'],
      OS_CLIENT_CONFIG_FILE: join(table.folder, 'clouds.yaml'),
      IMGMGR_BUILD_DIR: join(table.folder, 'work'),
    });
    await expect.poll(resultBytes, {timeout: 60_000, interval: 20}).toBeGreaterThan(MIB);
    io.send('SIGINT');
    expect([await running, table.names(), await readdir(join(table.folder, 'work'))]).toEqual([130, [], []]);
  });
});

describe('dry-run --convert', () => {
  it('says what would be converted, and makes nothing', async () => {
    const ran = await table.run('dry-run', qcow2(), '--convert', 'qcow2', '--compress');
    const planned = ran.lines.find(({type}) => type === 'planned')?.actions?.[0];
    expect([ran.code, planned]).toEqual([
      3,
      expect.objectContaining({reason: 'not in the cloud yet, converted from qcow2 to compressed qcow2'}),
    ]);
    const same = await table.run('dry-run', qcow2(), '--convert', 'qcow2');
    expect(same.lines.find(({type}) => type === 'planned')?.actions?.[0]).toMatchObject({
      reason: 'not in the cloud yet',
    });
    expect(await readdir(table.folder)).not.toContain('work');
  });
});

describe('import --convert', () => {
  it('takes a local file, into a cloud and into the embedded one, and the second time does nothing', async () => {
    const raw = makeRaw({bytes: 2 * MIB}).fill(0, 446, 512);
    const file = join(table.folder, 'disk.raw');
    await writeFile(file, raw);
    for (const cloud of ['admin', 'local']) {
      const ran = await table.imgmgr('import', file, '--cloud', cloud, '--name', 'F', '--convert', 'qcow2');
      expect([ran.code, ran.errors]).toEqual([0, []]);
      const again = await table.imgmgr('import', file, '--cloud', cloud, '--name', 'F', '--convert', 'qcow2');
      expect([again.code, again.done]).toEqual([0, []]);
    }
    expect(table.named('F')['disk_format']).toBe('qcow2');
    const images = join(table.folder, 'local', 'images');
    const [id = ''] = await readdir(images);
    const record = JSON.parse(await readFile(join(images, id, 'image.json'), 'utf8')) as Record<string, unknown>;
    expect(record).toMatchObject({name: 'F', disk_format: 'qcow2', virtual_size: 2 * MIB});
    execFileSync('qemu-img', ['compare', '-f', 'raw', '-F', 'qcow2', file, join(images, id, 'data')]);
  });

  it('gives a hint of what it refuses: a disk that builds on another', async () => {
    const child = join(table.folder, 'child.qcow2');
    await writeFile(join(table.folder, 'base.qcow2'), QCOW2);
    execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', '-b', 'base.qcow2', '-F', 'qcow2', child]);
    const ran = await table.imgmgr('import', child, '--cloud', 'admin', '--convert', 'raw');
    expect([ran.code, ran.errors[0]?.code, table.names()]).toEqual([1, 'FORMAT_REFUSED', []]);
    expect(ran.errors[0]?.hint).toContain('flatten it');
  });
});

describe('a run that acquires', () => {
  it('removes what a killed conversion left, also when nothing is converted any more', async () => {
    const work = join(table.folder, 'work');
    const dead = temporaryName('imgmgr-convert-').replace(`.${process.pid}.`, '.999999999.');
    await mkdir(join(work, dead), {recursive: true});
    await writeFile(join(work, dead, 'result'), 'half');
    await table.run('dry-run', qcow2());
    expect(await readdir(work)).toEqual([dead]);
    await table.manage(qcow2());
    expect(await readdir(work)).toEqual([]);
  });
});
