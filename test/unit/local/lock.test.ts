import {mkdir, utimes, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {execa} from 'execa';
import {describe, expect, it} from 'vitest';
import {holderName, SILENCE_MS} from '../../../src/host/process.ts';
import {Folders} from '../../../src/local/folders.ts';
import {isLocked, tryLock, withLock} from '../../../src/local/lock.ts';
import {tree, useStoreFolder} from './store-folder.ts';

const folder = useStoreFolder();

async function prepared(): Promise<Folders> {
  const folders = new Folders(folder.path());
  await folders.prepare();
  return folders;
}

/** The name of a process that has ended. */
async function deadHolder(): Promise<string> {
  const {stdout} = await execa('sh', ['-c', 'cut -d" " -f1,22 /proc/$$/stat']);
  const [pid, start] = stdout.split(' ');
  const [, , boot, namespace] = holderName().split('.');
  return [pid, start, boot, namespace, 'x'].join('.');
}

function foreignHolder(): string {
  const [pid, start, boot] = holderName().split('.');
  return [pid, start, boot, '1', 'x'].join('.');
}

/** Locks the name for somebody else, who gave the last sign of life so many milliseconds ago. */
async function plant(name: string, holder: string, ageMs = 0): Promise<void> {
  const path = join(folder.path(), 'locks', name, holder);
  await mkdir(join(folder.path(), 'locks', name), {recursive: true});
  await writeFile(path, '');
  const touched = new Date(Date.now() - ageMs);
  await utimes(path, touched, touched);
}

describe('a lock', () => {
  it('has one holder at a time', async () => {
    const folders = await prepared();
    const lock = await tryLock(folders, 'a');
    expect(await tryLock(folders, 'a')).toBeUndefined();
    expect(await isLocked(folders, 'a')).toBe(true);
    expect(await isLocked(folders, 'b')).toBe(false);
    await lock?.release();
    expect(await isLocked(folders, 'a')).toBe(false);
    await (await tryLock(folders, 'a'))?.release();
    expect(await tree(folder.path())).toEqual(['aside', 'images', 'locks']);
  });

  it('is given up when the work throws', async () => {
    const folders = await prepared();
    await expect(withLock(folders, 'a', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await isLocked(folders, 'a')).toBe(false);
  });

  it('of a dead process is taken over, and is no lock for readers', async () => {
    const folders = await prepared();
    await plant('a', await deadHolder());
    expect(await isLocked(folders, 'a')).toBe(false);
    const lock = await tryLock(folders, 'a');
    expect(lock).toBeDefined();
    expect(await tryLock(folders, 'a')).toBeUndefined();
    await lock?.release();
  });

  it('of another container is respected until its signs of life end', async () => {
    const folders = await prepared();
    await plant('a', foreignHolder());
    expect(await tryLock(folders, 'a')).toBeUndefined();
    await plant('b', foreignHolder(), SILENCE_MS + 1000);
    expect(await tryLock(folders, 'b')).toBeDefined();
  });

  it('of a dead process goes to one of many that want it', async () => {
    const folders = await prepared();
    await plant('a', await deadHolder());
    const locks = await Promise.all(Array.from({length: 20}, () => tryLock(folders, 'a')));
    expect(locks.filter((lock) => lock !== undefined)).toHaveLength(1);
  });
});

describe('the sweep of a store that is opened for writing', () => {
  it('removes what dead processes left, and keeps what the living work on', async () => {
    const folders = await prepared();
    const dead = await deadHolder();
    const living = `${holderName()}.mine`;
    for (const name of [dead, living]) {
      await mkdir(join(folder.path(), 'aside', name));
      await writeFile(join(folder.path(), 'aside', name, 'image.json'), '{}');
    }
    await writeFile(join(folder.path(), 'aside', `${dead}.bytes`), 'bytes');
    await plant('a', dead);
    const lock = await tryLock(folders, 'b');
    await prepared();
    const left = await tree(folder.path());
    expect(left.filter((path) => path.includes(dead))).toEqual([]);
    expect(left).toContain(`aside/${living}/image.json`);
    expect(left).not.toContain('locks/a');
    expect(left).toContain('locks/b');
    await lock?.release();
  });
});
