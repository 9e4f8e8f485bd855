import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {ImgmgrError} from '../errors.ts';
import type {Lock, LockLocation} from '../host/lock.ts';
import {
  describeHolder,
  isLocked as isLockedAt,
  lockHolder as lockHolderAt,
  tryLock as tryLockAt,
} from '../host/lock.ts';
import {SILENCE_MS} from '../host/process.ts';
import type {Folders} from './folders.ts';

const POLL_MS = 10;
/** By then a holder that cannot be seen from here has given a sign of life, or counts as gone. */
const LIMIT_MS = SILENCE_MS + 15_000;

/** Runs the work while nobody else, in this process or another, holds the lock; throws TIMEOUT after 75 s. */
export async function withLock<T>(folders: Folders, name: string, work: () => Promise<T>): Promise<T> {
  const lock = await waitForLock(folders, name);
  try {
    return await work();
  } finally {
    await lock.release();
  }
}

/** Takes the lock unless a living process holds it; undefined then. */
export function tryLock(folders: Folders, name: string): Promise<Lock | undefined> {
  return tryLockAt(placeOf(folders, name));
}

/** Does a living process hold the lock? Changes nothing. */
export function isLocked(folders: Folders, name: string): Promise<boolean> {
  return isLockedAt(placeOf(folders, name));
}

/** `process 123 on build-1, since 2026-11-26T09:00:00.000Z`, with what of it can be read. */
export async function lockHolder(folders: Folders, name: string): Promise<string> {
  const holder = await lockHolderAt(placeOf(folders, name).path);
  return holder ? describeHolder(holder) : 'another process';
}

async function waitForLock(folders: Folders, name: string): Promise<Lock> {
  const endMs = performance.now() + LIMIT_MS;
  while (performance.now() < endMs) {
    const lock = await tryLock(folders, name);
    if (lock) return lock;
    await sleep(POLL_MS);
  }
  const {path} = placeOf(folders, name);
  const holder = await lockHolder(folders, name);
  throw new ImgmgrError('TIMEOUT', `${path} is locked by ${holder}; it was waited for ${LIMIT_MS / 1000} s`, {
    place: path,
    hint: 'end that process if it hangs, then run again',
  });
}

function placeOf(folders: Folders, name: string): LockLocation {
  return {path: join(folders.locks, name), aside: folders.aside};
}
