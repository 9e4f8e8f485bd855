import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {asImgmgrError, ImgmgrError} from '../errors.ts';
import type {Lock} from '../host/lock.ts';
import {describeHolder, lockHolder, sweepHolders, tryLock} from '../host/lock.ts';
import {makePrivateFolder} from '../host/private-folder.ts';

export interface LockRequest {
  /** A folder on this host's own disk; every build of this host names the same. */
  readonly folder: string;
  /** Who builds, shown to those that wait. */
  readonly definition: string;
  readonly limitMs: number;
  readonly signal: AbortSignal;
  /** Is called after every look that did not get the lock. */
  readonly waiting?: (wait: Wait) => void;
  readonly pollMs?: number;
}

export interface Wait {
  readonly elapsedMs: number;
  readonly limitMs: number;
  /** `"debian" (process 123 on build-1, since 2026-11-26T09:00:00.000Z)`, where it can be read. */
  readonly holder: string;
}

/** The name of the lock in its folder. */
export const HOST_LOCK = 'build.lock';
const POLL_MS = 2000;

/**
 * Takes the lock of this host, waiting while a living process holds it; a dead one's is taken over at once. LOCKED when the time is
 * over, INTERRUPTED.
 */
export async function takeHostLock(request: LockRequest): Promise<Lock> {
  const {folder, limitMs, signal, waiting, pollMs = POLL_MS} = request;
  await makePrivateFolder(folder);
  const startMs = performance.now();
  for (;;) {
    throwIfAborted(signal);
    const lock = await tryHostLock(folder, request.definition);
    if (lock !== undefined) return lock;
    const elapsedMs = performance.now() - startMs;
    const holder = await whoHolds(join(folder, HOST_LOCK));
    if (elapsedMs >= limitMs) throw locked({folder, limitMs, holder});
    waiting?.({elapsedMs, limitMs, holder});
    await pause(Math.min(pollMs, Math.max(limitMs - elapsedMs, 1)), signal);
  }
}

/** Takes the lock unless a living process holds it; undefined then. Removes what starters that were killed had prepared. */
export async function tryHostLock(folder: string, definition: string): Promise<Lock | undefined> {
  const prefix = `${HOST_LOCK}.`;
  const lock = await tryLock({path: join(folder, HOST_LOCK), aside: folder, prefix}, {definition});
  if (lock !== undefined) await sweepHolders({folder, prefix});
  return lock;
}

/** `"debian" (process 123 on build-1, since 2026-11-26T09:00:00.000Z)`, with what of it can be read. */
async function whoHolds(path: string): Promise<string> {
  const holder = await lockHolder(path);
  if (holder === undefined) return 'another build';
  const {definition} = holder.note;
  const who = describeHolder(holder);
  return typeof definition === 'string' ? `"${definition}" (${who})` : who;
}

async function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(delayMs, undefined, {signal});
  } catch {
    throwIfAborted(signal);
  }
}

function throwIfAborted(signal: AbortSignal): void {
  if (!signal.aborted) return;
  if (signal.reason instanceof ImgmgrError) throw asImgmgrError(signal.reason);
  throw new ImgmgrError('INTERRUPTED', 'the wait for another build was interrupted', {cause: signal.reason});
}

function locked({folder, limitMs, holder}: {folder: string; limitMs: number; holder: string}): ImgmgrError {
  return new ImgmgrError('LOCKED', `${holder} builds on this host, and did not end within ${limitMs / 1000} s`, {
    place: join(folder, HOST_LOCK),
    hint: 'one image is built at a time; run again when that build has ended',
  });
}
