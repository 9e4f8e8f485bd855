import {randomUUID} from 'node:crypto';
import {chmod, mkdir, realpath, stat, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {ImgmgrError} from '../errors.ts';
import {hasCode} from './disk-error.ts';
import type {Holder} from '../host/holder.ts';
import {fileSystemNow} from '../host/file-clock.ts';
import {giveSigns, holderState, isHolderGone, ownHolder, SILENCE_MS, WATCH_MS} from '../host/holder.ts';
import {ForeignPlaceError, requireOwnPlace} from '../host/place.ts';
import {readRegularFile} from '../host/regular-file.ts';

/** The folder of one build; all that the build makes on this host is in it. */
export interface WorkFolder {
  /** Absolute, without symbolic links. */
  readonly path: string;
  /** Where diskimage-builder works (`TMP_DIR`). */
  readonly tmp: string;
  /** Where its output goes. */
  readonly out: string;
  /** For tools that stand in for missing ones; first on the PATH of the build. */
  readonly bin: string;
  /** Stops the signs of life; the folder stays until it is swept. */
  readonly leave: () => void;
}

export const PREFIX = 'imgmgr-build-';
/** Says who works in the folder. */
export const HOLDER = 'holder.json';
const HOLDER_BYTES = 64 * 1024;
const DEFAULT_ROOT = '/var/tmp';

/** Where work folders are made: IMGMGR_BUILD_DIR, else /var/tmp. */
export function workRoot(env: Readonly<Record<string, string | undefined>>): string {
  const named = env['IMGMGR_BUILD_DIR'];
  return named === undefined || named === '' ? DEFAULT_ROOT : named;
}

/** Makes the folder of a build, only for this user. CONFIG where diskimage-builder could not work, or others could exchange the folder; DISK_FULL. */
export async function makeWorkFolder(root: string, definition: string): Promise<WorkFolder> {
  try {
    // Not by the umask: what everybody may write in, everybody may exchange.
    await mkdir(root, {recursive: true, mode: 0o755});
    await requireOwnPlace(root);
    const path = join(await realpath(root), `${PREFIX}${randomUUID()}`);
    refuseOddPath(path);
    await mkdir(path, {mode: 0o700});
    // Whatever the umask took away.
    await chmod(path, 0o700);
    const holder = join(path, HOLDER);
    await writeFile(holder, `${JSON.stringify({...ownHolder(), definition})}\n`, {mode: 0o600, flag: 'wx'});
    const folder = {path, tmp: join(path, 'tmp'), out: join(path, 'out'), bin: join(path, 'bin')};
    for (const each of [folder.tmp, folder.out, folder.bin]) await mkdir(each, {mode: 0o755});
    return {...folder, leave: giveSigns(holder)};
  } catch (error) {
    throw asRootError(error, root);
  }
}

/**
 * True when nobody works in the folder any more. A holder that cannot be seen from here must have gone silent, and stay so while it is
 * watched (`watchMs`). A folder without a readable holder is believed for a minute: it may be in the making.
 * IrregularFileError where the holder is no small regular file.
 */
export async function isAbandoned(folder: string, watchMs = WATCH_MS): Promise<boolean> {
  try {
    const holder = await readHolder(folder);
    if (holder !== undefined) {
      if (!(await isHolderGone(holder, {touchedMs: holder.touchedMs, folder}))) return false;
      return holderState(holder) === 'gone' || (await staysSilent(folder, holder.touchedMs, watchMs));
    }
    const {mtimeMs} = await stat(folder);
    return (await fileSystemNow(folder)) - mtimeMs > SILENCE_MS;
  } catch (error) {
    // Another sweep was faster.
    if (hasCode(error, 'ENOENT')) return false;
    throw error;
  }
}

async function staysSilent(folder: string, touchedMs: number, watchMs: number): Promise<boolean> {
  await sleep(watchMs);
  return (await readHolder(folder))?.touchedMs === touchedMs;
}

async function readHolder(folder: string): Promise<(Holder & {readonly touchedMs: number}) | undefined> {
  const path = join(folder, HOLDER);
  try {
    const text = await readRegularFile(path, {maxBytes: HOLDER_BYTES, follow: false});
    const holder = parseHolder(text.toString('utf8'));
    return holder && {...holder, touchedMs: (await stat(path)).mtimeMs};
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

function parseHolder(text: string): Holder | undefined {
  try {
    const read = JSON.parse(text) as Partial<Record<keyof Holder, unknown>> | null;
    const {pid, startTime, hostBootId, pidNamespace} = read ?? {};
    if (typeof pid !== 'number' || typeof startTime !== 'string') return undefined;
    if (typeof hostBootId !== 'string' || typeof pidNamespace !== 'string') return undefined;
    return {pid, startTime, hostBootId, pidNamespace};
  } catch {
    return undefined;
  }
}

/** diskimage-builder's scripts do not quote the paths that they mount and remove. */
function refuseOddPath(path: string): void {
  if (/^[\w/.,+@%=-]+$/.test(path)) return;
  throw new ImgmgrError('CONFIG', `diskimage-builder cannot work in '${path}'`, {
    hint: 'set IMGMGR_BUILD_DIR to a folder whose path has no blanks or special characters',
  });
}

function asRootError(error: unknown, root: string): unknown {
  if (error instanceof ForeignPlaceError)
    return new ImgmgrError('CONFIG', `${root} cannot be the folder of builds: ${error.message}`, {
      place: root,
      cause: error,
      hint: 'whoever may rename a build there decides what is in the image; set IMGMGR_BUILD_DIR to a folder of this user that nobody else may write, or set the sticky bit (chmod +t)',
    });
  if (hasCode(error, 'ENOSPC', 'EDQUOT'))
    return new ImgmgrError('DISK_FULL', `no space left for ${root}`, {
      cause: error,
      hint: 'free space there, or set IMGMGR_BUILD_DIR to a folder with more room',
    });
  if (hasCode(error, 'EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST'))
    return new ImgmgrError('CONFIG', `${root} cannot be the folder of builds (${error.code})`, {
      cause: error,
      hint: 'set IMGMGR_BUILD_DIR to a folder that may be written',
    });
  return error;
}
