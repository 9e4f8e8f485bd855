import type {Dirent} from 'node:fs';
import {access, constants, lstat, mkdir, readdir, rm} from 'node:fs/promises';
import {join} from 'node:path';
import type {Warning} from '../core/warnings.ts';
import {asImgmgrError} from '../errors.ts';
import {codeOf, ifThere} from '../host/fs-error.ts';

/** What a trimming did; bytes as the files' sizes count them. */
export interface Trimmed {
  readonly freedBytes: number;
  readonly leftBytes: number;
  /** A sentence for the operator where the cache could not be read or made smaller; the build can go on without. */
  readonly warning?: string;
}

/**
 * Removes the least recently used files of a cache until it has at most `capBytes`; folders stay. Never removed: what was read
 * or written within the hour before `now`, empty files (locks), and whatever is or lies below a path of `inUse`. A git clone is
 * one thing, used when any file of it was, and goes with its folder: half of one would break the next build.
 */
export async function trim(request: {
  readonly folder: string;
  readonly capBytes: number;
  /** Absolute paths that a running build has open. */
  readonly inUse: readonly string[];
  readonly now: Date;
}): Promise<Trimmed> {
  const {folder, capBytes} = request;
  const things: Thing[] = [];
  try {
    await collect(folder, things);
  } catch (error) {
    return {freedBytes: 0, leftBytes: 0, warning: `the cache ${folder} could not be read: ${reasonOf(error)}`};
  }
  const total = things.reduce((sum, {bytes}) => sum + bytes, 0);
  const refused: string[] = [];
  let left = total;
  for (const thing of removable(things, request)) {
    if (left <= capBytes) break;
    const reason = await remove(thing);
    if (reason === undefined) left -= thing.bytes;
    else refused.push(`${thing.path} (${reason})`);
  }
  const done = {freedBytes: total - left, leftBytes: left};
  if (refused[0] === undefined || left <= capBytes) return done;
  const warning = `the cache ${folder} has ${left} bytes, ${capBytes} are allowed; could not be removed: ${refused[0]}`;
  return {...done, warning: refused.length > 1 ? `${warning} and ${refused.length - 1} more` : warning};
}

/** The folder of the cache, made where it is missing; `otherwise` where it cannot be written: the build takes longer and is one all the same. */
export async function usableCache(cache: {
  readonly folder: string;
  readonly otherwise: string;
  readonly warn: (warning: Warning) => void;
}): Promise<string> {
  const {folder, otherwise, warn} = cache;
  try {
    await mkdir(folder, {recursive: true, mode: 0o755});
    await access(folder, constants.W_OK);
    return folder;
  } catch (error) {
    const message = `the cache ${folder} cannot be used, so the build takes longer: ${asImgmgrError(error).message}`;
    warn({code: 'cache-unusable', message});
    return otherwise;
  }
}

/** What is kept or removed as a whole: a file, or a git clone. */
interface Thing {
  readonly path: string;
  readonly bytes: number;
  readonly usedMs: number;
}

const PROTECTED_MS = 3_600_000;

async function collect(folder: string, things: Thing[]): Promise<void> {
  const entries = (await ifThere(readdir(folder, {withFileTypes: true}))) ?? [];
  if (entries.some(({name}) => name === '.git')) {
    const parts: Thing[] = [];
    for (const entry of entries) await collectEntry(entry, parts);
    const bytes = parts.reduce((sum, part) => sum + part.bytes, 0);
    const usedMs = parts.reduce((latest, part) => Math.max(latest, part.usedMs), 0);
    things.push({path: folder, bytes, usedMs});
    return;
  }
  for (const entry of entries) await collectEntry(entry, things);
}

async function collectEntry(entry: Dirent, things: Thing[]): Promise<void> {
  const path = join(entry.parentPath, entry.name);
  if (entry.isDirectory()) await collect(path, things);
  const stats = entry.isFile() ? await ifThere(lstat(path)) : undefined;
  if (stats) things.push({path, bytes: stats.size, usedMs: Math.max(stats.atimeMs, stats.mtimeMs)});
}

/** Least recently used first. */
function removable(
  things: readonly Thing[],
  {inUse, now}: {readonly inUse: readonly string[]; readonly now: Date},
): Thing[] {
  const isOpen = (path: string): boolean =>
    inUse.some((used) => path === used || path.startsWith(`${used}/`) || used.startsWith(`${path}/`));
  return things
    .filter(({path, bytes, usedMs}) => bytes > 0 && now.getTime() - usedMs >= PROTECTED_MS && !isOpen(path))
    .sort((a, b) => a.usedMs - b.usedMs);
}

/** The reason why it is still there; undefined when it is gone. */
async function remove({path}: Thing): Promise<string | undefined> {
  try {
    await rm(path, {recursive: true, force: true});
    return undefined;
  } catch (error) {
    return reasonOf(error);
  }
}

function reasonOf(error: unknown): string {
  return codeOf(error) || (error instanceof Error ? error.message : String(error));
}
