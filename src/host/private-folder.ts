import {chmod, lstat, mkdir, realpath, stat} from 'node:fs/promises';
import {UntrustedFolderError, othersMayExchange, requireOwnFolder, requireTrustedOwner} from './trusted-folder.ts';

/**
 * Makes the folder, and those above it that are missing, for this user alone (mode 0700), whatever the umask; one of this user that is
 * there and open to others is closed. UntrustedFolderError for another user's, and for a link that another user made.
 */
export async function makePrivateFolder(path: string): Promise<void> {
  await mkdir(path, {recursive: true, mode: 0o700});
  await requireTrustedOwner(path);
  const stats = await lstat(path);
  if (!stats.isDirectory() || stats.uid !== process.getuid?.() || (stats.mode & 0o777) === 0o700) return;
  await chmod(path, 0o700);
}

/** Makes a new folder for this user alone, whatever the umask. */
export async function makeOwnFolder(path: string): Promise<void> {
  await mkdir(path, {mode: 0o700});
  // Whatever the umask took away.
  await chmod(path, 0o700);
}

/**
 * Makes the folder, and those above it that are missing, for folders of work that nobody else may exchange; gives its path without
 * symbolic links. UntrustedFolderError where others may exchange what lies in it.
 */
export async function makeWorkRoot(root: string): Promise<string> {
  // Not by the umask: what everybody may write in, everybody may exchange.
  await mkdir(root, {recursive: true, mode: 0o755});
  await requireOwnFolder(root);
  return realpath(root);
}

/**
 * Takes the right to write from all others where everybody has it and no sticky bit keeps names safe, as umask 0 leaves a folder. One
 * that only a group may write stays as it is. UntrustedFolderError for another user's, and for one that everybody may write and that is not
 * this user's to close.
 */
export async function closeToWriters(path: string): Promise<void> {
  await requireTrustedOwner(path);
  const stats = await stat(path);
  const {mode, uid} = stats;
  if ((mode & 0o002) === 0 || !othersMayExchange(stats)) return;
  if (uid !== process.getuid?.() && process.getuid?.() !== 0)
    throw new UntrustedFolderError(`${path} may be changed by every user of this host`);
  await chmod(path, mode & 0o7755);
}
