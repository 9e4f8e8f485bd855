import {randomUUID} from 'node:crypto';
import {constants} from 'node:fs';
import {open, stat, unlink, utimes} from 'node:fs/promises';
import {join} from 'node:path';

/**
 * What time it is by the clock of the file system that holds the folder, milliseconds since the epoch: on a shared disk other
 * hosts' clocks may differ from ours, but all of them are given its times. Leaves the folder as it was. This host's clock where
 * the folder cannot be written.
 */
export async function fileSystemNow(folder: string): Promise<number> {
  const path = join(folder, `.clock-${randomUUID()}`);
  try {
    const {atime, mtime} = await stat(folder);
    const file = await open(path, constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY, 0o600);
    try {
      return (await file.stat()).mtimeMs;
    } finally {
      await file.close();
      await unlink(path);
      await utimes(folder, atime, mtime);
    }
  } catch {
    return Date.now();
  }
}
