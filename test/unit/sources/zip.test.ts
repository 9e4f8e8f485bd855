import {execFileSync} from 'node:child_process';
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {Readable} from 'node:stream';
import {buffer} from 'node:stream/consumers';
import {deflateRawSync} from 'node:zlib';
import {describe, expect, it, onTestFinished} from 'vitest';
import {DEFAULT_LIMITS} from '../../../src/core/limits.ts';
import type {Zipped} from '../../fakes/zip-file.ts';
import {zipFile} from '../../fakes/zip-file.ts';
import {qcow2} from '../core/image-bytes.ts';
import {digestOf, failure, noise, readAll, readUntilBroken, request, source} from './under-test.ts';

const IMAGE = Buffer.concat([qcow2(), noise(400_000)]);
const DISK = {name: 'disk.qcow2', content: IMAGE};

function pieces(content: Buffer, step: number): Readable {
  const parts: Buffer[] = [];
  for (let at = 0; at < content.length; at += step) parts.push(content.subarray(at, at + step));
  return Readable.from(parts, {objectMode: false});
}

const open = (content: Buffer, more: Parameters<typeof request>[1] = {}, step = 7001) =>
  source({stdin: pieces(content, step)}).open(request('-', more));

async function refusal(content: Buffer, more: Parameters<typeof request>[1] = {}): Promise<string> {
  const opening = open(content, more);
  const {error} = await readUntilBroken(opening).catch(async () => ({error: await failure(opening)}));
  expect(error.code).toBe('FORMAT_REFUSED');
  return error.message;
}

/** What Python's zipfile makes of these files. */
function byPython(script: string): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'imgmgr-zip-'));
  onTestFinished(() => rmSync(folder, {recursive: true}));
  writeFileSync(join(folder, 'disk.qcow2'), IMAGE);
  execFileSync('python3', ['-c', `import zipfile, sys\n${script}`], {cwd: folder});
  return readFileSync(join(folder, 'x.zip'));
}

describe('the disk of a zip archive', () => {
  it.each([
    ['deflated', 'z = zipfile.ZipFile("x.zip", "w", zipfile.ZIP_DEFLATED)\nz.write("disk.qcow2")\nz.close()'],
    ['stored', 'z = zipfile.ZipFile("x.zip", "w")\nz.write("disk.qcow2")\nz.close()'],
    [
      'beside others, with a comment',
      'z = zipfile.ZipFile("x.zip", "w", zipfile.ZIP_DEFLATED)\nz.writestr("README", "text" * 9000)\nz.mkdir("d") if hasattr(z, "mkdir") else z.writestr("d/", "")\nz.write("disk.qcow2", "d/disk.qcow2")\nz.writestr("SHA256SUMS", "x")\nz.comment = b"made by hand"\nz.close()',
    ],
    [
      'with the fields of large archives',
      'z = zipfile.ZipFile("x.zip", "w", zipfile.ZIP_DEFLATED)\ni = zipfile.ZipInfo("disk.qcow2")\ni.compress_type = zipfile.ZIP_DEFLATED\nf = z.open(i, "w", force_zip64=True)\nf.write(open("disk.qcow2", "rb").read())\nf.close()\nz.close()',
    ],
  ])('that Python packed (%s) is taken out; the demanded digest is that of the archive', async (_, script) => {
    const packed = byPython(script);
    const {content, opened} = await readAll(open(packed, {digest: digestOf(packed)}));
    expect(content.equals(IMAGE)).toBe(true);
    expect(opened.facts()).toMatchObject({servedBytes: packed.length, givenBytes: IMAGE.length, format: 'qcow2'});
  });

  it.each([1, 13, 512, 100_000])('is the same in pieces of %i bytes', async (step) => {
    const small = Buffer.concat([qcow2(), noise(3000)]);
    const files = [
      {name: 'README', content: 'text'},
      {name: 'a.qcow2', content: small},
      {name: 'b', content: 'text'},
    ];
    expect((await readAll(open(zipFile(files), {}, step))).content.equals(small)).toBe(true);
  });

  it.each([1, 13, 512, 100_000])('is the same in pieces of %i bytes where it was written as a stream', async (step) => {
    const small = Buffer.concat([qcow2(), noise(3000)]);
    const files = [
      {name: 'README', content: 'text', streamed: {}},
      {name: 'a.qcow2', content: small, streamed: {}},
      {name: 'empty', content: '', streamed: {}},
      {name: 'b', content: 'text'},
    ];
    expect((await readAll(open(zipFile(files), {}, step))).content.equals(small)).toBe(true);
  });

  it.each([
    ['zip', 'zip -q - disk.qcow2 README | cat > x.zip'],
    ['zip, of a pipe', 'cat disk.qcow2 | zip -q - - | cat > x.zip'],
    [
      'Python',
      `python3 -c 'import sys, zipfile\nz = zipfile.ZipFile(sys.stdout.buffer, "w", zipfile.ZIP_DEFLATED)\nz.write("README")\nz.write("disk.qcow2")\nz.close()' | cat > x.zip`,
    ],
  ])('that %s wrote into a pipe is taken out', async (_, command) => {
    const folder = mkdtempSync(join(tmpdir(), 'imgmgr-zip-'));
    onTestFinished(() => rmSync(folder, {recursive: true}));
    writeFileSync(join(folder, 'disk.qcow2'), IMAGE);
    writeFileSync(join(folder, 'README'), 'text '.repeat(5000));
    execFileSync('sh', ['-c', command], {cwd: folder});
    const packed = readFileSync(join(folder, 'x.zip'));
    expect(packed.readUInt16LE(6) & 8).toBe(8);
    const {content, opened} = await readAll(open(packed, {digest: digestOf(packed)}));
    expect(content.equals(IMAGE)).toBe(true);
    expect(opened.facts()).toMatchObject({servedBytes: packed.length, givenBytes: IMAGE.length});
  });

  it('is looked at in the first bytes, and no cloud can fetch it itself', async () => {
    const probe = await source({stdin: pieces(zipFile([DISK]), 1000)}).probe(request('-'));
    expect(probe).toMatchObject({compressed: true, remote: false});
  });
});

describe('a zip archive is refused', () => {
  const deflated = deflateRawSync(IMAGE);
  it.each<[string, readonly Zipped[], Parameters<typeof zipFile>[1], string]>([
    ['without a disk', [{name: 'a', content: 'text'}], {}, 'is a zip file that has no disk'],
    ['with two disks', [DISK, {name: 'b', content: IMAGE}], {}, 'is a zip file that has two disks ("disk.qcow2", "b")'],
    ['that is encrypted', [{...DISK, local: {flags: 1}, central: {flags: 1}}], {}, 'is encrypted'],
    [
      'that was written as a stream, and has nothing behind its file',
      [{...DISK, local: {flags: 8}, central: {flags: 8}}],
      {},
      'has other bytes in "disk.qcow2" than it says',
    ],
    [
      'that was written as a stream without being packed',
      [{...DISK, method: 0, streamed: {}}],
      {},
      'has a file without a size that is not packed',
    ],
    [
      'with another checksum behind the file than it has',
      [{...DISK, streamed: {crc: 7}}],
      {},
      'has other bytes in "disk.qcow2" than it says',
    ],
    [
      'with another size behind the file than it has',
      [{...DISK, streamed: {size: 7}}],
      {},
      'has other bytes in "disk.qcow2" than it says',
    ],
    [
      'with another size in its directory than behind the file',
      [{...DISK, streamed: {}, central: {size: 7}}],
      {},
      'says of "disk.qcow2" at its end something else than before',
    ],
    [
      'with a size in its header that is not true',
      [{...DISK, streamed: {}, local: {size: 7}}],
      {},
      'has other bytes in "disk.qcow2" than it says',
    ],
    [
      'with two disks, written as a stream',
      [
        {...DISK, streamed: {}},
        {name: 'b', content: IMAGE, streamed: {}},
      ],
      {},
      'is a zip file that has two disks ("disk.qcow2", "b")',
    ],
    ['packed with LZMA', [{...DISK, method: 14}], {}, 'has a file packed in the way 14'],
    [
      'with a stored file of two sizes',
      [{...DISK, method: 0, local: {size: 5}}],
      {},
      'has a stored file with two sizes',
    ],
    ['with a name outside', [{name: '../a', content: 'x'}], {}, 'has a file outside of it: "../a"'],
    ['with a very long name', [{name: 'a'.repeat(4097), content: 'x'}], {}, 'has a name of 4097 bytes'],
    ['with an absolute name', [{name: '/a', content: 'x'}], {}, 'has a file outside of it: "/a"'],
    ['with a backslash', [{name: 'a\\b', content: 'x'}], {}, 'has a file outside of it: "a\\\\b"'],
    [
      'with a link',
      [{...DISK, central: {attributes: 0xa1ff0000}}],
      {},
      'has "disk.qcow2", which is neither a file nor a folder',
    ],
    ['with a folder with content', [{name: 'a/', content: 'x'}], {}, 'has a folder with content'],
    [
      'with a wrong checksum',
      [{...DISK, local: {crc: 1}, central: {crc: 1}}],
      {},
      'has other bytes in "disk.qcow2" than it says',
    ],
    [
      'with fewer bytes than it says',
      [{...DISK, local: {size: IMAGE.length + 1}}],
      {},
      'has other bytes in "disk.qcow2" than it says',
    ],
    ['with more bytes than it says', [{...DISK, local: {size: 600}}], {}, 'has more in "disk.qcow2" than it says'],
    [
      'with something behind the data of a file',
      [{...DISK, packed: Buffer.concat([deflated, Buffer.from('x')])}],
      {},
      'has something behind the end of "disk.qcow2"',
    ],
    [
      'with damaged data',
      [{...DISK, packed: Buffer.concat([deflated.subarray(0, 100), Buffer.alloc(1000, 0xff)])}],
      {},
      'is damaged in "disk.qcow2"',
    ],
    [
      'whose directory has another name',
      [{...DISK, central: {name: 'disk.qcow3'}}],
      {},
      'says of "disk.qcow2" at its end something else than before',
    ],
    [
      'whose directory has another size',
      [{...DISK, central: {size: 5}}],
      {},
      'says of "disk.qcow2" at its end something else than before',
    ],
    [
      'whose directory has another place',
      [{...DISK, central: {offset: 7}}],
      {},
      'says of "disk.qcow2" at its end something else than before',
    ],
    [
      'whose directory lacks a file',
      [DISK, {name: 'b', content: 'x'}],
      {listed: 1},
      'has files that its directory does not have',
    ],
    [
      'whose end counts others',
      [DISK],
      {end: (record) => void record.writeUInt16LE(2, 10)},
      'has a directory that is elsewhere',
    ],
    [
      'whose directory is elsewhere',
      [DISK],
      {end: (record) => void record.writeUInt32LE(9, 16)},
      'has a directory that is elsewhere',
    ],
    ['with something behind its end', [DISK], {behind: Buffer.from('x')}, 'has something behind its end'],
    [
      'with two directories',
      [DISK],
      {behind: zipFile([{name: 'other', content: IMAGE}])},
      'has something behind its end',
    ],
  ])('%s', async (_, files, how, message) => expect(await refusal(zipFile(files, how))).toContain(`stdin ${message}`));

  it('that has a file more in its directory', async () => {
    const whole = zipFile([DISK, {name: 'b', content: 'x'}]);
    const [one, two] = [
      zipFile([DISK], {listed: 0}).subarray(0, -22),
      zipFile([DISK, {name: 'b', content: 'x'}], {listed: 0}),
    ];
    const directory = whole.subarray(two.length - 22);
    expect(await refusal(Buffer.concat([one, directory]))).toContain('has a directory with files that are not there');
  });

  it.each([10, 200, 100_000])('when it is cut off at byte %i', async (length) => {
    const whole = zipFile([DISK]);
    const {message} = await failure(
      (async () => {
        const {bytes} = await open(whole.subarray(0, length));
        await buffer(bytes);
      })(),
    );
    expect(message).toMatch(length === 10 ? /^stdin / : /^stdin is (?:cut off|damaged)/);
  });

  it('that was written as a stream of empty blocks without end, in constant memory', async () => {
    const head = zipFile([{...DISK, streamed: {}}]).subarray(0, 30 + DISK.name.length);
    // A stored block of no bytes, which is not the last one, again and again.
    const blocks = Buffer.concat(Array.from({length: 13_107}, () => Buffer.from([0, 0, 0, 0xff, 0xff])));
    const limit = 300 * 2 ** 20;
    let most = 0;
    const stdin = Readable.from(
      (function* () {
        yield head;
        for (let sent = 0; sent < limit + 2 ** 20; sent += blocks.length) {
          most = Math.max(most, process.memoryUsage().arrayBuffers);
          yield Buffer.from(blocks);
        }
      })(),
      {objectMode: false},
    );
    const before = process.memoryUsage().arrayBuffers;
    const opening = source({stdin}).open(request('-', {limits: {...DEFAULT_LIMITS, download: limit}}));
    expect((await failure(opening)).message).toContain('is larger than the limit');
    expect(most - before).toBeLessThan(150 * 2 ** 20);
  });

  it('when its end is cut off', async () => {
    expect(await refusal(zipFile([DISK]).subarray(0, -5))).toBe('stdin is cut off');
  });

  it('when it unpacks to more than the limit', async () => {
    const bomb = {name: 'a.raw', content: Buffer.alloc(5_000_000)};
    const limits = {download: 1e9, unpacked: 1_000_000, virtual: 1e12};
    expect(await refusal(zipFile([bomb]), {limits, format: 'raw'})).toContain('is, unpacked, larger than the limit');
  });
});
