import {readFile, statfs} from 'node:fs/promises';
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

/** Memory that programs can still have on this host, MiB (`MemAvailable` of /proc/meminfo); Infinity where the kernel does not say. */
export async function freeMemoryMib(): Promise<number> {
  const [, kib] = /^MemAvailable:\s+(\d+) kB$/m.exec(await readFile('/proc/meminfo', 'utf8')) ?? [];
  return kib === undefined ? Infinity : Math.floor(Number(kib) / 1024);
}
