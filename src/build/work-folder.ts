import {randomUUID} from 'node:crypto';
import {mkdir, stat, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {ImgmgrError} from '../errors.ts';
import type {Explanation, Refusal} from '../host/fs-error.ts';
import {asFileSystemError, hasCode, ifThere} from '../host/fs-error.ts';
import {roomHint, TRUST_HINT, WRITABLE_HINT} from '../host/named-folder.ts';
import type {ProcessIdentity} from '../host/process.ts';
import {fileSystemNow} from '../host/file-clock.ts';
import {giveSigns, isProcessGone, ownProcess, processState, SILENCE_MS, WATCH_MS} from '../host/process.ts';
import {makeOwnFolder, makeWorkRoot} from '../host/private-folder.ts';
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
    const path = join(await makeWorkRoot(root), `${PREFIX}${randomUUID()}`);
    refuseOddPath(path);
    await makeOwnFolder(path);
    const holder = join(path, HOLDER);
    await writeFile(holder, `${JSON.stringify({...ownProcess(), definition})}\n`, {mode: 0o600, flag: 'wx'});
    const folder = {path, tmp: join(path, 'tmp'), out: join(path, 'out'), bin: join(path, 'bin')};
    for (const each of [folder.tmp, folder.out, folder.bin]) await mkdir(each, {mode: 0o755});
    return {...folder, leave: giveSigns(holder)};
  } catch (error) {
    throw asFileSystemError(error, {path: root, exact: true, explain});
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
      if (!(await isProcessGone(holder, {touchedMs: holder.touchedMs, folder}))) return false;
      return processState(holder) === 'gone' || (await staysSilent(folder, holder.touchedMs, watchMs));
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

async function readHolder(folder: string): Promise<(ProcessIdentity & {readonly touchedMs: number}) | undefined> {
  const path = join(folder, HOLDER);
  const text = await ifThere(readRegularFile(path, {maxBytes: HOLDER_BYTES, follow: false}));
  const holder = text && parseHolder(text.toString('utf8'));
  const stats = holder && (await ifThere(stat(path)));
  return holder && stats && {...holder, touchedMs: stats.mtimeMs};
}

function parseHolder(text: string): ProcessIdentity | undefined {
  try {
    const read = JSON.parse(text) as Partial<Record<keyof ProcessIdentity, unknown>> | null;
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

function explain({kind, place, code, reason}: Refusal): Explanation | undefined {
  switch (kind) {
    case 'foreign':
      return {
        code: 'CONFIG',
        message: `${place} cannot be the folder of builds: ${reason}`,
        hint: `whoever may rename a build there decides what is in the image; ${TRUST_HINT}`,
      };
    case 'full':
      return {code: 'DISK_FULL', message: `no space left for ${place}`, hint: roomHint()};
    case 'denied':
    case 'read-only':
    case 'no-folder':
      return {code: 'CONFIG', message: `${place} cannot be the folder of builds (${code})`, hint: WRITABLE_HINT};
    case 'other':
      return undefined;
  }
}
