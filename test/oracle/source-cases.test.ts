import {execFileSync} from 'node:child_process';
import {mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, truncateSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {Readable} from 'node:stream';
import {pathToFileURL} from 'node:url';
import {gzipSync} from 'node:zlib';
import {afterAll, beforeAll, describe, expect, it, onTestFinished} from 'vitest';
import type {Inspection} from '../../src/core/format/inspect.ts';
import {END_REACH, inspectEnd, inspectStart} from '../../src/core/format/inspect.ts';
import type {ImgmgrError} from '../../src/errors.ts';
import type {Digest} from '../../src/core/release/digest.ts';
import {openTable} from '../cli/table.ts';
import {listed} from '../cli/operator.ts';
import {digestOf, failure, noise, readAll, readUntilBroken, request, source} from '../unit/sources/under-test.ts';
import {resolving} from '../unit/sources/names.ts';
import {file, serve} from '../unit/sources/web-server.ts';

// The numbered cases of what a source may be, against files that the real tools made. test/unit/sources/cases.test.ts lists those that
// other tests have.
const MIB = 1024 ** 2;
const GIB = 1024 ** 3;
let folder: string;

beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'imgmgr-cases-')));
});
afterAll(() => rmSync(folder, {recursive: true, force: true}));

const path = (name: string): string => join(folder, name);
const tool = (command: string, ...args: readonly string[]): string =>
  execFileSync(command, args, {cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore']});

function create(name: string, format: string, options: string, size = '100M'): string {
  tool('qemu-img', 'create', '-q', '-f', format, ...(options === '' ? [] : ['-o', options]), path(name), size);
  return name;
}

function empty(name: string, bytes: number): string {
  writeFileSync(path(name), '');
  truncateSync(path(name), bytes);
  return name;
}

/** Our verdict by start and end. */
function inspect(name: string): Inspection {
  const content = readFileSync(path(name));
  let seen = 64 * 1024;
  let found = inspectStart(content.subarray(0, seen), content.length <= seen);
  while (found.needed !== undefined && seen < content.length && found.problems.length === 0) {
    seen = found.needed;
    found = inspectStart(content.subarray(0, seen), content.length <= seen);
  }
  const end = inspectEnd(content, {tail: content.subarray(-END_REACH), size: content.length}, found);
  return {...found, problems: [...found.problems, ...end.problems]};
}

const ids = (name: string): readonly string[] => inspect(name).problems.map(({id}) => id);

/** The same format and size to us and to qemu-img, which is told nothing. */
function expectSame(name: string, ours: string): void {
  const said = JSON.parse(tool('qemu-img', 'info', '--output=json', path(name))) as Record<string, unknown>;
  const found = inspect(name);
  expect([found.problems, found.format]).toEqual([[], ours]);
  expect(said['format']).toBe(ours === 'vhd' ? 'vpc' : ours);
  expect(found.virtualSize).toBe(said['virtual-size']);
}

/** How a file here is refused under that format. */
async function refused(name: string, format: string): Promise<string> {
  const error = await failure(source().open(request(pathToFileURL(path(name)).href, {format})));
  expect(error.code).toBe('FORMAT_REFUSED');
  return error.message;
}

/** How bytes that are piped in break, at their beginning or on their way. */
async function broken(content: Buffer, more: Parameters<typeof request>[1] = {}): Promise<ImgmgrError> {
  const stdin = Readable.from([content], {objectMode: false});
  const opening = source({stdin}).open(request('-', more));
  const {error} = await readUntilBroken(opening).catch(async () => ({error: await failure(opening)}));
  return error;
}

describe('detection', () => {
  it.each([
    ['v3', ''],
    ['compat 0.10', 'compat=0.10'],
  ])('case 1: qcow2 %s has the format and the exact size that qemu-img sees', (label, options) =>
    expectSame(create(`case1-${label.length}`, 'qcow2', options, '123457K'), 'qcow2'),
  );

  it('case 2: qcow2 with zstd clusters is accepted, as by qemu-img', () =>
    expectSame(create('case2', 'qcow2', 'compression_type=zstd'), 'qcow2'));

  it('case 3: extended L2 entries are UnknownFeatures, although qemu-img takes them', () => {
    create('case3', 'qcow2', 'extended_l2=on');
    expect(ids('case3')).toEqual(['UnknownFeatures']);
    expect(tool('qemu-img', 'info', path('case3'))).toContain('extended l2: true');
  });

  it('case 5: an external data file is DataFile', () =>
    expect(ids(create('case5', 'qcow2', `data_file=${path('case5.data')}`))).toEqual(['DataFile']));

  it.each([
    ['qcow', 'is qcow version 1, which no cloud takes'],
    ['qed', 'is QED, a format that no cloud takes'],
    ['parallels', 'is a Parallels disk, which no cloud takes'],
  ])('case 6: %s is refused by its name', async (format, message) =>
    expect(await refused(create(`case6-${format}`, format, ''), 'raw')).toContain(message),
  );

  it('case 7: LUKS inside of qcow2 is Encrypted', () => {
    const secret = ['--object', 'secret,id=s,data=abc123'];
    const how = 'encrypt.format=luks,encrypt.key-secret=s,encrypt.iter-time=10';
    tool('qemu-img', 'create', '-q', ...secret, '-f', 'qcow2', '-o', how, path('case7'), '10M');
    expect(ids('case7')).toEqual(['Encrypted']);
  });

  it.each(['vmdk', 'raw'])('case 9: a text descriptor with a file of the host is refused as %s', async (format) => {
    writeFileSync(
      path('case9'),
      '# Disk DescriptorFile\nversion=1\nCID=1\nparentCID=ffffffff\ncreateType="monolithicFlat"\nRW 8 FLAT "/etc/passwd" 0\n',
    );
    expect(await refused('case9', format)).toContain('is a VMDK descriptor that names its data in other files');
  });

  it('case 10: a sparse VMDK whose extent is in another folder is Extent', () => {
    const made = readFileSync(path(create('case10', 'vmdk', '')));
    made.write('"../x"   ', made.indexOf('"case10"'));
    writeFileSync(path('case10'), made);
    expect(ids('case10')).toEqual(['Extent']);
  });

  it('case 11: a footer that names another descriptor is Footer', () => {
    empty('case11.raw', MIB);
    tool('qemu-img', 'convert', '-f', 'raw', '-O', 'vmdk', '-o', 'subformat=streamOptimized', 'case11.raw', 'case11');
    const made = readFileSync(path('case11'));
    // As VMware writes it: the header says that its tables are at the end, where a copy of the header says where.
    const footer = Buffer.from(made.subarray(0, 512));
    made.writeBigUInt64LE(0xffffffffffffffffn, 56);
    const marker = Buffer.alloc(512);
    marker.writeUInt32LE(1);
    marker.writeUInt32LE(3, 12);
    const written = Buffer.concat([made, marker, footer, Buffer.alloc(512)]);
    writeFileSync(path('case11'), written);
    expectSame('case11', 'vmdk');
    written.writeBigUInt64LE(99n, written.length - 1024 + 28);
    writeFileSync(path('case11'), written);
    expect(ids('case11')).toEqual(['Footer']);
  });

  it.each(['static=off', 'static=on'])('case 13: vdi (%s) is the same to us and to qemu-img', (options) =>
    expectSame(create(`case13-${options}`, 'vdi', options), 'vdi'),
  );

  it('case 14: vhdx is the same to us and to qemu-img', () => expectSame(create('case14', 'vhdx', ''), 'vhdx'));

  it('case 14: a region count of 2048 is refused, and does not hang', () => {
    const made = readFileSync(path(create('case14-many', 'vhdx', '')));
    made.writeUInt32LE(2048, 192 * 1024 + 8);
    writeFileSync(path('case14-many'), made);
    const begin = performance.now();
    expect(ids('case14-many')).toEqual(['Region']);
    expect(performance.now() - begin).toBeLessThan(1000);
  });

  it('case 15: a dynamic vhd is vhd to us and vpc to qemu-img', () =>
    expectSame(create('case15', 'vpc', 'subformat=dynamic,force_size=on'), 'vhd'));

  it.each([0, 1, 511])('case 17: a file of %i bytes is TooSmall', (bytes) => {
    expect(ids(empty(`case17-${bytes}`, bytes))).toEqual(['TooSmall']);
  });

  it.each(['gpt', 'dos'])('case 18: a disk that sfdisk labelled %s is raw and safe', (label) => {
    empty(`case18-${label}`, 20 * MIB);
    execFileSync('sfdisk', ['-q', path(`case18-${label}`)], {input: `label: ${label}\n- - L -\n`});
    expect(inspect(`case18-${label}`)).toMatchObject({format: 'raw', partitioned: true, problems: []});
  });

  it('case 19: a protective MBR with a second entry is Mbr', () => {
    empty('case19', 20 * MIB);
    execFileSync('sfdisk', ['-q', path('case19')], {input: 'label: gpt\n- - L -\n'});
    const made = readFileSync(path('case19'));
    made.set([0x80, 0, 2, 0, 0x83, 0, 0, 0, 1, 0, 0, 0, 0xff, 0x1f], 446 + 16);
    writeFileSync(path('case19'), made);
    expect(ids('case19')).toEqual(['Mbr']);
  });

  it('case 21: a bare ext4 is imported with a warning, and none where a kernel is named for it', async () => {
    empty('case21', 8 * MIB);
    tool('mkfs.ext4', '-q', path('case21'));
    const table = await openTable();
    onTestFinished(() => table.close());
    const warned = await table.imgmgr(
      ...['import', path('case21'), '--cloud', 'admin', '--name', 'F', '--disk-format', 'raw', '--no-verify'],
    );
    expect([warned.code, warned.warnings]).toEqual([0, expect.arrayContaining(['no-partition-table'])]);
    const fits = await table.imgmgr(
      ...['import', path('case21'), '--cloud', 'admin', '--name', 'K', '--disk-format', 'raw', '--no-verify'],
      ...['--property', 'kernel_id=6b7b0c4e-8f0e-4c0e-9d6c-3f1f9a4b2c11'],
    );
    expect([fits.code, fits.warnings.includes('no-partition-table')]).toEqual([0, false]);
  });

  describe('case 22', () => {
    beforeAll(() => {
      mkdirSync(path('tree'));
      writeFileSync(path('tree/readme'), 'text');
      empty('efi', 2 * MIB);
      tool('mkfs.vfat', path('efi'));
      tool('xorriso', '-as', 'mkisofs', '-quiet', '-V', 'T', '-o', path('plain.iso'), path('tree'));
      tool(
        ...['xorriso', '-as', 'mkisofs', '-quiet', '-V', 'T', '-o', path('hybrid.iso')],
        ...['-append_partition', '2', '0xef', path('efi'), '-appended_part_as_gpt', '-eltorito-alt-boot'],
        ...['-e', '--interval:appended_partition_2:all::', '-no-emul-boot', path('tree')],
      );
      empty('udf.iso', 20 * MIB);
      tool('mkudffs', '-b', '2048', path('udf.iso'));
    });

    it.each([
      ['ISO', 'plain.iso', false],
      ['hybrid ISO (ISO and GPT)', 'hybrid.iso', true],
      ['UDF', 'udf.iso', false],
    ])('case 22: %s is iso', (_, name, partitioned) => {
      expect(inspect(name)).toMatchObject({format: 'iso', partitioned, problems: []});
    });

    it('case 22: a real ISO goes through import as it is, with disk_format iso', async () => {
      const table = await openTable();
      onTestFinished(() => table.close());
      const ran = await table.imgmgr('import', path('hybrid.iso'), '--cloud', 'admin', '--name', 'I', '--no-verify');
      expect([ran.code, ran.errors]).toEqual([0, []]);
      const {size} = {size: readFileSync(path('hybrid.iso')).length};
      expect(table.named('I')).toMatchObject({disk_format: 'iso', container_format: 'bare', size});
    });
  });

  it('case 23: a qcow2 with CD001 planted is MultipleFormats', () => {
    const made = readFileSync(path(create('case23', 'qcow2', '')));
    made.write('CD001', 0x8001);
    writeFileSync(path('case23'), made);
    expect(ids('case23')).toEqual(['MultipleFormats']);
  });

  it('case 25: the content decides, whatever the name: a.qcow2 is raw, b.img is qcow2', async () => {
    empty('a.qcow2', 20 * MIB);
    execFileSync('sfdisk', ['-q', path('a.qcow2')], {input: 'label: dos\n- - L -\n'});
    expect([inspect('a.qcow2').format, inspect(create('b.img', 'qcow2', '')).format]).toEqual(['raw', 'qcow2']);
    const table = await openTable();
    onTestFinished(() => table.close());
    const ran = await table.imgmgr('import', path('a.qcow2'), '--cloud', 'admin', '--name', 'A', '--no-verify');
    expect([ran.code, ran.errors[0]?.code, table.names()]).toEqual([1, 'FORMAT_REFUSED', []]);
    expect(ran.errors[0]?.message).toContain('is raw, but the definition says qcow2');
  });

  it.each([1, 7, 512, 65_536])('case 26: in pieces of %i bytes the verdict is the same', async (piece) => {
    const honest = readFileSync(path(create('case26', 'qcow2', '', '1M')));
    const hostile = Buffer.from(honest);
    hostile.writeBigUInt64BE(512n, 8);
    const pieces = (content: Buffer): Readable => {
      const start = content.subarray(0, 64 * 1024);
      const parts = Array.from({length: Math.ceil(start.length / piece)}, (_, at) =>
        start.subarray(at * piece, (at + 1) * piece),
      );
      return Readable.from([...parts, content.subarray(start.length)], {objectMode: false});
    };
    const {opened, content} = await readAll(source({stdin: pieces(honest)}).open(request('-')));
    expect([opened.virtualSize, content.equals(honest)]).toEqual([MIB, true]);
    const error = await failure(source({stdin: pieces(hostile)}).open(request('-')));
    expect(error.message).toContain('is qcow2 with a backing file');
  });

  it('case 26: 10 000 changed headers never throw anything', () => {
    const bases = ['case26', 'case11', 'case15', 'case13-static=off', 'case18-gpt'].map((name) =>
      readFileSync(path(name)).subarray(0, 64 * 1024),
    );
    let state = 26;
    const random = (below: number): number => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state % below;
    };
    const seen = new Set<string>();
    for (let round = 0; round < 10_000; round += 1) {
      const base = Buffer.from(bases[round % bases.length] ?? Buffer.alloc(0));
      for (let change = 0; change < 4; change += 1) base[random(1024)] = random(256);
      const found = inspectStart(base, random(2) === 0);
      for (const {id} of found.problems) seen.add(id);
    }
    expect(seen.size).toBeGreaterThan(5);
  });
});

describe('unwrapping and sizes', () => {
  it('case 27: gz, xz and zst of one qcow2 have one inner digest; the demanded one is of the bytes on the wire', async () => {
    create('case27', 'qcow2', '');
    const inner = readFileSync(path('case27'));
    for (const [command, ...flags] of [
      ['gzip', '-kc'],
      ['xz', '-kc'],
      ['zstd', '-qc'],
    ] as const) {
      const packed = execFileSync(command, [...flags, path('case27')], {maxBuffer: 64 * MIB});
      const server = await serve(file(packed));
      const {opened} = await readAll(source().open(request(server.url, {digest: digestOf(packed)})));
      expect(opened.facts().unwrapped).toEqual(digestOf(inner, 'sha512'));
      const wrong = await readUntilBroken(source().open(request(server.url, {digest: digestOf(inner)})));
      expect(wrong.error.code).toBe('DIGEST_MISMATCH');
    }
  });

  it.each(['gzip', 'xz', 'zstd'])('case 29: what %s packed, cut off, is refused for good', async (command) => {
    writeFileSync(path(`case29-${command}`), Buffer.concat([readFileSync(path('case27')), noise(MIB)]));
    const packed = execFileSync(command, ['-c', path(`case29-${command}`)], {maxBuffer: 64 * MIB});
    expect((await broken(packed.subarray(0, -100))).code).toBe('FORMAT_REFUSED');
  });

  it('case 30: gz with junk behind it is refused, with zeros it passes', async () => {
    const packed = gzipSync(readFileSync(path('case27')));
    expect((await broken(Buffer.concat([packed, Buffer.from('junk')]))).code).toBe('FORMAT_REFUSED');
    const stdin = Readable.from([packed, Buffer.alloc(700)], {objectMode: false});
    const {content} = await readAll(source({stdin}).open(request('-')));
    expect(content.equals(readFileSync(path('case27')))).toBe(true);
  });

  it('case 31: gz in xz is fine, a third wrapper is refused', async () => {
    writeFileSync(path('case31.gz'), gzipSync(readFileSync(path('case27'))));
    const twice = execFileSync('xz', ['-kc', path('case31.gz')], {maxBuffer: 64 * MIB});
    const {content} = await readAll(source({stdin: Readable.from([twice], {objectMode: false})}).open(request('-')));
    expect(content.equals(readFileSync(path('case27')))).toBe(true);
    expect((await broken(gzipSync(twice))).message).toContain('is packed more than 2 times');
  });

  it('case 33: a qcow2 of 63 TiB is refused before any upload', async () => {
    create('case33', 'qcow2', 'cluster_size=2M', '63T');
    const table = await openTable();
    onTestFinished(() => table.close());
    const ran = await table.imgmgr(
      'import',
      path('case33'),
      '--cloud',
      'admin',
      '--name',
      'H',
      '--disk-format',
      'qcow2',
    );
    expect([ran.code, ran.errors[0]?.code]).toEqual([1, 'FORMAT_REFUSED']);
    expect(ran.errors[0]?.hint).toContain('--max-virtual');
    expect(table.cloud.writes().filter(({method, path: at}) => method === 'PUT' && /file|stage/.test(at))).toEqual([]);
  });

  it('case 34: a disk of 1 GiB and a sector needs min_disk 2; a lower one of the definition is raised, with a warning', async () => {
    create('case34', 'qcow2', '', String(GIB + 512));
    const table = await openTable();
    onTestFinished(() => table.close());
    const content = readFileSync(path('case34'));
    const ran = await table.manage(table.x([listed('1', table.serve('1', content))], {format: 'qcow2', min_disk: '1'}));
    expect([ran.code, table.named('X')['min_disk'], ran.warnings]).toEqual([
      0,
      2,
      expect.arrayContaining(['min-disk-raised']),
    ]);
    await table.expectQuiet();
  });
});

describe('http', () => {
  const wrong: Digest = {algorithm: 'sha256', hex: '0'.repeat(64)};

  it('case 35: a wrong sum fails with exactly one GET', async () => {
    const server = await serve(file(readFileSync(path('case27'))));
    const {error} = await readUntilBroken(source().open(request(server.url, {digest: wrong})));
    expect([error.code, server.requests.length]).toEqual(['DIGEST_MISMATCH', 1]);
  });

  it.each([
    ['above', 1],
    ['below', -1],
  ])('case 37: a Content-Length %s the body is an error', async (_, more) => {
    const content = readFileSync(path('case27'));
    const server = await serve((__, response) => {
      response.socket?.write(
        `HTTP/1.1 200 OK\r\nContent-Length: ${content.length + more}\r\nConnection: close\r\n\r\n`,
      );
      response.socket?.end(content);
    });
    // Where less is announced, the client takes no more than that, and what is missing shows in the digest.
    const demanded = digestOf(content);
    const {error} = await readUntilBroken(source({attempts: 1}).open(request(server.url, {digest: demanded})));
    expect(['SOURCE_UNAVAILABLE', 'DIGEST_MISMATCH']).toContain(error.code);
  });

  it('case 37: chunked without a length is fine, and has no size', async () => {
    const content = readFileSync(path('case27'));
    const server = await serve((_, response) => response.writeHead(200).end(content));
    const {opened, content: given} = await readAll(source().open(request(server.url)));
    expect([opened.size, given.equals(content)]).toEqual([undefined, true]);
  });

  it.each([
    ['169.254.169.254', 'http://169.254.169.254/'],
    ['2130706433', 'http://2130706433/'],
    ['[::ffff:10.0.0.1]', 'http://[::ffff:10.0.0.1]/'],
    ['a name that is 10.0.0.1', 'http://inside.example/'],
  ])('case 38: a redirect to %s is refused', async (_, location) => {
    const server = await serve((__, response) => response.writeHead(302, {Location: location}).end());
    const {http} = resolving({'inside.example': [['10.0.0.1']]});
    expect((await failure(source({http, attempts: 1}).open(request(server.url)))).code).toBe('SOURCE_REFUSED');
  });

  it('case 38: six redirects are refused', async () => {
    const server = await serve((_, response, seen) => response.writeHead(302, {Location: `/${seen}`}).end());
    expect((await failure(source().open(request(server.url)))).message).toContain('more than 5 redirects');
  });

  it('case 39: a redirect to another host gets neither Authorization nor Cookie', async () => {
    const other = await serve(file(readFileSync(path('case27'))));
    const server = await serve((_, response) =>
      response.writeHead(302, {Location: other.url, 'Set-Cookie': 'session=1', 'WWW-Authenticate': 'Basic'}).end(),
    );
    await readAll(source({allowPrivate: true}).open(request(server.url)));
    expect(other.requests).toHaveLength(1);
    expect(Object.keys(other.requests[0]?.headers ?? {})).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/^(authorization|cookie)$/i)]),
    );
  });
});
