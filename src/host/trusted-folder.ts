import {statSync} from 'node:fs';
import {lstat, readlink, realpath, stat} from 'node:fs/promises';
import {dirname, join, resolve, sep} from 'node:path';
import {hasCode, ifThere} from './fs-error.ts';

/** What decides who may exchange the entries of a folder. */
export interface Rights {
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
}

/** Refused, since another user could read or exchange what is kept there; the message begins with the path. */
export class UntrustedFolderError extends Error {
  readonly code = 'FOREIGN_PLACE';
}

/**
 * Users that may own what this process relies on: itself, root, the user that called sudo, and the owner of `/` (in a user namespace root
 * has another number).
 */
function isTrusted(uid: number): boolean {
  const own = process.getuid?.();
  if (uid === 0 || uid === own || uid === statSync('/').uid) return true;
  return own === 0 && process.env['SUDO_UID'] === String(uid);
}

/**
 * True where other users may rename, remove or replace what lies in the folder. With the sticky bit only the owners of an entry and of
 * the folder may; a group with the number of its only user, as most distributions make them, is that user.
 */
export function othersMayExchange({uid, gid, mode}: Rights): boolean {
  if (!isTrusted(uid)) return true;
  if ((mode & 0o1000) !== 0) return false;
  return (mode & 0o002) !== 0 || ((mode & 0o020) !== 0 && gid !== uid);
}

/** Throws UntrustedFolderError where others may exchange what lies in the folder, by its own rights or those of a folder above it. */
export async function requireOwnFolder(folder: string): Promise<void> {
  for (let path = await realpath(folder); ; path = dirname(path)) {
    const stats = await stat(path);
    if (othersMayExchange(stats)) throw new UntrustedFolderError(`${path} ${whose(stats)}`);
    if (path === dirname(path)) return;
  }
}

/**
 * True where no other user can write to the file at this absolute path, or lead the path to another one: by its name, a folder above
 * it, or a link on the way. Throws what the file system says.
 */
export async function isOutOfReach(path: string): Promise<boolean> {
  const stats = await stat(path);
  const writable = (stats.mode & 0o002) !== 0 || ((stats.mode & 0o020) !== 0 && stats.gid !== stats.uid);
  return isTrusted(stats.uid) && !writable && (await leadsOnly(path));
}

/** Throws an Error whose message names the file where it is not there, or where others than its owner may read or exchange it (mode 0600 or 0400). */
export async function requireSecretFile(path: string): Promise<void> {
  const stats = await stat(path).catch((error: unknown) => {
    throw new Error(`${path} ${hasCode(error, 'ENOENT', 'ENOTDIR') ? 'does not exist' : 'cannot be read'}`);
  });
  if (!stats.isFile()) throw new Error(`${path} is no regular file`);
  const mode = stats.mode & 0o7777;
  if ((mode & 0o077) !== 0)
    throw new Error(`${path} may be read by others than its owner (mode ${mode.toString(8).padStart(4, '0')})`);
  if (!(await isOutOfReach(path))) throw new Error(`other users could put another file in the place of ${path}`);
}

async function leadsOnly(path: string): Promise<boolean> {
  let at: string = sep;
  for (const name of path.split(sep).filter((part) => part !== '')) {
    if (othersMayExchange(await stat(at))) return false;
    const next = join(at, name);
    const stats = await lstat(next);
    if (!isTrusted(stats.uid)) return false;
    if (stats.isSymbolicLink() && !(await leadsOnly(resolve(at, await readlink(next))))) return false;
    at = await realpath(next);
  }
  return true;
}

/** Throws UntrustedFolderError where the folder, or a link in its place, is another user's. */
export async function requireTrustedOwner(folder: string): Promise<void> {
  for (const stats of [await lstat(folder), await stat(folder)])
    if (!isTrusted(stats.uid)) throw new UntrustedFolderError(`${folder} ${whose(stats)}`);
}

/** {@link requireTrustedOwner} of each folder that is there. */
export async function requireTrustedOwners(folders: readonly string[]): Promise<void> {
  for (const folder of folders) await ifThere(requireTrustedOwner(folder));
}

function whose({uid, mode}: Rights): string {
  if (!isTrusted(uid)) return `belongs to another user (uid ${uid})`;
  return `may be changed by other users (mode ${(mode & 0o7777).toString(8).padStart(4, '0')}, no sticky bit)`;
}
