import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import {spawnSync} from 'node:child_process';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {Readable} from 'node:stream';
import {beforeEach, describe, expect, it, onTestFinished} from 'vitest';
import {ImgmgrError} from '../../../../src/errors.ts';
import {temporaryName} from '../../../../src/host/temporary.ts';
import {failure} from '../under-test.ts';
import {DISK, image, pieces, write} from './under-test.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'imgmgr-export-test-'));
  onTestFinished(() => rmSync(folder, {recursive: true, force: true}));
});
const at = (name: string): string => join(folder, name);
const broken = (bytes: Generator<Buffer> | AsyncGenerator<Buffer>) => ({
  read: () => Promise.resolve({bytes: Readable.from(bytes, {objectMode: false})}),
});

describe('an exported file', () => {
  it('has the bytes of the cloud, the rights of the umask, and nothing beside it', async () => {
    const before = process.umask(0o022);
    onTestFinished(() => void process.umask(before));
    const written = await write(at('a.qcow2'));
    expect(readFileSync(at('a.qcow2')).equals(DISK)).toBe(true);
    expect(written).toMatchObject({target: at('a.qcow2'), bytes: DISK.length, digests: image().digests});
    expect(statSync(at('a.qcow2')).mode & 0o777).toBe(0o644);
    expect(readdirSync(folder)).toEqual(['a.qcow2']);
  });

  it('has holes where the disk is empty, also at its end', async () => {
    const disk = Buffer.alloc(16 * 2 ** 20);
    disk.write('begin');
    await write(at('a.img'), image(disk));
    expect(readFileSync(at('a.img')).equals(disk)).toBe(true);
    expect(statSync(at('a.img')).blocks * 512).toBeLessThan(2 ** 20);
  });

  it('is readable for its owner alone, under another name, until it is whole', async () => {
    const seen: string[] = [];
    await write(
      at('a.qcow2'),
      image(DISK, {
        seen: () =>
          seen.push(
            ...readdirSync(folder).map(
              (name) => `${/^\.imgmgr-export-/.test(name)} ${(statSync(at(name)).mode & 0o777).toString(8)}`,
            ),
          ),
      }),
    );
    expect(new Set(seen)).toEqual(new Set(['true 600']));
  });

  it('replaces a file when it is told to, and not otherwise', async () => {
    writeFileSync(at('a.qcow2'), 'old');
    expect((await failure(write(at('a.qcow2')))).message).toBe(`${at('a.qcow2')} exists`);
    expect(readFileSync(at('a.qcow2'), 'utf8')).toBe('old');
    await write(at('a.qcow2'), image(), {force: true});
    expect(readFileSync(at('a.qcow2')).equals(DISK)).toBe(true);
  });

  it.each([
    ['a link', (path: string) => symlinkSync('/etc/passwd', path)],
    ['a link to nothing', (path: string) => symlinkSync('nowhere', path)],
    ['a folder', (path: string) => mkdirSync(path)],
  ])('is refused in the place of %s, also with --force', async (_, make) => {
    make(at('x'));
    const before = lstatSync(at('x')).ino;
    expect((await failure(write(at('x'), image(), {force: true}))).message).toContain('is there and no regular file');
    expect([lstatSync(at('x')).ino, readdirSync(folder)]).toEqual([before, ['x']]);
  });

  it('is refused for a device and in a folder that is not there', async () => {
    expect((await failure(write('/dev/null', image(), {force: true}))).code).toBe('USAGE');
    expect((await failure(write(at('no/a')))).message).toContain('there is no folder');
  });

  it('does not replace what appeared meanwhile', async () => {
    const late = image(DISK, {seen: () => writeFileSync(at('a'), 'theirs')});
    expect((await failure(write(at('a'), late))).message).toContain('exists');
    expect([readFileSync(at('a'), 'utf8'), readdirSync(folder)]).toEqual(['theirs', ['a']]);
  });

  it.each([
    ['other bytes', image(DISK, broken(pieces(Buffer.from(DISK).fill(1, 500, 600)))), 'DIGEST_MISMATCH'],
    ['an end too early', image(DISK, broken(pieces(DISK.subarray(0, 100_000)))), 'DIGEST_MISMATCH'],
    ['more bytes', image(DISK, broken(pieces(Buffer.concat([DISK, Buffer.from('x')])))), 'DIGEST_MISMATCH'],
    [
      'a broken connection',
      image(
        DISK,
        broken(
          (function* () {
            yield DISK.subarray(0, 1000);
            throw new ImgmgrError('UNAVAILABLE', 'reset');
          })(),
        ),
      ),
      'UNAVAILABLE',
    ],
  ])('does not appear after %s, and leaves nothing', async (_, what, code) => {
    expect((await failure(write(at('a'), what))).code).toBe(code);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('does not appear after an interruption, and leaves nothing', async () => {
    const abort = new AbortController();
    const stop = image(DISK, {
      seen: (bytes) => bytes > 1_000_000 && abort.abort(new ImgmgrError('INTERRUPTED', 'interrupted')),
    });
    expect((await failure(write(at('a'), stop, {signal: abort.signal}))).code).toBe('INTERRUPTED');
    expect(readdirSync(folder)).toEqual([]);
  });

  it('needs room, which is said before anything is read', async () => {
    const huge = image(DISK, {size: 2 ** 60});
    const {code, message} = await failure(write(at('a'), huge));
    expect([code, huge.readings()]).toEqual(['DISK_FULL', 0]);
    expect(message).toContain('has room for');
  });

  it('removes what a killed export left, and nothing of one that is under way or of others', async () => {
    const {pid} = spawnSync('true');
    const [bootId, namespace, , start] = temporaryName('').split('.');
    const dead = [bootId, namespace, pid, start, 'x'].join('.');
    const names = [`.imgmgr-export-${dead}`, temporaryName('.imgmgr-export-'), '.imgmgr-exports', `.tmp-${dead}`];
    for (const name of names) writeFileSync(at(name), 'x');
    await write(at('a'));
    expect(new Set(readdirSync(folder))).toEqual(new Set(['a', ...names.slice(1)]));
  });
});
