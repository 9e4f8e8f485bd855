import {mkdir, rename, rm, stat, utimes, writeFile} from 'node:fs/promises';
import {basename, join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {ImgmgrError} from '../errors.ts';
import {hasCode} from './disk-error.ts';
import type {Folders} from './folders.ts';
import {entries, removeEmpty, unlinkIfThere} from './folders.ts';
import {FOREIGN_MS, isHolderGone} from './holder.ts';

/** A lock that is held. */
export interface Lock {
  /** Gives it up. */
  release(): Promise<void>;
}

const POLL_MS = 10;
const LIMIT_MS = FOREIGN_MS + 15_000;
const SIGN_OF_LIFE_MS = FOREIGN_MS / 6;

/** Runs the work while nobody else, in this process or another, holds the lock; throws TIMEOUT after 45 s. */
export async function withLock<T>(folders: Folders, name: string, work: () => Promise<T>): Promise<T> {
  const lock = await waitForLock(folders, name);
  try {
    return await work();
  } finally {
    await lock.release();
  }
}

/**
 * Takes the lock unless a living process holds it (undefined then). A lock is a folder with one file, named after its
 * holder; rename(2) puts such a folder only where nothing or an empty folder is, so that of several exactly one gets it.
 * A dead holder's lock is opened by removing its file by name, which can never hit a living holder's: nobody has to tell
 * a stale lock from a new one in the same place.
 */
export async function tryLock(folders: Folders, name: string): Promise<Lock | undefined> {
  const made = folders.asidePath();
  const holder = basename(made);
  const path = join(folders.locks, name);
  await mkdir(made);
  await writeFile(join(made, holder), '');
  if (!(await moveIn(made, path))) {
    await rm(made, {recursive: true, force: true});
    return undefined;
  }
  const signs = setInterval(() => {
    void giveSign(join(path, holder));
  }, SIGN_OF_LIFE_MS);
  signs.unref();
  return {
    async release() {
      clearInterval(signs);
      await unlinkIfThere(join(path, holder));
      await removeEmpty(path);
    },
  };
}

/** Does a living process hold the lock? Changes nothing. */
export async function isLocked(folders: Folders, name: string): Promise<boolean> {
  const path = join(folders.locks, name);
  for (const holder of await entries(path)) if (!(await isGone(path, holder))) return true;
  return false;
}

async function waitForLock(folders: Folders, name: string): Promise<Lock> {
  const endMs = performance.now() + LIMIT_MS;
  while (performance.now() < endMs) {
    const lock = await tryLock(folders, name);
    if (lock) return lock;
    await sleep(POLL_MS);
  }
  const path = join(folders.locks, name);
  throw new ImgmgrError('TIMEOUT', `another process has held ${path} for ${LIMIT_MS / 1000} s`, {
    place: path,
    hint: 'the file in it begins with the process id; end that process, then run again',
  });
}

async function moveIn(made: string, path: string): Promise<boolean> {
  for (;;) {
    try {
      await rename(made, path);
      return true;
    } catch (error) {
      if (!hasCode(error, 'ENOTEMPTY', 'EEXIST')) throw error;
    }
    if (!(await openStale(path))) return false;
  }
}

/** Removes the files of dead holders; true when the lock may be free now. */
async function openStale(path: string): Promise<boolean> {
  let living = false;
  for (const holder of await entries(path)) {
    if (await isGone(path, holder)) await unlinkIfThere(join(path, holder));
    else living = true;
  }
  return !living;
}

async function isGone(path: string, holder: string): Promise<boolean> {
  try {
    const {mtimeMs} = await stat(join(path, holder));
    return isHolderGone(holder, mtimeMs);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return true;
    throw error;
  }
}

async function giveSign(path: string): Promise<void> {
  const now = new Date();
  try {
    await utimes(path, now, now);
  } catch {
    // A sign that cannot be given is one that others do not see; the lock is judged by them then.
  }
}
