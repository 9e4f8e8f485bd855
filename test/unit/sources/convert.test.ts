import {execFileSync, spawn} from 'node:child_process';
import {rmSync, symlinkSync} from 'node:fs';
import {
  appendFile,
  chmod,
  copyFile,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {pathToFileURL} from 'node:url';
import {gzipSync} from 'node:zlib';
import {beforeEach, describe, expect, it, onTestFinished} from 'vitest';
import type {ConvertProgress, ConvertRequest, ImageConverter, OpenSource} from '../../../src/ports/image-converter.ts';
import type {Conversion} from '../../../src/core/conversion.ts';
import type {Exec} from '../../../src/exec.ts';
import {createExec} from '../../../src/exec.ts';
import {temporaryName} from '../../../src/host/temporary.ts';
import {findConfinement} from '../../../src/host/confine.ts';
import {createConverter} from '../../../src/sources/create-converter.ts';
import {file, serve} from './web-server.ts';
import {digestOf, failure, noise, readAll, request, source} from './under-test.ts';

const MIB = 1024 ** 2;
const SIZE = 16 * MIB;
/** The same as a VHD, whose geometry has to hold it. */
const VHD_SIZE = 16_781_312;
const RAW: Conversion = {to: 'raw', compress: false};
const QCOW2: Conversion = {to: 'qcow2', compress: false};

let folder: string;
/** Where the converter works. */
let root: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'imgmgr-convert-test-'));
  root = join(folder, 'root');
  onTestFinished(() => rm(folder, {recursive: true, force: true}));
});

const exec = createExec({PATH: process.env['PATH']});

function converter(using: Exec = exec): ImageConverter {
  return createConverter({exec: using, root});
}

function order(from: string, conversion: Conversion, more: Partial<ConvertRequest> = {}): ConvertRequest {
  return {from, conversion, limitMs: 60_000, signal: new AbortController().signal, ...more};
}

function qemuImg(...args: readonly string[]): string {
  return execFileSync('qemu-img', args, {cwd: folder, encoding: 'utf8'});
}

/** A raw disk of 16 MiB whose first MiB bears a boot sector and noise, and which is empty behind it. */
async function rawDisk(): Promise<string> {
  const path = join(folder, 'disk.raw');
  const start = noise(MIB);
  start.fill(0, 0, 512);
  start.set([0x55, 0xaa], 510);
  start.set([0x80, 0, 2, 0, 0x83, 0, 0, 0, 1, 0, 0, 0, 0xff, 0xff, 1, 0], 446);
  await writeFile(path, start);
  await truncate(path, SIZE);
  return path;
}

/** The same disk in another format; `driver` is QEMU's name. */
async function diskAs(driver: string, ...options: readonly string[]): Promise<string> {
  const raw = await rawDisk();
  if (driver === 'raw') return raw;
  const path = join(folder, `disk.${driver}`);
  qemuImg('convert', '-f', 'raw', '-O', driver, ...options, raw, path);
  return path;
}

function opened(path: string, format: string, more: Parameters<typeof request>[1] = {}): OpenSource {
  return from(pathToFileURL(path).href, {format, ...more});
}

function from(url: string, more: Parameters<typeof request>[1] = {}): OpenSource {
  const made = source();
  return (signal) => made.open(request(url, {...more, signal}));
}

async function converted(path: string, format: string, conversion: Conversion, using?: ImageConverter) {
  return readAll((using ?? converter()).convert(opened(path, format), order(format, conversion)));
}

/** An Exec that answers for qemu-img where the test says so. */
function faking(
  answer: (args: readonly string[]) => Partial<{exitCode: number; stdout: string; stderr: string}> | undefined,
): Exec {
  return {
    ...exec,
    run: async (command, args, options) => {
      const at = args.indexOf('qemu-img');
      const fake = at < 0 ? undefined : answer(args.slice(at + 1));
      return fake ? {exitCode: 0, stdout: '', stderr: '', ...fake} : exec.run(command, args, options);
    },
  };
}

describe('S1: a file that other users can exchange while it is converted', () => {
  it.each([
    ['a link in their folder', (open: string) => Promise.resolve(join(open, 'link'))],
    [
      'a link of ours to theirs',
      async (open: string) => {
        await symlink(join(open, 'link'), join(folder, 'ours'));
        return join(folder, 'ours');
      },
    ],
  ])('is converted as it was judged and hashed: %s', async (_, name) => {
    const honest = await rawDisk();
    const disk = await readFile(honest);
    const other = join(folder, 'other.raw');
    await copyFile(honest, other);
    const bytes = await open(other, 'r+');
    await bytes.write(noise(4096), 0, 4096, 8192);
    await bytes.close();
    const theirs = join(folder, 'theirs');
    await mkdir(theirs);
    await chmod(theirs, 0o777);
    const link = join(theirs, 'link');
    const lead = async (to: string): Promise<void> => {
      await rm(link, {force: true});
      await symlink(to, link);
    };
    await lead(honest);
    const path = await name(theirs);
    let tools = 0;
    const exchanging: Exec = {
      ...exec,
      run: async (command, args, options) => {
        if (!args.includes('qemu-img')) return exec.run(command, args, options);
        tools += 1;
        const ran = await exec.run(command, args, options);
        if (args.includes('convert')) await lead(honest);
        return ran;
      },
    };
    const opening = opened(path, 'raw', {digest: digestOf(disk)});
    const leading: OpenSource = async (signal) => {
      const made = await opening(signal);
      made.bytes.once('end', () => {
        rmSync(link);
        symlinkSync(other, link);
      });
      return made;
    };
    const {content} = await readAll(converter(exchanging).convert(leading, order('raw', QCOW2)));
    await writeFile(join(folder, 'out.qcow2'), content);
    expect(tools).toBeGreaterThan(2);
    expect(qemuImg('compare', '-f', 'raw', '-F', 'qcow2', honest, 'out.qcow2')).toContain('identical');
    expect(await readdir(root)).toEqual([]);
  });
});

describe('a conversion', () => {
  it.each([
    ['qcow2', 'qcow2', []],
    ['raw', 'raw', []],
    ['vmdk', 'vmdk', []],
    ['vmdk', 'vmdk', ['-o', 'subformat=streamOptimized']],
    ['vdi', 'vdi', []],
    ['vhd', 'vpc', ['-o', 'force_size=on']],
    ['vhd', 'vpc', ['-o', 'subformat=fixed,force_size=on']],
    ['vhdx', 'vhdx', []],
  ])('gives the same disk, of %s (%s %j), as raw and as qcow2', async (format, driver, options) => {
    const path = await diskAs(driver, ...options);
    const disk = await readFile(join(folder, 'disk.raw'));
    const raw = await converted(path, format, RAW);
    expect(raw.content.equals(disk)).toBe(true);
    expect(raw.opened.size).toBe(SIZE);
    expect(raw.opened.facts()).toMatchObject({format: 'raw', givenBytes: SIZE, virtualSize: SIZE});
    const qcow2 = await converted(path, format, QCOW2);
    await writeFile(join(folder, 'out.qcow2'), qcow2.content);
    expect(qcow2.opened).toMatchObject({size: qcow2.content.length, virtualSize: SIZE});
    expect(qemuImg('compare', '-f', 'raw', '-F', 'qcow2', 'disk.raw', 'out.qcow2')).toContain('identical');
    expect(await readdir(root)).toEqual([]);
  });

  it('takes an ISO with a partition table for the disk that it is, too', async () => {
    const disk = await readFile(await rawDisk());
    disk.write('CD001', 0x8001);
    await writeFile(join(folder, 'disk.raw'), disk);
    qemuImg('convert', '-f', 'raw', '-O', 'qcow2', 'disk.raw', 'disk.qcow2');
    const {content} = await converted(join(folder, 'disk.qcow2'), 'qcow2', RAW);
    expect(content.equals(disk)).toBe(true);
  });

  it('makes a compressed qcow2 smaller', async () => {
    const path = join(folder, 'disk.raw');
    await writeFile(path, Buffer.alloc(8 * MIB, 'compressible '));
    const plain = await converted(path, 'raw', QCOW2);
    const small = await converted(path, 'raw', {to: 'qcow2', compress: true});
    expect(small.content.length * 5).toBeLessThan(plain.content.length);
    await writeFile(join(folder, 'out.qcow2'), small.content);
    expect(qemuImg('compare', '-f', 'raw', '-F', 'qcow2', 'disk.raw', 'out.qcow2')).toContain('identical');
  });

  it('leaves holes where the disk is empty', async () => {
    const path = await diskAs('qcow2');
    const target = join(folder, 'out.raw');
    expect(await converter().convertFile(path, target, order('qcow2', RAW))).toEqual({
      size: SIZE,
      virtualSize: SIZE,
    });
    expect((await stat(target)).blocks * 512).toBeLessThan(4 * MIB);
  });

  it('tells how far it is, from the first byte to the last', async () => {
    const path = await diskAs('qcow2');
    const onBytes: ConvertProgress[] = [];
    const done = await converter().convert(
      opened(path, 'qcow2'),
      order('qcow2', RAW, {progress: (progress) => onBytes.push(progress)}),
    );
    done.bytes.destroy();
    const {size} = await stat(path);
    expect(onBytes.filter(({phase}) => phase === 'fetching').at(-1)).toEqual({
      phase: 'fetching',
      bytes: size,
      total: size,
    });
    const converting = onBytes.filter(({phase}) => phase === 'converting');
    expect(converting.at(-1)).toEqual({phase: 'converting', bytes: SIZE, total: SIZE});
    expect(converting.map(({bytes}) => bytes)).toEqual(converting.map(({bytes}) => bytes).sort((a, b) => a - b));
  });

  it('takes what is compressed or comes from afar, into a folder of this user alone, and proves its digest', async () => {
    const packed = gzipSync(await readFile(await diskAs('qcow2')));
    const server = await serve(file(packed));
    const modes: number[] = [];
    const looking = faking((args) => {
      if (args[0] === 'convert')
        void readdir(root).then(async ([name]) => modes.push((await stat(join(root, name ?? ''))).mode & 0o777));
      return undefined;
    });
    const opening = from(server.url, {digest: digestOf(packed)});
    const {content, opened: given} = await readAll(converter(looking).convert(opening, order('qcow2', RAW)));
    expect(content.equals(await readFile(join(folder, 'disk.raw')))).toBe(true);
    expect(given.facts().digests).toContainEqual(digestOf(packed));
    expect(given.facts().unwrapped).toBeUndefined();
    expect(modes).toEqual([0o700]);
    expect(await readdir(root)).toEqual([]);
  });

  it('does not copy a file that is here', async () => {
    const path = await diskAs('qcow2');
    let links = 0;
    const looking = faking((args) => {
      if (args[0] === 'convert')
        links = Number(execFileSync('find', [root, '-name', 'source', '-type', 'l']).length > 0);
      return undefined;
    });
    await converted(path, 'qcow2', RAW, converter(looking));
    expect(links).toBe(1);
  });

  it('gives the digest of the file that was read, never that of what it became', async () => {
    const path = await diskAs('qcow2');
    const {opened: given} = await converted(path, 'qcow2', RAW);
    expect(given.facts().digests).toEqual([digestOf(await readFile(path), 'sha512')]);
  });
});

describe('a conversion refuses', () => {
  it('bytes that are not the demanded ones, before qemu-img sees them', async () => {
    const path = await diskAs('qcow2');
    const seen: string[] = [];
    const watching = faking((args) => void seen.push(args[0] ?? ''));
    const opening = opened(path, 'qcow2', {digest: digestOf(Buffer.from('other'))});
    const error = await failure(converter(watching).convert(opening, order('qcow2', RAW)));
    expect([error.code, seen, await readdir(root)]).toEqual(['DIGEST_MISMATCH', [], []]);
  });

  it('a disk that builds on another file, before qemu-img sees it', async () => {
    await diskAs('qcow2');
    qemuImg('create', '-q', '-f', 'qcow2', '-b', 'disk.qcow2', '-F', 'qcow2', 'child.qcow2');
    const seen: string[] = [];
    const watching = faking((args) => void seen.push(args[0] ?? ''));
    const path = join(folder, 'child.qcow2');
    const error = await failure(converter(watching).convertFile(path, join(folder, 'out'), order('qcow2', RAW)));
    expect([error.code, seen]).toEqual(['FORMAT_REFUSED', []]);
    expect(error.message).toContain(`${path} is qcow2 with a backing file`);
  });

  it.each([
    ['a backing file', {'backing-filename': '/etc/passwd'}],
    ['a data file', {'format-specific': {type: 'qcow2', data: {'data-file': '/etc/passwd'}}}],
  ])('what qemu-img, and only qemu-img, sees %s in', async (_, extra) => {
    const path = await diskAs('qcow2');
    const disagreeing = faking((args) =>
      args[0] === 'info'
        ? {stdout: JSON.stringify({format: 'qcow2', 'virtual-size': SIZE, 'actual-size': MIB, ...extra})}
        : undefined,
    );
    const error = await failure(converter(disagreeing).convertFile(path, join(folder, 'out'), order('qcow2', RAW)));
    expect(error.code).toBe('FORMAT_REFUSED');
    expect(error.message).toContain('builds on another file');
  });

  it.each<[string, object, string]>([
    ['another format', {format: 'raw'}, 'is vmdk to imgmgr, but raw to qemu-img'],
    ['a flat VMDK', {'format-specific': {data: {'create-type': 'monolithicFlat', extents: [{}]}}}, 'monolithicFlat'],
    ['two extents', {'format-specific': {data: {extents: [{}, {}]}}}, 'has not one extent to qemu-img'],
    ['the extent in another file', {children: [{info: {filename: '/etc/passwd'}}]}, 'builds on another file'],
    ['a backing file', {'full-backing-filename': '/etc/passwd'}, 'builds on another file'],
    ['encryption', {encrypted: true}, 'is encrypted to qemu-img'],
  ])('S1: a VMDK in which qemu-img, and only qemu-img, sees %s', async (_, change, message) => {
    const path = await diskAs('vmdk');
    const disagreeing = faking((args) => {
      if (args[0] !== 'info') return undefined;
      const filename = args.at(-1);
      const data = {'create-type': 'monolithicSparse', extents: [{filename, format: ''}]};
      const honest = {filename, format: 'vmdk', 'virtual-size': SIZE, 'format-specific': {type: 'vmdk', data}};
      return {stdout: JSON.stringify({...honest, ...change})};
    });
    const error = await failure(converter(disagreeing).convertFile(path, join(folder, 'out'), order('vmdk', RAW)));
    expect([error.code, error.message]).toEqual(['FORMAT_REFUSED', expect.stringContaining(message)]);
  });

  it('S1: every format but raw and qcow2 where nothing keeps qemu-img from other files', async () => {
    const unconfined = createConverter({
      exec,
      root,
      confinement: () => findConfinement(() => Promise.reject(new Error())),
    });
    const convert = async (driver: string, format: string) =>
      unconfined.convertFile(
        await diskAs(driver, ...(driver === 'vpc' ? ['-o', 'force_size=on'] : [])),
        join(folder, `out.${driver}`),
        order(format, RAW),
      );
    for (const [driver, format] of [
      ['vmdk', 'vmdk'],
      ['vdi', 'vdi'],
      ['vpc', 'vhd'],
      ['vhdx', 'vhdx'],
    ] as const) {
      const error = await failure(convert(driver, format));
      expect([error.code, error.hint]).toEqual(['UNSUPPORTED', expect.stringContaining('apt install bubblewrap')]);
      expect(error.message).toContain(`disk.${driver} is ${format}, which qemu-img is not given here`);
    }
    expect((await convert('qcow2', 'qcow2')).virtualSize).toBe(SIZE);
  });

  it('S1: a file, for those who only want to have it judged', async () => {
    const judge = (path: string, from: string) =>
      converter().judgeFile(path, {from, limitMs: 60_000, signal: new AbortController().signal});
    expect(await judge(await diskAs('qcow2'), 'qcow2')).toEqual({virtualSize: SIZE});
    expect(await judge(await rawDisk(), 'raw')).toEqual({virtualSize: SIZE});
    expect((await failure(judge(await rawDisk(), 'qcow2'))).code).toBe('FORMAT_REFUSED');
    expect(await readdir(root)).toEqual([]);
  });

  it('S1: a disk of another size to qemu-img than to us', async () => {
    const path = await diskAs('qcow2');
    const small = createConverter({
      exec: faking((args) =>
        args[0] === 'info'
          ? {stdout: JSON.stringify({format: 'qcow2', 'virtual-size': 2 ** 40, 'actual-size': MIB})}
          : undefined,
      ),
      root,
    });
    const error = await failure(small.convertFile(path, join(folder, 'out'), order('qcow2', RAW)));
    expect(error.message).toContain(`has ${SIZE} bytes to imgmgr, but ${2 ** 40} to qemu-img`);
  });

  it('S1: an answer of qemu-img that cannot be read, as one with very many snapshots is', async () => {
    const path = await diskAs('qcow2');
    const endless = faking((args) => (args[0] === 'info' ? {stdout: '"name": ""}]}'} : undefined));
    const error = await failure(converter(endless).convertFile(path, join(folder, 'out'), order('qcow2', RAW)));
    expect([error.code, error.message]).toEqual([
      'FORMAT_REFUSED',
      `${path} cannot be read as qcow2: qemu-img info describes it in more than 16 MiB, or not in JSON`,
    ]);
  });

  it('a disk whose end is missing, which qemu-img would fill with zeros', async () => {
    const path = await diskAs('qcow2');
    await truncate(path, MIB / 2);
    const error = await failure(converter().convertFile(path, join(folder, 'out'), order('qcow2', RAW)));
    expect(error.code).toBe('FORMAT_REFUSED');
    expect(error.message).toMatch(/disk\.qcow2 is a damaged qcow2: \d+ errors in its tables$/);
  });

  it('a compressed disk whose content is damaged', async () => {
    await writeFile(
      join(folder, 'disk.raw'),
      noise(MIB).map((byte) => byte & 0x0f),
    );
    const path = join(folder, 'disk.qcow2');
    qemuImg('convert', '-c', '-f', 'raw', '-O', 'qcow2', 'disk.raw', path);
    const content = await readFile(path);
    content.fill(0x5a, content.length - 300_000, content.length - 200_000);
    await writeFile(path, content);
    const error = await failure(converter().convertFile(path, join(folder, 'out'), order('qcow2', RAW)));
    expect(error.code).toBe('FORMAT_REFUSED');
    expect(error.message).not.toContain(root);
    expect(await readdir(folder)).not.toContain('out');
  });

  it('a disk that is another format once it is unpacked', async () => {
    const inner = await diskAs('qcow2');
    qemuImg('convert', '-f', 'raw', '-O', 'qcow2', inner, 'outer.qcow2');
    const error = await failure(
      converter().convertFile(join(folder, 'outer.qcow2'), join(folder, 'out'), order('qcow2', RAW)),
    );
    expect(error.code).toBe('FORMAT_REFUSED');
    expect(error.message).toContain('outer.qcow2, converted to raw, looks like qcow2');
  });

  it('a file that changes meanwhile', async () => {
    const path = await diskAs('raw');
    const changing = faking((args) => {
      if (args[0] === 'convert') execFileSync('touch', [path]);
      return undefined;
    });
    const error = await failure(converter(changing).convert(opened(path, 'raw'), order('raw', QCOW2)));
    expect([error.code, await readdir(root)]).toEqual(['SOURCE_UNAVAILABLE', []]);
    expect(error.message).toContain('changed while it was read');
  });

  it('an image that costs more than it may', async () => {
    const path = await diskAs('qcow2');
    const killed = faking((args) => (args[0] === 'info' ? {exitCode: 137} : undefined));
    const error = await failure(converter(killed).convertFile(path, join(folder, 'out'), order('qcow2', RAW)));
    expect([error.code, error.message]).toEqual([
      'FORMAT_REFUSED',
      `${path} needs more than 1 GiB of memory or 60 s for qemu-img info`,
    ]);
  });
});

describe('qemu-img', () => {
  it('is missed by name, with the command that installs it', async () => {
    const without = createConverter({exec: createExec({PATH: folder}), root});
    const error = await failure(without.requireTool());
    expect([error.code, error.message, error.hint]).toEqual([
      'UNSUPPORTED',
      'qemu-img is not installed',
      'install it (Debian: apt install qemu-utils)',
    ]);
    await converter().requireTool();
  });

  it('S1: is kept from other files, limited in memory, output and, where it only looks, in time; what it works on, it is told the format of', async () => {
    const path = await diskAs('vpc');
    const calls: string[] = [];
    const watching: Exec = {
      ...exec,
      run: async (command, args, options) => {
        const call = [command, ...args]
          .join(' ')
          .replaceAll(/--read \S+ |\/\S+\/(?=(source|out|imgmgr-confine)\b)/g, '');
        if (!call.endsWith('--probe')) calls.push(call);
        return exec.run(command, args, options);
      },
    };
    await createConverter({exec: watching, root}).convertFile(
      path,
      join(folder, 'out'),
      order('vhd', {to: 'qcow2', compress: true}),
    );
    const confined = `setpriv --pdeathsig KILL imgmgr-confine-${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}`;
    const look = `${confined} --memory=1073741824 --cpu=60 --output=1 -- qemu-img`;
    // qemu-img rounds the size of a VHD up to its geometry.
    const most = `--memory=4294967296 --output=${Math.ceil(VHD_SIZE * 1.01) + 64 * MIB}`;
    expect(calls).toEqual([
      `${look} info --output=json source`,
      `${look} check -f vpc --output=json source`,
      `${look} measure -f vpc -O qcow2 --output=json source`,
      `${confined} --write out ${most} -- qemu-img convert -p -S 4k -f vpc -O qcow2 -c source out`,
    ]);
  });

  it('is told apart where a signal ends it', async () => {
    const path = await diskAs('qcow2');
    const killed = faking((args) => (args[0] === 'convert' ? {exitCode: 137} : undefined));
    const error = await failure(converter(killed).convertFile(path, join(folder, 'out'), order('qcow2', RAW)));
    expect([error.code, error.hint]).toEqual(['ENVIRONMENT', expect.stringContaining('dmesg')]);
  });
});

describe('room for a conversion', () => {
  it('is demanded before the first byte is fetched', async () => {
    const error = await failure(converter().requireRoom(2 ** 60));
    expect([error.code, error.place]).toEqual(['DISK_FULL', root]);
    expect(error.message).toMatch(/root has \d+ MiB free, the copy of the image needs 1099511627776 MiB$/);
    expect(error.hint).toContain('IMGMGR_BUILD_DIR');
    await converter().requireRoom(1);
  });

  it('is demanded for what comes of it, as measured', async () => {
    const path = await diskAs('qcow2');
    const huge = faking((args) => (args[0] === 'measure' ? {stdout: `{"required": ${2 ** 60}}`} : undefined));
    const error = await failure(converter(huge).convertFile(path, join(folder, 'out'), order('qcow2', RAW)));
    expect([error.code, error.place]).toEqual(['DISK_FULL', folder]);
  });

  it('may run out in the middle, and then nothing stays', async () => {
    const path = await diskAs('qcow2');
    const full = faking((args) =>
      args[0] === 'convert'
        ? {exitCode: 1, stderr: 'qemu-img: error while writing at byte 0: No space left on device'}
        : undefined,
    );
    const error = await failure(converter(full).convert(opened(path, 'qcow2'), order('qcow2', RAW)));
    expect([error.code, error.place, await readdir(root)]).toEqual(['DISK_FULL', root, []]);
  });

  it('runs out on a real disk, while it is fetched and while it is converted', async (context) => {
    if (process.getuid?.() !== 0) context.skip('a file system of 8 MiB can only be mounted by root');
    await mkdir(root);
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', root], {stdio: 'ignore'});
    } catch {
      context.skip('nothing can be mounted here');
    }
    onTestFinished(() => void execFileSync('umount', [root]));
    await writeFile(join(folder, 'disk.raw'), noise(16 * MIB));
    const packed = gzipSync(await readFile(join(folder, 'disk.raw')));
    const server = await serve(file(packed));
    const fetching = await failure(converter().convert(from(server.url, {format: 'raw'}), order('raw', QCOW2)));
    expect([fetching.code, await readdir(root)]).toEqual(['DISK_FULL', []]);
    const unmeasured = faking((args) => (args[0] === 'measure' ? {stdout: '{"required": 1}'} : undefined));
    const converting = await failure(
      converter(unmeasured).convert(opened(join(folder, 'disk.raw'), 'raw'), order('raw', QCOW2)),
    );
    expect([converting.code, await readdir(root)]).toEqual(['DISK_FULL', []]);
  });

  it('cannot be had where nothing may be written', async () => {
    const path = await diskAs('qcow2');
    await writeFile(root, 'a file');
    const error = await failure(converter().convert(opened(path, 'qcow2'), order('qcow2', RAW)));
    expect([error.code, error.hint]).toEqual(['CONFIG', 'set IMGMGR_BUILD_DIR to a folder that may be written']);
  });
});

describe('a conversion that is ended', () => {
  /** An exec whose qemu-img convert takes for ever, and what it runs there. */
  function endless(begun: () => void): Exec {
    return {
      ...exec,
      run: (command, args, options) => {
        if (!args.includes('convert')) return exec.run(command, args, options);
        const running = exec.run('sleep', ['60'], options);
        begun();
        return running;
      },
    };
  }

  it('leaves nothing when it is interrupted', async () => {
    const path = await diskAs('qcow2');
    const stop = new AbortController();
    const slow = converter(endless(() => stop.abort()));
    const error = await failure(slow.convert(opened(path, 'qcow2'), order('qcow2', RAW, {signal: stop.signal})));
    expect([error.code, await readdir(root)]).toEqual(['INTERRUPTED', []]);
  });

  it('leaves nothing when its time is over', async () => {
    const path = await diskAs('qcow2');
    const slow = converter(endless(() => undefined));
    const error = await failure(slow.convert(opened(path, 'qcow2'), order('qcow2', RAW, {limitMs: 500})));
    expect([error.code, error.hint, await readdir(root)]).toEqual([
      'TIMEOUT',
      'give it longer with --import-timeout',
      [],
    ]);
    const late = await failure(converter().convertFile(path, join(folder, 'out'), order('qcow2', RAW, {limitMs: 0})));
    expect(late.code).toBe('TIMEOUT');
  });

  it('ends with its time while the source is silent, too', async () => {
    const start = (await readFile(await diskAs('qcow2'))).subarray(0, 200_000);
    const server = await serve((_, response) => {
      response.writeHead(200, {'Content-Length': start.length * 2});
      response.write(start);
    });
    const opening = from(server.url);
    const error = await failure(converter().convert(opening, order('qcow2', RAW, {limitMs: 500})));
    expect([error.code, await readdir(root)]).toEqual(['TIMEOUT', []]);
  });

  it('takes qemu-img with it when it is killed, and the next sweep removes what is left', async () => {
    const path = await diskAs('qcow2');
    const bin = join(folder, 'bin');
    await mkdir(bin);
    // Only the conversion itself stands still.
    const real = execFileSync('which', ['qemu-img'], {encoding: 'utf8'}).trim();
    await writeFile(
      join(bin, 'qemu-img'),
      `#!/bin/sh\n[ "$1" = convert ] && { for target; do :; done; echo $$ > $target; exec sleep 60; }\nexec ${real} "$@"\n`,
    );
    await chmod(join(bin, 'qemu-img'), 0o755);
    const child = spawn(
      process.execPath,
      [new URL('convert-child.ts', import.meta.url).pathname, path, join(folder, 'out.raw'), root],
      {env: {...process.env, PATH: `${bin}:${process.env['PATH'] ?? ''}`}, stdio: 'ignore'},
    );
    const ended = new Promise((resolve) => child.once('exit', resolve));
    const pid = await written(join(folder, 'out.raw'));
    await converter().sweep();
    expect(await readdir(root)).toHaveLength(1);
    child.kill('SIGKILL');
    await ended;
    await gone(pid);
    expect(await readdir(root)).toHaveLength(1);
    await converter().sweep();
    expect(await readdir(root)).toEqual([]);
  });
});

describe('the sweep', () => {
  it('removes what is dead, and leaves what lives and folders that it does not know', async () => {
    await converter().sweep();
    const living = temporaryName('imgmgr-convert-');
    const dead = living.replace(`.${process.pid}.`, '.999999999.');
    expect(dead).not.toBe(living);
    for (const name of [living, dead, 'imgmgr-convert-by-hand', 'other']) {
      await mkdir(join(root, name), {recursive: true});
      await appendFile(join(root, name, 'source'), 'bytes');
    }
    await converter().sweep();
    expect((await readdir(root)).sort()).toEqual([living, 'imgmgr-convert-by-hand', 'other'].sort());
  });

  it('takes a folder whose files grow for one that lives, however old it is itself', async () => {
    // Of another container: one of this host is asked for its process.
    const name = temporaryName('imgmgr-convert-').replace(/^(imgmgr-convert-[^.]+)\.\d+/, '$1.1');
    const path = join(root, name);
    await mkdir(path, {recursive: true});
    await writeFile(join(path, 'result'), 'growing');
    await utimes(path, new Date(0), new Date(0));
    await converter().sweep();
    expect(await readdir(root)).toEqual([name]);
    await utimes(join(path, 'result'), new Date(0), new Date(0));
    await converter().sweep();
    expect(await readdir(root)).toEqual([]);
  });
});

async function written(path: string): Promise<number> {
  for (let tries = 0; tries < 200; tries += 1) {
    const text = await readFile(path, 'utf8').catch(() => '');
    if (text.endsWith('\n')) return Number(text);
    await sleep(50);
  }
  throw new Error(`${path} was not written`);
}

async function gone(pid: number): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await sleep(50);
  }
  throw new Error(`process ${pid} lives on`);
}
