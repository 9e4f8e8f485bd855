import type {FileHandle} from 'node:fs/promises';
import {mkdir, open, readdir, readFile, rm, stat, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, expect, it, onTestFinished, vi} from 'vitest';
import {bringFile, isZero, replaceFile, writeDurably, writeWhole} from '../../../src/host/durable.ts';
import {useFolder} from '../build/folder.ts';

const folder = useFolder();

/** The object that all open files inherit their calls from. */
async function fileCalls(): Promise<FileHandle> {
  const file = await open('/dev/null');
  await file.close();
  onTestFinished(() => void vi.restoreAllMocks());
  return Object.getPrototypeOf(file) as FileHandle;
}

describe('a durable write', () => {
  it('makes a new file for its owner alone, synced before it is closed', async () => {
    const sync = vi.spyOn(await fileCalls(), 'sync');
    const path = join(folder.path(), 'file');
    await writeDurably(path, 'text');
    expect(await readFile(path, 'utf8')).toBe('text');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(sync).toHaveBeenCalledTimes(1);
    await expect(writeDurably(path, 'other')).rejects.toMatchObject({code: 'EEXIST'});
  });

  it('replaces a file in one step: file and folder are synced, nothing is left aside', async () => {
    const sync = vi.spyOn(await fileCalls(), 'sync');
    const path = join(folder.path(), 'file');
    await writeFile(path, 'old');
    await replaceFile({path, text: 'new'});
    expect(await readFile(path, 'utf8')).toBe('new');
    expect(await readdir(folder.path())).toEqual(['file']);
    expect(sync).toHaveBeenCalledTimes(2);
  });

  it.each(['writeFile', 'sync'] as const)('that fails at %s leaves the old file and nothing else', async (call) => {
    const path = join(folder.path(), 'file');
    await writeFile(path, 'old');
    vi.spyOn(await fileCalls(), call).mockRejectedValueOnce(Object.assign(new Error('full'), {code: 'ENOSPC'}));
    await expect(replaceFile({path, text: 'new', aside: join(folder.path(), 'aside')})).rejects.toThrow('full');
    expect(await readFile(path, 'utf8')).toBe('old');
    expect(await readdir(folder.path())).toEqual(['file']);
  });
});

describe('a write of all bytes', () => {
  it.each([undefined, 3])('goes on where the disk took only a part, at position %s', async (position) => {
    const path = join(folder.path(), 'file');
    await writeFile(path, '');
    const calls = await fileCalls();
    const write = Reflect.get(calls, 'write') as (...given: unknown[]) => unknown;
    const partly = vi.spyOn(calls, 'write').mockImplementationOnce(function (this: FileHandle, ...given: unknown[]) {
      return Reflect.apply(write, this, [given[0], given[1], 2, given[3]]);
    } as never);
    const file = await open(path, 'r+');
    await writeWhole(file, Buffer.from('bytes'), position);
    await writeWhole(file, Buffer.from('!'), position === undefined ? undefined : position + 5);
    await file.close();
    expect(partly).toHaveBeenCalledTimes(3);
    expect(await readFile(path, 'utf8')).toBe(`${'\0'.repeat(position ?? 0)}bytes!`);
  });
});

describe('a file that is brought to another place', () => {
  it('is the same file on the same file system', async () => {
    const [from, to] = [join(folder.path(), 'from'), join(folder.path(), 'to')];
    await writeFile(from, 'bytes');
    await bringFile(from, to);
    expect((await stat(to)).ino).toBe((await stat(from)).ino);
  });

  it('is a copy with its holes on another', async (context) => {
    const other = join('/dev/shm', `imgmgr-durable-${process.pid}`);
    if ((await stat('/dev/shm')).dev === (await stat(folder.path())).dev) context.skip('/dev/shm is no other device');
    await mkdir(other);
    onTestFinished(() => rm(other, {recursive: true}));
    const from = join(folder.path(), 'from');
    const bytes = Buffer.concat([Buffer.from('begin'), Buffer.alloc(4 * 1024 * 1024)]);
    await writeFile(from, bytes);
    await bringFile(from, join(other, 'to'));
    expect((await readFile(join(other, 'to'))).equals(bytes)).toBe(true);
    expect((await stat(join(other, 'to'))).blocks * 512).toBeLessThan(bytes.length / 2);
  });
});

describe('bytes that may be a hole', () => {
  it('are only zeros, of at most 256 KiB', () => {
    expect([isZero(Buffer.alloc(0)), isZero(Buffer.alloc(262_144))]).toEqual([true, true]);
    expect([isZero(Buffer.from([0, 1])), isZero(Buffer.alloc(262_145))]).toEqual([false, false]);
  });
});
