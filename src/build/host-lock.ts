import {randomUUID} from 'node:crypto';
import {mkdir, readdir, rename, rm, rmdir, stat, unlink, writeFile} from 'node:fs/promises';
import {hostname} from 'node:os';
import {dirname, join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {asImgmgrError, ImgmgrError} from '../errors.ts';
import {hasCode} from './disk-error.ts';
import type {Holder} from '../host/holder.ts';
import {giveSigns, isHolderGone, ownHolder} from '../host/holder.ts';
import {makePrivateFolder} from '../host/private-folder.ts';
import {readRegularFile} from '../host/regular-file.ts';

/** The right to build on this host, held. */
export interface HostLock {
  /** Gives it up. */
  release(): Promise<void>;
}

export interface LockRequest {
  /** A folder on this host's own disk; every build of this host names the same. */
  readonly folder: string;
  /** Who builds, told to those that wait. */
  readonly definition: string;
  readonly limitMs: number;
  readonly signal: AbortSignal;
  /** Is told after every look that did not get the lock. */
  readonly waiting?: (wait: Wait) => void;
  readonly pollMs?: number;
}

export interface Wait {
  readonly elapsedMs: number;
  readonly limitMs: number;
  /** `"debian" (process 123 on build-1, since 2026-11-26T09:00:00.000Z)`, where it can be read. */
  readonly holder: string;
}

const LOCK = 'build.lock';
const POLL_MS = 2000;
const NOTE_BYTES = 64 * 1024;

/**
 * Takes the lock of this host, waiting while a living process holds it; a dead one's is taken over at once. LOCKED when the time is
 * over, INTERRUPTED. The lock is a folder with one file, named after its holder. rename(2) puts such a folder only where nothing or
 * an empty folder is, so of many exactly one gets in; and a dead holder's file is removed by its name, which no living holder has.
 */
export async function takeHostLock(request: LockRequest): Promise<HostLock> {
  const {folder, limitMs, signal, waiting, pollMs = POLL_MS} = request;
  await makePrivateFolder(folder);
  const startMs = performance.now();
  for (;;) {
    throwIfAborted(signal);
    const lock = await tryHostLock(folder, request.definition);
    if (lock !== undefined) return lock;
    const elapsedMs = performance.now() - startMs;
    const holder = await whoHolds(join(folder, LOCK));
    if (elapsedMs >= limitMs) throw locked({folder, limitMs, holder});
    waiting?.({elapsedMs, limitMs, holder});
    await pause(Math.min(pollMs, Math.max(limitMs - elapsedMs, 1)), signal);
  }
}

/** Takes the lock unless a living process holds it; undefined then. */
export async function tryHostLock(folder: string, definition: string): Promise<HostLock | undefined> {
  const path = join(folder, LOCK);
  const {pid, startTime, hostBootId, pidNamespace} = ownHolder();
  const name = [pid, startTime, hostBootId, pidNamespace, randomUUID()].join('.');
  const made = join(folder, `${LOCK}.${name}`);
  await mkdir(made, {mode: 0o700});
  try {
    await writeFile(join(made, name), JSON.stringify({definition, host: hostname(), since: new Date().toISOString()}), {
      mode: 0o600,
    });
    if (!(await moveIn(made, path))) return undefined;
  } finally {
    await rm(made, {recursive: true, force: true});
  }
  await removeLeftovers(folder);
  const stopSigns = giveSigns(join(path, name));
  return {
    async release() {
      stopSigns();
      await quietly(unlink(join(path, name)));
      await quietly(rmdir(path));
    },
  };
}

async function moveIn(made: string, path: string): Promise<boolean> {
  for (;;) {
    try {
      await rename(made, path);
      return true;
    } catch (error) {
      if (!hasCode(error, 'ENOTEMPTY', 'EEXIST')) throw error;
    }
    let living = false;
    for (const name of await entries(path)) {
      if (await isGone(join(path, name), {name, folder: dirname(path)})) await quietly(unlink(join(path, name)));
      else living = true;
    }
    if (living) return false;
  }
}

/** What starters that were killed had prepared. */
async function removeLeftovers(folder: string): Promise<void> {
  for (const entry of await entries(folder)) {
    if (!entry.startsWith(`${LOCK}.`)) continue;
    const name = entry.slice(LOCK.length + 1);
    const path = join(folder, entry);
    if (await isGone(path, {name, folder})) await rm(path, {recursive: true, force: true});
  }
}

/** `folder`: one that we may write, on the same file system. */
async function isGone(
  path: string,
  {name, folder}: {readonly name: string; readonly folder: string},
): Promise<boolean> {
  const holder = parseName(name);
  if (holder === undefined) return false;
  try {
    return await isHolderGone(holder, {touchedMs: (await stat(path)).mtimeMs, folder});
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return true;
    throw error;
  }
}

function parseName(name: string): Holder | undefined {
  const [pid, startTime, hostBootId, pidNamespace] = name.split('.');
  if (startTime === undefined || hostBootId === undefined || pidNamespace === undefined) return undefined;
  return {pid: Number(pid), startTime, hostBootId, pidNamespace};
}

/** `"debian" (process 123 on build-1, since 2026-11-26T09:00:00.000Z)`, with what of it can be read. */
async function whoHolds(path: string): Promise<string> {
  const [name = ''] = await entries(path);
  const pid = parseName(name)?.pid;
  if (pid === undefined) return 'another build';
  const {definition, host, since} = await readNote(join(path, name));
  const where = typeof host === 'string' ? ` on ${host}` : '';
  const when = typeof since === 'string' ? `, since ${since}` : '';
  const who = `process ${pid}${where}${when}`;
  return typeof definition === 'string' ? `"${definition}" (${who})` : who;
}

async function readNote(path: string): Promise<Partial<Record<'definition' | 'host' | 'since', unknown>>> {
  try {
    const text = await readRegularFile(path, {maxBytes: NOTE_BYTES, follow: false});
    return (JSON.parse(text.toString('utf8')) ?? {}) as Partial<Record<'definition' | 'host' | 'since', unknown>>;
  } catch {
    return {};
  }
}

async function entries(path: string): Promise<readonly string[]> {
  try {
    return await readdir(path);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return [];
    throw error;
  }
}

/** Of several that clean up, one is the first. */
async function quietly(removal: Promise<void>): Promise<void> {
  try {
    await removal;
  } catch (error) {
    if (!hasCode(error, 'ENOENT', 'ENOTEMPTY', 'EEXIST')) throw error;
  }
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
    place: join(folder, LOCK),
    hint: 'one image is built at a time; run again when that build has ended',
  });
}
