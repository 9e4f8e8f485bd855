import {mkdir, rename, rm, stat, writeFile} from 'node:fs/promises';
import {hostname} from 'node:os';
import {basename, join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {ImgmgrError} from '../errors.ts';
import {fileSystemNow} from '../host/file-clock.ts';
import {giveSign} from '../host/holder.ts';
import {readRegularFile} from '../host/regular-file.ts';
import {hasCode} from './disk-error.ts';
import type {Folders} from './folders.ts';
import {entries, removeEmpty, unlinkIfThere} from './folders.ts';
import {FOREIGN_MS, isHolderGone, isUnseen} from './holder.ts';

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
  await mkdir(made, {mode: 0o700});
  const note = JSON.stringify({host: hostname(), since: new Date().toISOString()});
  await writeFile(join(made, holder), note, {mode: 0o600});
  if (!(await moveIn(folders, {made, path}))) {
    await rm(made, {recursive: true, force: true});
    return undefined;
  }
  const signs = setInterval(() => {
    giveSign(join(path, holder));
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
  for (const holder of await entries(path)) if (!(await isGone(folders, join(path, holder)))) return true;
  return false;
}

/** `process 123 on build-1, since 2026-11-26T09:00:00.000Z`, with what of it can be read. */
export async function lockHolder(folders: Folders, name: string): Promise<string> {
  const path = join(folders.locks, name);
  const [holder] = await entries(path);
  const pid = holder?.split('.')[0];
  if (holder === undefined || pid === undefined) return 'another process';
  try {
    const text = await readRegularFile(join(path, holder), {maxBytes: 4096, follow: false});
    const {host, since} = JSON.parse(text.toString('utf8')) as Partial<Record<'host' | 'since', unknown>>;
    return typeof host === 'string' && typeof since === 'string'
      ? `process ${pid} on ${host}, since ${since}`
      : `process ${pid}`;
  } catch {
    return `process ${pid}`;
  }
}

async function waitForLock(folders: Folders, name: string): Promise<Lock> {
  const endMs = performance.now() + LIMIT_MS;
  while (performance.now() < endMs) {
    const lock = await tryLock(folders, name);
    if (lock) return lock;
    await sleep(POLL_MS);
  }
  const path = join(folders.locks, name);
  const holder = await lockHolder(folders, name);
  throw new ImgmgrError('TIMEOUT', `${path} is locked by ${holder}; it was waited for ${LIMIT_MS / 1000} s`, {
    place: path,
    hint: 'end that process if it hangs, then run again',
  });
}

async function moveIn(
  folders: Folders,
  {made, path}: {readonly made: string; readonly path: string},
): Promise<boolean> {
  for (;;) {
    try {
      await rename(made, path);
      return true;
    } catch (error) {
      if (!hasCode(error, 'ENOTEMPTY', 'EEXIST')) throw error;
    }
    if (!(await openStale(folders, path))) return false;
  }
}

/** Removes the files of dead holders; true when the lock may be free now. */
async function openStale(folders: Folders, path: string): Promise<boolean> {
  let living = false;
  for (const holder of await entries(path)) {
    if (await isGone(folders, join(path, holder))) await unlinkIfThere(join(path, holder));
    else living = true;
  }
  return !living;
}

async function isGone(folders: Folders, path: string): Promise<boolean> {
  try {
    const {mtimeMs} = await stat(path);
    const holder = basename(path);
    return isHolderGone(holder, mtimeMs, isUnseen(holder) ? await fileSystemNow(folders.aside) : Date.now());
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return true;
    throw error;
  }
}
