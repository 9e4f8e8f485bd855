import {statfs} from 'node:fs/promises';
import {dirname} from 'node:path';

/** Bytes that anybody may still write to the folder, or to the one that it will be made in. Throws what the file system says. */
export async function freeBytes(folder: string): Promise<number> {
  for (let path = folder; ; path = dirname(path)) {
    try {
      const {bavail, bsize} = await statfs(path);
      return bavail * bsize;
    } catch (error) {
      if (path === dirname(path)) throw error;
    }
  }
}
