import {mkdir, readdir, rename, rm, rmdir, stat, unlink, writeFile} from 'node:fs/promises';
import {hostname} from 'node:os';
import {join} from 'node:path';
import {hasCode, ifThere} from './fs-error.ts';
import {giveSigns, holderName, isProcessGone, parseHolderName} from './process.ts';
import {readRegularFile} from './regular-file.ts';

/** A lock that is held. */
export interface Lock {
  /** Gives it up. */
  release(): Promise<void>;
}

/** Where a lock is. */
export interface LockLocation {
  readonly path: string;
  /** A folder of the same file system that we may write; the lock is made there and then moved to its path. */
  readonly aside: string;
  /** What the name of a lock in the making begins with. */
  readonly prefix?: string;
}

/** Who holds a lock, as far as its file says. */
export interface LockHolder {
  readonly pid: number;
  readonly host?: string;
  /** When it was taken, as ISO 8601. */
  readonly since?: string;
  /** What else the holder wrote down. */
  readonly note: Readonly<Record<string, unknown>>;
}

const NOTE_BYTES = 64 * 1024;

/**
 * Takes the lock unless a living process holds it (undefined then). A lock is a folder with one file, named after its
 * holder; rename(2) puts such a folder only where nothing or an empty folder is, so that of several exactly one gets it.
 * A dead holder's lock is opened by removing its file by name, which can never hit a living holder's: nobody has to distinguish
 * a stale lock from a new one in the same place. `note`: what the file says besides host and time.
 */
export async function tryLock(
  place: LockLocation,
  note: Readonly<Record<string, string>> = {},
): Promise<Lock | undefined> {
  const {path, aside, prefix = ''} = place;
  const name = holderName();
  const made = join(aside, `${prefix}${name}`);
  await mkdir(made, {mode: 0o700});
  try {
    const text = JSON.stringify({...note, host: hostname(), since: new Date().toISOString()});
    await writeFile(join(made, name), text, {mode: 0o600});
    if (!(await moveIn(made, place))) return undefined;
  } finally {
    await rm(made, {recursive: true, force: true});
  }
  const stopSigns = giveSigns(join(path, name));
  return {
    async release() {
      stopSigns();
      await ifThere(unlink(join(path, name)));
      await removeEmpty(path);
    },
  };
}

/** Does a living process hold the lock? Changes nothing. */
export async function isLocked({path, aside}: LockLocation): Promise<boolean> {
  for (const name of (await ifThere(readdir(path))) ?? [])
    if (!(await isLeft(join(path, name), {name, folder: aside}))) return true;
  return false;
}

/** Who holds the lock; undefined where nobody does, or its file names no process. */
export async function lockHolder(path: string): Promise<LockHolder | undefined> {
  const [name = ''] = (await ifThere(readdir(path))) ?? [];
  const pid = parseHolderName(name)?.pid;
  if (pid === undefined) return undefined;
  const note = await readNote(join(path, name));
  const {host, since} = note;
  return {pid, note, ...(typeof host === 'string' && {host}), ...(typeof since === 'string' && {since})};
}

/** `process 123 on build-1, since 2026-11-26T09:00:00.000Z`, with what of it is known. */
export function describeHolder({pid, host, since}: LockHolder): string {
  return `process ${pid}${host === undefined ? '' : ` on ${host}`}${since === undefined ? '' : `, since ${since}`}`;
}

/**
 * Removes from the folder what processes that are gone left there, by the names of {@link holderName} behind the prefix; what another
 * user made is left to that user. `aside`: a folder of the same file system that we may write; default: the folder itself.
 */
export async function sweepHolders({
  folder,
  aside = folder,
  prefix = '',
}: {
  readonly folder: string;
  readonly aside?: string;
  readonly prefix?: string;
}): Promise<void> {
  for (const entry of (await ifThere(readdir(folder))) ?? []) {
    if (!entry.startsWith(prefix)) continue;
    const path = join(folder, entry);
    try {
      if (await isLeft(path, {name: entry.slice(prefix.length), folder: aside}))
        await rm(path, {recursive: true, force: true});
    } catch (error) {
      if (!hasCode(error, 'EACCES', 'EPERM', 'ENOTEMPTY')) throw error;
    }
  }
}

/** Removes the folder if nothing is in it. */
export async function removeEmpty(path: string): Promise<void> {
  await ifThere(rmdir(path), 'ENOTEMPTY', 'EEXIST', 'ENOTDIR', 'EACCES', 'EPERM');
}

async function moveIn(made: string, {path, aside}: LockLocation): Promise<boolean> {
  for (;;) {
    try {
      await rename(made, path);
      return true;
    } catch (error) {
      if (!hasCode(error, 'ENOTEMPTY', 'EEXIST')) throw error;
    }
    if (!(await openStale(path, aside))) return false;
  }
}

/** Removes the files of dead holders; true when the lock may be free now. */
async function openStale(path: string, aside: string): Promise<boolean> {
  let living = false;
  for (const name of (await ifThere(readdir(path))) ?? []) {
    if (await isLeft(join(path, name), {name, folder: aside})) await ifThere(unlink(join(path, name)));
    else living = true;
  }
  return !living;
}

/** True when the process of that name is gone, or the file is; a name that no process made is not ours to judge. */
async function isLeft(
  path: string,
  {name, folder}: {readonly name: string; readonly folder: string},
): Promise<boolean> {
  const identity = parseHolderName(name);
  if (identity === undefined) return false;
  const stats = await ifThere(stat(path));
  return stats === undefined || isProcessGone(identity, {touchedMs: stats.mtimeMs, folder});
}

async function readNote(path: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    const text = await readRegularFile(path, {maxBytes: NOTE_BYTES, follow: false});
    return (JSON.parse(text.toString('utf8')) ?? {}) as Readonly<Record<string, unknown>>;
  } catch {
    return {};
  }
}
