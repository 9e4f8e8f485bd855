import {execFileSync} from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import type {Inspected} from '../../src/core/format/inspected.ts';
import {run} from '../../src/run.ts';
import {fakeIo} from '../cli/fake-io.ts';
import {file, serve} from '../unit/sources/web-server.ts';

// `imgmgr inspect` on files of the real tools: what it says is what qemu-img and sfdisk say, and it reads no more than it states.
const KIB = 1024;
const MIB = 1024 ** 2;
/** A first piece. */
const HEAD = 64 * KIB;
const END = 1536;
let folder: string;

beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'imgmgr-inspect-')));
  // A disk that BIOS and UEFI can start from, for one processor.
  empty('disk.raw', 64 * MIB);
  execFileSync('sfdisk', ['-q', path('disk.raw')], {
    input:
      'label: gpt\nsize=1M, type=21686148-6449-6E6F-744E-656564454649\nsize=8M, type=uefi\ntype=4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709\n',
  });
  const disk = readFileSync(path('disk.raw'));
  disk.set([0xeb, 0x63, 0x90], 0);
  disk.fill('data', 20 * MIB, 21 * MIB);
  writeFileSync(path('disk.raw'), disk);
});
afterAll(() => rmSync(folder, {recursive: true, force: true}));

const path = (name: string): string => join(folder, name);

function empty(name: string, bytes: number): void {
  writeFileSync(path(name), '');
  truncateSync(path(name), bytes);
}

function converted(name: string, format: string, ...flags: readonly string[]): string {
  execFileSync('qemu-img', ['convert', '-f', 'raw', '-O', format, ...flags, path('disk.raw'), path(name)]);
  return path(name);
}

async function inspect(
  ...argv: readonly string[]
): Promise<{code: number; found: Inspected; errors: string; out: string}> {
  const io = fakeIo();
  const env = {PATH: process.env['PATH'], HOME: folder, IMGMGR_BUILD_DIR: path('work')};
  const code = await run(['inspect', '--json', ...argv], io, env);
  const lines = io
    .out()
    .trim()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as {type: string} & Inspected);
  const found = lines.find(({type}) => type === 'inspected');
  return {code, found: found ?? ({} as Inspected), errors: io.err(), out: io.out()};
}

const BOTH = {
  ...{kind: 'disk', table: 'gpt', firmware: ['bios', 'uefi'], architecture: 'x86_64', verdict: 'safe', problems: []},
  partitions: [
    {number: 1, meaning: 'BIOS boot', start: MIB, size: MIB},
    {number: 2, meaning: 'EFI system', start: 2 * MIB, size: 8 * MIB},
    {number: 3, meaning: 'Linux root', start: 10 * MIB},
  ],
};

/** Name, how it is made, what is read of it by http at most. */
const SEEN: readonly (readonly [string, () => string, format: string, most: number])[] = [
  ['raw', () => path('disk.raw'), 'raw', HEAD + END],
  ['qcow2', () => converted('a.qcow2', 'qcow2'), 'qcow2', HEAD + 8 + 8 + 17 * KIB],
  ['qcow2, version 2', () => converted('b.qcow2', 'qcow2', '-o', 'compat=0.10'), 'qcow2', HEAD + 16 + 17 * KIB],
  ['qcow2, compressed', () => converted('c.qcow2', 'qcow2', '-c'), 'qcow2', HEAD + 16 + 64 * KIB],
  [
    'qcow2, zstd',
    () => converted('d.qcow2', 'qcow2', '-c', '-o', 'compression_type=zstd'),
    'qcow2',
    HEAD + 16 + 64 * KIB,
  ],
  [
    'qcow2, large clusters',
    () => converted('e.qcow2', 'qcow2', '-o', 'cluster_size=2M'),
    'qcow2',
    HEAD + 16 + 17 * KIB,
  ],
  [
    'qcow2, small clusters',
    () => converted('f.qcow2', 'qcow2', '-o', 'cluster_size=4k'),
    'qcow2',
    HEAD + 8 + 5 * 8 + 20 * KIB,
  ],
];

/** Of these formats no partition table is read. */
const JUDGED: readonly (readonly [string, string, readonly string[], format: string, most: number])[] = [
  ['vmdk', 'vmdk', [], 'vmdk', HEAD],
  ['vmdk, stream-optimised', 'vmdk', ['-o', 'subformat=streamOptimized'], 'vmdk', HEAD + END],
  ['vdi', 'vdi', [], 'vdi', HEAD],
  ['vhdx', 'vhdx', [], 'vhdx', 3.25 * MIB],
  ['vhd', 'vpc', ['-o', 'force_size=on'], 'vhd', HEAD],
  ['vhd, fixed', 'vpc', ['-o', 'subformat=fixed,force_size=on'], 'vhd', HEAD + END],
];

describe('a file of this host', () => {
  it.each(SEEN)('%s: format, size, partitions, what can start it', async (_, make, format) => {
    const made = make();
    const {code, found, errors} = await inspect(made);
    expect([code, errors]).toEqual([0, '']);
    expect(found).toMatchObject({...BOTH, format, unknown: []});
    const served = statSync(made).size;
    expect(found.sizes).toEqual({served, unpacked: served, virtual: 64 * MIB});
    const said = JSON.parse(execFileSync('qemu-img', ['info', '--output=json', made], {encoding: 'utf8'})) as object;
    expect(said).toMatchObject({format, 'virtual-size': found.sizes.virtual});
  });

  it.each(JUDGED)(
    '%s: is judged by qemu-img, too, in a copy that is gone then',
    async (label, driver, flags, format) => {
      const {code, found, errors} = await inspect(converted(`j-${label.replaceAll(/\W+/g, '-')}`, driver, ...flags));
      expect([code, errors]).toEqual([0, '']);
      const isRawInside = label === 'vhd, fixed';
      expect(found).toMatchObject({format, ...(isRawInside ? BOTH : {kind: 'disk', verdict: 'safe', firmware: null})});
      expect(found.sizes.virtual).toBe(64 * MIB);
      const missing = [expect.stringMatching(/^partition table and boot loader: /)];
      expect(found.unknown).toEqual(isRawInside ? [] : missing);
      expect(readdirSync(path('work'))).toEqual([]);
    },
  );

  it('an MBR that BIOS starts, and one with an EFI system partition and no code', async () => {
    for (const [type, code, firmware] of [
      ['83', [0xeb], ['bios']],
      ['ef', [0], ['uefi']],
      ['83', [0], []],
    ] as const) {
      empty('mbr', 8 * MIB);
      execFileSync('sfdisk', ['-q', path('mbr')], {input: `label: dos\n- - ${type} *\n`});
      const disk = readFileSync(path('mbr'));
      disk.set(code, 0);
      writeFileSync(path('mbr'), disk);
      const {found} = await inspect(path('mbr'));
      expect([found.table, found.firmware, found.architecture]).toEqual(['mbr', firmware, null]);
    }
  });

  it('a bare file system, and what nothing shows', async () => {
    empty('ext4', 8 * MIB);
    execFileSync('mkfs.ext4', ['-q', path('ext4')]);
    expect((await inspect(path('ext4'))).found).toMatchObject({
      kind: 'disk',
      table: 'none',
      filesystem: 'ext2/3/4',
      firmware: [],
    });
    empty('zeros', MIB);
    expect((await inspect(path('zeros'))).found).toMatchObject({kind: 'unknown', table: 'none', format: 'raw'});
  });

  it('an ISO is a CD-ROM, and says by what it starts', async () => {
    mkdirSync(path('tree'));
    writeFileSync(path('tree/boot.img'), Buffer.alloc(2048, 'x'));
    empty('efi', 2 * MIB);
    execFileSync('mkfs.vfat', [path('efi')], {stdio: 'ignore'});
    const make = (name: string, ...flags: readonly string[]): string => {
      execFileSync('xorriso', ['-as', 'mkisofs', '-quiet', '-V', 'T', '-o', path(name), ...flags, path('tree')], {
        stdio: 'ignore',
      });
      return path(name);
    };
    const bios = ['-b', 'boot.img', '-no-emul-boot'];
    const efi = [
      ...['-append_partition', '2', '0xef', path('efi'), '-appended_part_as_gpt'],
      ...['-eltorito-alt-boot', '-e', '--interval:appended_partition_2:all::', '-no-emul-boot'],
    ];
    for (const [name, flags, firmware, table] of [
      ['none.iso', [], [], 'none'],
      ['bios.iso', bios, ['bios'], 'none'],
      ['efi.iso', efi, ['uefi'], 'gpt'],
      ['both.iso', [...bios, ...efi], ['bios', 'uefi'], 'gpt'],
    ] as const) {
      const {code, found} = await inspect(make(name, ...flags));
      expect([code, found.format, found.kind, found.firmware, found.table]).toEqual([
        0,
        'iso',
        'cdrom',
        firmware,
        table,
      ]);
    }
  });

  it('what is packed is unpacked as far as it must be; --whole reads all of it', async () => {
    converted('packed.qcow2', 'qcow2', '-c');
    const inner = statSync(path('packed.qcow2')).size;
    execFileSync('xz', ['-k', path('packed.qcow2')]);
    const {found} = await inspect(path('packed.qcow2.xz'));
    expect(found).toMatchObject({...BOTH, format: 'qcow2', wrappers: ['xz']});
    expect([found.sizes.unpacked, found.sizes.virtual]).toEqual([null, 64 * MIB]);
    expect(found.unknown).toEqual([expect.stringContaining('--whole')]);
    const whole = await inspect(path('packed.qcow2.xz'), '--whole');
    expect(whole.found).toMatchObject({...BOTH, unknown: []});
    expect(whole.found.sizes.unpacked).toBe(inner);
    const sum = execFileSync('sha512sum', [path('packed.qcow2.xz')], {encoding: 'utf8'}).split(' ')[0];
    expect(whole.found.digests).toEqual([{algorithm: 'sha512', hex: sum}]);
  });

  it('people read the same', async () => {
    const io = fakeIo();
    expect(await run(['inspect', converted('h.qcow2', 'qcow2')], io, {PATH: process.env['PATH'], HOME: folder})).toBe(
      0,
    );
    expect(io.out()).toMatch(
      /format +qcow2\n[^]*partitions +GPT, 3\n[^]*\n +starts by +BIOS, UEFI\n +architecture +x86_64\n/,
    );
    expect(io.out()).toMatch(/2 {2}EFI system, 8.0 MiB at 2.0 MiB\n[^]*verdict +safe\n$/);
  });
});

describe('over http no more is read than is stated', () => {
  it.each([
    ...SEEN,
    ...JUDGED.map(
      ([label, driver, flags, format, most]) =>
        [label, () => converted(`h-${label.replaceAll(/\W+/g, '-')}`, driver, ...flags), format, most] as const,
    ),
  ])('%s', async (_, make, format, most) => {
    const content = readFileSync(make());
    const server = await serve(file(content));
    const {code, found, errors} = await inspect(server.url);
    expect([code, errors, found.format]).toEqual([0, '', format]);
    const asked = server.requests.map(({headers}) => /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? ''));
    const bytes = asked.reduce((sum, range) => sum + Number(range?.[2]) - Number(range?.[1]) + 1, 0);
    expect(bytes).toBeLessThanOrEqual(most);
    expect(found.bytesRead).toBeLessThanOrEqual(most);
    expect(asked.length).toBeLessThanOrEqual(9);
    if (SEEN.some(([, , each]) => each === format)) expect(found).toMatchObject(BOTH);
  });

  it('a server without ranges: the start is judged, and what is out of reach is said', async () => {
    const content = readFileSync(path('disk.raw'));
    const server = await serve((_, response) => {
      response.writeHead(200, {'Content-Length': content.length});
      response.end(content);
    });
    const {code, found} = await inspect(server.url);
    expect([code, found.table, found.sizes.served]).toEqual([0, 'gpt', content.length]);
    expect(found.unknown).toEqual(['whether it ends as a fixed VHD: its end is out of reach']);
    expect(found.bytesRead).toBeLessThan(MIB);
    const whole = await inspect(server.url, '--whole');
    expect([whole.code, whole.found.unknown, whole.found.sizes.unpacked]).toEqual([0, [], content.length]);
  });

  it('a server that gives other parts than it was asked for, or another file, is an error', async () => {
    const content = readFileSync(path('disk.raw'));
    const server = await serve((request, response, seen) => {
      const honest = seen === 0 ? content : content.subarray(0, MIB);
      file(honest)(request, response, seen);
    });
    const {code, errors} = await inspect(server.url);
    expect(code).not.toBe(0);
    expect(errors).toContain('changed while it was looked at');
  });
});

describe('what is refused is exit 1, with the ids of its problems', () => {
  it.each([
    [
      'BackingFile',
      () => execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', 'raw', '-b', path('disk.raw'), path('bad')]),
    ],
    [
      'DataFile',
      () =>
        execFileSync('qemu-img', [
          'create',
          '-q',
          '-f',
          'qcow2',
          '-o',
          `data_file=${path('bad.data')}`,
          path('bad'),
          '1M',
        ]),
    ],
    ['VirtualTooLarge', () => execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', path('bad'), '1T'])],
    ['NotADisk', () => execFileSync('qemu-img', ['create', '-q', '-f', 'qed', path('bad'), '1M'])],
    ['TooSmall', () => writeFileSync(path('bad'), 'x')],
    ['WebPage', () => writeFileSync(path('bad'), `<!DOCTYPE html><html>${' '.repeat(600)}`)],
    [
      'Descriptor',
      () =>
        writeFileSync(path('bad'), `# Disk DescriptorFile\nversion=1\nRW 8 FLAT "/etc/passwd" 0\n${'#'.repeat(600)}`),
    ],
  ])('%s', async (id, make) => {
    rmSync(path('bad'), {force: true});
    make();
    const {code, found, errors} = await inspect(path('bad'));
    expect([code, found.verdict, found.problems.map((problem) => problem.id)]).toEqual([1, 'refused', [id]]);
    expect(errors).not.toContain('at Object.');
    const server = await serve(file(readFileSync(path('bad'))));
    expect((await inspect(server.url)).found.problems.map((problem) => problem.id)).toEqual([id]);
  });

  it('a format that the operator did not expect', async () => {
    const {code, found} = await inspect(path('disk.raw'), '--disk-format', 'qcow2');
    expect([code, found.problems.map(({id}) => id)]).toEqual([1, ['Mismatch']]);
  });

  it('a packed file that is cut off, where all of it is read', async () => {
    const content = readFileSync(path('packed.qcow2.xz'));
    writeFileSync(path('cut.xz'), content.subarray(0, -20));
    const {code, found} = await inspect(path('cut.xz'), '--whole');
    expect([code, found.problems.map(({id}) => id)]).toEqual([1, ['Refused']]);
  });

  it('two disks in a tar file', async () => {
    execFileSync('tar', ['-cf', path('two.tar'), '-C', folder, 'a.qcow2', 'b.qcow2']);
    const {code, found} = await inspect(path('two.tar'), '--whole');
    expect([code, found.problems[0]?.message]).toEqual([1, expect.stringContaining('has two disks')]);
  });
});

describe('what is no image is a usage error', () => {
  it.each(['-', 'ftp://example.org/x', '/nonexistent/x.qcow2'])('%s: exit 2', async (address) => {
    const {code} = await inspect(address);
    expect(code).toBe(2);
  });
});
