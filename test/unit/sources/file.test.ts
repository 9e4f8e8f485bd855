import {execFileSync} from 'node:child_process';
import {appendFileSync, mkdirSync, mkdtempSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import {describe, expect, test} from 'vitest';
import {DEFAULT_LIMITS} from '../../../src/core/limits.ts';
import {bytes, fixedVhd, gptDisk, qcow2, vdi, vmdk} from '../core/image-bytes.ts';
import {digestOf, failure, noise, readAll, readUntilBroken, request, source} from './under-test.ts';

const IMAGE = Buffer.concat([qcow2(), noise(3 * 1024 * 1024)]);

function folderWith(files: Readonly<Record<string, Buffer>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'source-'));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  return folder;
}

describe('reads files of this host', () => {
  test('relative to the folder of the definitions', async () => {
    const baseDir = folderWith({'a b.qcow2': IMAGE});
    const {content, opened} = await readAll(source().open(request('file:a b.qcow2', {baseDir})));
    expect([content.equals(IMAGE), opened.size]).toEqual([true, IMAGE.length]);
  });

  test('by an absolute address, its escapes undone', async () => {
    const folder = folderWith({'a b.qcow2': IMAGE});
    const url = pathToFileURL(join(folder, 'a b.qcow2')).href;
    expect(url).toContain('a%20b');
    expect((await readAll(source().open(request(url)))).content.length).toBe(IMAGE.length);
  });

  test('a look tells size, disk and date, and that the cloud cannot fetch it', async () => {
    const baseDir = folderWith({a: IMAGE});
    const found = await source().probe(request('file:a', {baseDir}));
    expect(found).toMatchObject({
      url: 'file:a',
      size: IMAGE.length,
      virtualSize: 1024 ** 3,
      compressed: false,
      remote: false,
    });
    expect(found.lastModified).toBeInstanceOf(Date);
  });

  test('a missing one is refused with its absolute path', async () => {
    const baseDir = folderWith({});
    const error = await failure(source().open(request('file:no/such.img', {baseDir})));
    expect([error.code, error.message]).toEqual([
      'SOURCE_REFUSED',
      `${baseDir}/no/such.img does not exist (file:no/such.img)`,
    ]);
    expect(error.hint).toContain('relative paths start from the folder of the definitions');
  });

  test('a folder, a pipe and another host are refused', async () => {
    const baseDir = folderWith({});
    mkdirSync(join(baseDir, 'folder'));
    execFileSync('mkfifo', [join(baseDir, 'pipe')]);
    for (const url of ['file:folder', 'file:pipe', 'file://other.example/a'])
      expect((await failure(source().probe(request(url, {baseDir})))).code).toBe('SOURCE_REFUSED');
  });

  test('one that changes while it is read is not given to its end', async () => {
    const baseDir = folderWith({a: IMAGE});
    const opened = await source().open(request('file:a', {baseDir}));
    appendFileSync(join(baseDir, 'a'), 'more');
    const {error} = await readUntilBroken(Promise.resolve(opened));
    expect([error.code, error.message]).toEqual(['SOURCE_UNAVAILABLE', `${baseDir}/a changed while it was read`]);
  });
});

describe('holds the last block back until everything agrees', () => {
  const broken = async (
    content: Buffer,
    more: Parameters<typeof request>[1],
  ): Promise<{code: string; missing: boolean}> => {
    const {given, error} = await readUntilBroken(
      source().open(request('file:a', {baseDir: folderWith({a: content}), ...more})),
    );
    return {code: error.code, missing: given < content.length};
  };

  test('the digest', async () => {
    expect(await broken(IMAGE, {digest: digestOf(qcow2())})).toEqual({code: 'DIGEST_MISMATCH', missing: true});
  });

  test('an image that is smaller than the block', async () => {
    expect(await broken(qcow2({length: 600}), {digest: digestOf(IMAGE)})).toEqual({
      code: 'DIGEST_MISMATCH',
      missing: true,
    });
  });

  test('the footer of a VMDK', async () => {
    const file = vmdk({footer: true});
    file.writeUInt8(1, file.length - 1);
    expect(await broken(file, {format: 'vmdk'})).toEqual({code: 'FORMAT_REFUSED', missing: true});
  });

  test('a fixed VHD that calls itself raw', async () => {
    expect(await broken(fixedVhd(), {format: 'raw'})).toEqual({code: 'FORMAT_REFUSED', missing: true});
  });
});

describe('refuses before a byte is given on', () => {
  test.each([
    ['another format than the definition says', gptDisk(), 'qcow2', 'is raw, but the definition says qcow2'],
    ['an unsafe image', qcow2({features: 4}), 'qcow2', 'is qcow2 with an external data file'],
    ['an unsafe image under another name', qcow2({backing: 4}), 'raw', 'is qcow2 with a backing file'],
    [
      'a disk beyond the limit',
      qcow2({size: 63 * 1024 ** 4}),
      'qcow2',
      'claims a disk of 69269232549888 bytes, more than the limit of 274877906944',
    ],
    ['something tiny', bytes(11), 'raw', 'is no disk: it has only 11 bytes'],
  ])('%s', async (_, content, format, why) => {
    const error = await failure(source().open(request('file:a', {baseDir: folderWith({a: content}), format})));
    expect([error.code, error.message]).toEqual(['FORMAT_REFUSED', `file:a ${why}`]);
    expect(error.hint).toBeDefined();
  });

  test.each([
    [
      'a qcow2 that shall be raw',
      qcow2(),
      'raw',
      'write format: qcow2; with --convert raw the cloud gets raw all the same',
    ],
    [
      'a vdi that shall be qcow2',
      vdi(),
      'qcow2',
      'write format: vdi; with --convert qcow2 the cloud gets qcow2 all the same',
    ],
    ['a raw disk that shall be qcow2', gptDisk(), 'qcow2', 'correct format in the definition, or the url'],
    ['a qcow2 that shall be an ISO', qcow2(), 'iso', 'correct format in the definition, or the url'],
  ])('L: %s: the hint names the way to it', async (_, content, format, hint) => {
    const error = await failure(source().open(request('file:a', {baseDir: folderWith({a: content}), format})));
    expect([error.code, error.hint]).toEqual(['FORMAT_REFUSED', hint]);
  });

  test('R12: a file beyond the limit', async () => {
    const error = await failure(
      source().open(request('file:a', {baseDir: folderWith({a: IMAGE}), limits: {...DEFAULT_LIMITS, download: 1000}})),
    );
    expect([error.code, error.message]).toEqual(['FORMAT_REFUSED', 'file:a is larger than the limit of 1000 bytes']);
    expect(error.hint).toContain('--max-download, or with limits: {download: …} in the definition');
  });

  test('R12: a disk beyond the limit that was set, which the hint names', async () => {
    const limits = {...DEFAULT_LIMITS, virtual: 1024};
    const error = await failure(source().open(request('file:a', {baseDir: folderWith({a: qcow2()}), limits})));
    expect([error.code, error.hint]).toEqual(['FORMAT_REFUSED', expect.stringContaining('--max-virtual')]);
    const large = {...DEFAULT_LIMITS, virtual: 63 * 1024 ** 4};
    const opened = await source().open(
      request('file:a', {baseDir: folderWith({a: qcow2({size: 63 * 1024 ** 4})}), limits: large}),
    );
    expect(opened.virtualSize).toBe(63 * 1024 ** 4);
    opened.bytes.destroy();
  });
});

describe('hashes no more than it must', () => {
  test.each([
    [true, ['sha256', 'sha512'], 'sha512'],
    [false, ['sha256'], 'sha256'],
  ] as const)('with wantSha512 %s', async (wantSha512, served, given) => {
    const {opened} = await readAll(
      source().open(request('file:a', {baseDir: folderWith({a: IMAGE}), digest: digestOf(IMAGE), wantSha512})),
    );
    const {digests, unwrapped} = opened.facts();
    expect(digests).toEqual(served.map((algorithm) => digestOf(IMAGE, algorithm)));
    expect(unwrapped).toEqual(digestOf(IMAGE, given));
  });

  test('sha512 alone where nothing is demanded', async () => {
    const {opened} = await readAll(source().open(request('file:a', {baseDir: folderWith({a: IMAGE})})));
    expect(opened.facts().digests).toEqual([digestOf(IMAGE, 'sha512')]);
  });

  test('nothing is hashed where nothing is demanded and sha512 is done without', async () => {
    const {opened} = await readAll(
      source().open(request('file:a', {baseDir: folderWith({a: IMAGE}), wantSha512: false})),
    );
    expect(opened.facts()).toMatchObject({digests: [], servedBytes: IMAGE.length});
    expect(opened.facts().unwrapped).toBeUndefined();
  });

  test('facts before the end are a mistake of the caller', async () => {
    const opened = await source().open(request('file:a', {baseDir: folderWith({a: IMAGE})}));
    expect((await failure(Promise.resolve().then(() => opened.facts()))).code).toBe('INTERNAL');
    opened.bytes.destroy();
  });
});
