import {chmod, lstat, mkdir, stat} from 'node:fs/promises';

/**
 * Makes the folder, and those above it that are missing, for this user alone (mode 0700), whatever the umask; one of this user that is
 * there and open to others is closed. Another user's stays as it is.
 */
export async function makePrivateFolder(path: string): Promise<void> {
  await mkdir(path, {recursive: true, mode: 0o700});
  const stats = await lstat(path);
  if (!stats.isDirectory() || stats.uid !== process.getuid?.() || (stats.mode & 0o777) === 0o700) return;
  await chmod(path, 0o700);
}

/**
 * Takes the right to write from all others where everybody has it and no sticky bit keeps names safe, as umask 0 leaves a folder. One
 * that is not this user's, or that only a group may write, stays as it is.
 */
export async function closeToWriters(path: string): Promise<void> {
  const {mode, uid} = await stat(path);
  if (uid !== process.getuid?.() || (mode & 0o002) === 0 || (mode & 0o1000) !== 0) return;
  await chmod(path, mode & 0o7755);
}
