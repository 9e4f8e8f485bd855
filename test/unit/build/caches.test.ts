import {chmod, lstat, mkdir, mkdtemp, readdir, readFile, rm, symlink, utimes, writeFile} from 'node:fs/promises';
import fs from 'node:fs/promises';
import {syncBuiltinESMExports} from 'node:module';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest';
import {trim} from '../../../src/build/caches.ts';

const NOW = new Date('2026-11-21T12:00:00Z');

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'imgmgr-cache-'));
});
afterEach(async () => {
  vi.restoreAllMocks();
  syncBuiltinESMExports();
  await rm(folder, {recursive: true, force: true});
});

/** A file of 100 bytes that was read and written so many hours ago. */
async function file(
  name: string,
  hours: {readonly read: number; readonly written: number},
  bytes = 100,
): Promise<string> {
  const path = join(folder, name);
  await mkdir(dirname(path), {recursive: true});
  await writeFile(path, Buffer.alloc(bytes, 'x'));
  await utimes(path, hoursAgo(hours.read), hoursAgo(hours.written));
  return path;
}

function hoursAgo(hours: number): Date {
  return new Date(NOW.getTime() - hours * 3_600_000);
}

/** Every file and empty folder that is left, sorted. */
async function left(): Promise<string[]> {
  const all = await readdir(folder, {recursive: true, withFileTypes: true});
  return all
    .filter((entry) => !entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}

function trimTo(capBytes: number, inUse: readonly string[] = []) {
  return trim({folder, capBytes, inUse, now: NOW});
}

describe('trimming a cache', () => {
  it('removes the least recently used first, by reading or writing, and stops below the cap', async () => {
    await file('apt/debian/read-long-ago.deb', {read: 50, written: 60});
    await file('apt/debian/read-lately.deb', {read: 2, written: 90});
    await file('debootstrap.tar.gz', {read: 80, written: 70});
    await file('written-lately.tar.gz', {read: 80, written: 3});
    expect(await trimTo(250)).toEqual({freedBytes: 200, leftBytes: 200});
    expect(await left()).toEqual(['read-lately.deb', 'written-lately.tar.gz']);
  });

  it('leaves a cache alone that has exactly its cap', async () => {
    await file('a', {read: 50, written: 50});
    expect(await trimTo(100)).toEqual({freedBytes: 0, leftBytes: 100});
    expect(await left()).toEqual(['a']);
  });

  it('never removes what was used within the hour', async () => {
    await file('read', {read: 0.9, written: 50});
    await file('written', {read: 50, written: 0.9});
    await file('neither', {read: 1.1, written: 50});
    expect(await trimTo(0)).toEqual({freedBytes: 100, leftBytes: 200});
    expect(await left()).toEqual(['read', 'written']);
  });

  it('never removes what a running build has open: a file, or all below a folder', async () => {
    const open = await file('open.tar.gz', {read: 50, written: 50});
    await file('apt/debian/one.deb', {read: 50, written: 50});
    await file('apt-other', {read: 50, written: 50});
    expect(await trimTo(0, [open, join(folder, 'apt')])).toEqual({freedBytes: 100, leftBytes: 200});
    expect(await left()).toEqual(['one.deb', 'open.tar.gz']);
  });

  it('keeps folders, empty files and links, and does not follow links', async () => {
    const outside = await mkdtemp(join(tmpdir(), 'imgmgr-outside-'));
    try {
      await writeFile(join(outside, 'precious'), 'x');
      await utimes(join(outside, 'precious'), hoursAgo(500), hoursAgo(500));
      await symlink(outside, join(folder, 'link'));
      await file('apt/lock', {read: 50, written: 50}, 0);
      await file('apt/partial/one.deb', {read: 50, written: 50});
      expect(await trimTo(0)).toEqual({freedBytes: 100, leftBytes: 0});
      expect(await left()).toEqual(['link', 'lock']);
      expect((await lstat(join(folder, 'apt/partial'))).isDirectory()).toBe(true);
      expect(await readFile(join(outside, 'precious'), 'utf8')).toBe('x');
    } finally {
      await rm(outside, {recursive: true, force: true});
    }
  });

  it('removes a git clone whole, or not at all', async () => {
    await file('repositories/old/.git/objects/1', {read: 50, written: 50});
    await file('repositories/old/src/main.c', {read: 40, written: 40});
    await file('repositories/used/.git/objects/1', {read: 90, written: 90});
    const head = await file('repositories/used/.git/HEAD', {read: 2, written: 90});
    await file('newer.deb', {read: 30, written: 30});
    expect(await trimTo(350)).toEqual({freedBytes: 200, leftBytes: 300});
    expect(await readdir(join(folder, 'repositories'))).toEqual(['used']);
    expect(await trimTo(0, [head])).toEqual({freedBytes: 100, leftBytes: 200});
    expect(await left()).toEqual(['1', 'HEAD']);
  });

  it('has nothing to do where there is no cache', async () => {
    expect(await trim({folder: join(folder, 'none'), capBytes: 0, inUse: [], now: NOW})).toEqual({
      freedBytes: 0,
      leftBytes: 0,
    });
  });
});

describe('a cache that refuses', () => {
  function refuse(name: 'rm' | 'readdir', ...codes: readonly string[]): void {
    const spy = vi.spyOn(fs, name);
    for (const code of codes) spy.mockRejectedValueOnce(Object.assign(new Error('refused'), {code}));
    syncBuiltinESMExports();
  }

  it('to be made smaller gets a warning with the file, the reason and the bytes, nothing thrown', async () => {
    const oldest = await file('a', {read: 90, written: 90});
    await file('b', {read: 80, written: 80});
    await file('c', {read: 70, written: 70});
    refuse('rm', 'EROFS', 'EACCES');
    expect(await trimTo(50)).toEqual({
      freedBytes: 100,
      leftBytes: 200,
      warning: `the cache ${folder} has 200 bytes, 50 are allowed; could not be removed: ${oldest} (EROFS) and 1 more`,
    });
  });

  it('one file gets none when another made room enough', async () => {
    await file('a', {read: 90, written: 90});
    await file('b', {read: 80, written: 80});
    refuse('rm', 'EACCES');
    expect(await trimTo(100)).toEqual({freedBytes: 100, leftBytes: 100});
    expect(await left()).toEqual(['a']);
  });

  it('to be read gets a warning, nothing thrown', async () => {
    await file('a', {read: 90, written: 90});
    refuse('readdir', 'EACCES');
    const {warning} = await trimTo(0);
    expect(warning).toBe(`the cache ${folder} could not be read: EACCES`);
    expect(await left()).toEqual(['a']);
  });

  it('as a kernel does: nothing of a file system that removes nothing for anybody is gone', async () => {
    // sysfs: not even root removes a file there.
    const kernel = '/sys/module/kernel/parameters';
    const names = (await readdir(kernel)).length;
    const {freedBytes, warning} = await trim({folder: kernel, capBytes: 0, inUse: [], now: new Date('2100-01-01')});
    expect(freedBytes).toBe(0);
    expect(warning).toContain('could not be removed');
    expect(await readdir(kernel)).toHaveLength(names);
  });

  it('is a file: a warning, and the file stays', async () => {
    const path = await file('a', {read: 90, written: 90});
    await chmod(path, 0o600);
    const {warning} = await trim({folder: path, capBytes: 0, inUse: [], now: NOW});
    expect(warning).toContain('ENOTDIR');
    expect(await left()).toEqual(['a']);
  });
});
