import {execFileSync} from 'node:child_process';
import {createHash} from 'node:crypto';
import {chmod, mkdir, readdir, readFile, truncate, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it, onTestFinished, vi} from 'vitest';
import type {Confinement, RunTool} from '../../src/host/confine.ts';
import {makeRaw} from '../fakes/disk-image.ts';
import {listed} from './operator.ts';
import type {Table} from './table.ts';
import {fields, openTable} from './table.ts';

const host = vi.hoisted(() => ({confines: true}));
vi.mock('../../src/host/confine.ts', async (original) => {
  const real = await original<{findConfinement(run: RunTool): Promise<Confinement>}>();
  return {
    ...real,
    findConfinement: (run: RunTool) =>
      real.findConfinement(host.confines ? run : () => Promise.reject(new Error('there is none'))),
  };
});

const MIB = 2 ** 20;
/** disk_format, QEMU's name, options. */
const DISKS = [
  ['vmdk', 'vmdk', 'subformat=monolithicSparse'],
  ['vmdk', 'vmdk', 'subformat=streamOptimized'],
  ['vdi', 'vdi', 'static=off'],
  ['vhd', 'vpc', 'subformat=dynamic,force_size=on'],
  ['vhd', 'vpc', 'subformat=fixed,force_size=on'],
] as const;

let table: Table;

beforeEach(async () => {
  host.confines = true;
  table = await openTable();
});
afterEach(async () => {
  expect(await readdir(join(table.folder, 'work')).catch(() => [])).toEqual([]);
  await table.close();
});

const sha512 = (content: Uint8Array): string => createHash('sha512').update(content).digest('hex');

/** A disk of 4 MiB as qemu-img writes it. */
async function disk(driver: string, options: string): Promise<{readonly path: string; readonly content: Buffer}> {
  const [raw, path] = [join(table.folder, 'disk.raw'), join(table.folder, `disk.${driver}`)];
  const start = makeRaw({bytes: MIB}).fill(0, 446, 510);
  start.set([0x80, 0, 2, 0, 0x83, 0, 0, 0, 1, 0, 0, 0, 0xff, 0x1f], 446);
  await writeFile(raw, start);
  await truncate(raw, 4 * MIB);
  execFileSync('qemu-img', ['convert', '-f', 'raw', '-O', driver, '-o', options, raw, path]);
  return {path, content: await readFile(path)};
}

/** Version 1 of X in that format, with its digest. */
function x(format: string, content: Uint8Array, checksum = `sha512:${sha512(content)}`): string {
  return table.x([listed('1', table.serve('1', content), {checksum})], {format});
}

/** The ways in which bytes were asked for, and uploads. */
function ways(): string[] {
  return table.cloud.writes().flatMap(({method, path, body}) => {
    if (path.endsWith('/import')) return [(body as {readonly method: {readonly name: string}}).method.name];
    return method === 'PUT' ? [`PUT ${path.split('/').at(-1) ?? ''}`] : [];
  });
}

/** Puts a qemu-img in front of the real one that says something else about every disk. */
async function lyingQemuImg(answer: (path: string) => object): Promise<void> {
  const bin = join(table.folder, 'bin');
  await mkdir(bin);
  const real = execFileSync('which', ['qemu-img'], {encoding: 'utf8'}).trim();
  const said = JSON.stringify(answer('@'));
  await writeFile(
    join(bin, 'qemu-img'),
    `#!/bin/sh\n[ "$1" = info ] || exec ${real} "$@"\nfor path; do :; done\necho '${said}' | sed "s|@|$path|g"\n`,
  );
  await chmod(join(bin, 'qemu-img'), 0o755);
  const path = process.env['PATH'];
  process.env['PATH'] = `${bin}:${path ?? ''}`;
  onTestFinished(() => void (process.env['PATH'] = path));
}

describe('a VMDK, VDI or VHD that goes to a cloud as it is', () => {
  it.each(DISKS)('S1: %s (%s, %s) passes both guards here, and goes up unchanged', async (format, driver, options) => {
    const {content} = await disk(driver, options);
    const ran = await table.manage(x(format, content));
    expect([ran.code, ran.errors, ways()]).toEqual([0, [], ['PUT stage', 'glance-direct']]);
    expect(fields(table.named('X'), 'disk_format', 'size', 'os_hash_value', 'imgmgr_digest', 'imgmgr_bytes')).toEqual([
      format,
      content.length,
      sha512(content),
      `sha512:${sha512(content)}`,
      undefined,
    ]);
    const done = ran.lines.find(({type, action}) => type === 'action-done' && action?.kind === 'acquire');
    expect(done?.detail).toContain(`judged by qemu-img as ${format}`);
    expect(ran.lines.find(({type}) => type === 'progress')).toMatchObject({phase: 'fetching'});
    await table.expectQuiet();
  });

  it('S1: reaches no cloud where qemu-img, and only qemu-img, sees a second file', async () => {
    const {content} = await disk('vmdk', 'subformat=monolithicSparse');
    await lyingQemuImg((path) => ({
      ...{filename: path, format: 'vmdk', 'virtual-size': 4 * MIB, 'actual-size': MIB},
      'format-specific': {
        type: 'vmdk',
        data: {'create-type': 'monolithicFlat', extents: [{filename: '/etc/hostname', format: 'FLAT'}]},
      },
    }));
    const ran = await table.manage(x('vmdk', content));
    expect([ran.code, ran.errors[0]?.code, ways(), table.names()]).toEqual([1, 'FORMAT_REFUSED', [], []]);
    expect(ran.errors[0]?.message).toContain('builds on another file to qemu-img (/etc/hostname)');
  });

  it('S1: is not to be had by web-download', async () => {
    const {content} = await disk('vmdk', 'subformat=streamOptimized');
    const text = x('vmdk', content);
    const forced = await table.manage(text, '--method', 'web-download');
    expect([forced.code, forced.errors[0]?.message, table.names()]).toEqual([
      2,
      '--method web-download does not fit 1: it is vmdk, which qemu-img judges on this host before a cloud gets it',
      [],
    ]);
    const fetched = await table.manage(text, '--prefetch', 'never');
    expect([fetched.code, fetched.errors[0]?.code, fetched.errors[0]?.message, table.names()]).toEqual([
      1,
      'UNSUPPORTED',
      '1 cannot be imported by web-download: it is vmdk, which qemu-img judges on this host before a cloud gets it',
      [],
    ]);
    const stuck = await table.manage(text, '--prefetch', 'on-stuck', '--no-wait');
    expect([stuck.code, ways()]).toEqual([0, ['PUT stage', 'glance-direct']]);
  });

  it('S1: is uploaded where that is demanded', async () => {
    const {content} = await disk('vdi', 'static=off');
    const ran = await table.manage(x('vdi', content), '--method', 'upload');
    expect([ran.code, ways(), table.named('X')['os_hash_value']]).toEqual([0, ['PUT file'], sha512(content)]);
  });

  it('S1: uploads bytes that are not the demanded ones to nobody', async () => {
    const {content} = await disk('vdi', 'static=on');
    const ran = await table.manage(x('vdi', content, `sha512:${'0'.repeat(128)}`));
    expect([ran.code, ran.errors[0]?.code, ways(), table.names()]).toEqual([1, 'DIGEST_MISMATCH', [], []]);
  });

  it('S1: is refused before anything is made or fetched where qemu-img is missing', async () => {
    const {content} = await disk('vmdk', 'subformat=monolithicSparse');
    const path = process.env['PATH'];
    process.env['PATH'] = table.folder;
    onTestFinished(() => void (process.env['PATH'] = path));
    const ran = await table.manage(x('vmdk', content));
    expect([ran.code, ran.errors[0]?.code, ran.errors[0]?.message, ran.errors[0]?.hint, table.names()]).toEqual([
      1,
      'UNSUPPORTED',
      'qemu-img is not installed',
      'install it (Debian: apt install qemu-utils)',
      [],
    ]);
    expect(table.upstream.requests).toEqual([]);
  });

  it.each(DISKS)('S1: %s (%s, %s) is refused where nothing confines qemu-img', async (format, driver, options) => {
    const {content} = await disk(driver, options);
    host.confines = false;
    const ran = await table.manage(x(format, content));
    expect([ran.code, ran.errors[0]?.code, ways(), table.names()]).toEqual([1, 'UNSUPPORTED', [], []]);
    expect(ran.errors[0]?.message).toBe(
      `X 1 is ${format}, which qemu-img is not given here, since nothing on this host can keep it from other files`,
    );
    expect(ran.errors[0]?.hint).toContain('apt install bubblewrap');
    expect(table.upstream.requests).toEqual([]);
  });

  it('S1: is said so by dry-run, which makes nothing', async () => {
    const {content} = await disk('vmdk', 'subformat=monolithicSparse');
    const ran = await table.run('dry-run', x('vmdk', content));
    expect([ran.code, ran.lines.find(({type}) => type === 'planned')?.actions?.[0]]).toEqual([
      3,
      expect.objectContaining({reason: 'not in the cloud yet, judged by qemu-img as vmdk'}),
    ]);
    expect(await readdir(table.folder)).not.toContain('work');
  });

  it('S1: comes from a local file, into a cloud and into the embedded one, and the second time does nothing', async () => {
    const {path, content} = await disk('vmdk', 'subformat=streamOptimized');
    for (const cloud of ['admin', 'local']) {
      const ran = await table.imgmgr('import', path, '--cloud', cloud, '--name', 'F');
      expect([ran.code, ran.errors]).toEqual([0, []]);
      const again = await table.imgmgr('import', path, '--cloud', cloud, '--name', 'F');
      expect([again.code, again.done]).toEqual([0, []]);
    }
    expect(fields(table.named('F'), 'disk_format', 'os_hash_value')).toEqual(['vmdk', sha512(content)]);
    const images = join(table.folder, 'local', 'images');
    const [id = ''] = await readdir(images);
    expect((await readFile(join(images, id, 'data'))).equals(content)).toBe(true);
  });
});

describe('raw, qcow2 and ISO', () => {
  it('S1: are judged while they stream, and the cloud may fetch them itself, with a sandbox or without', async () => {
    host.confines = false;
    const {content} = await disk('qcow2', 'compat=1.1');
    const ran = await table.manage(x('qcow2', content));
    expect([ran.code, ways()]).toEqual([0, ['web-download']]);
  });
});
