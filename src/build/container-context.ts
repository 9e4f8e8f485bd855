import {createHash} from 'node:crypto';
import type {Hash} from 'node:crypto';
import {createReadStream} from 'node:fs';
import {lstat, readdir, readlink} from 'node:fs/promises';
import {join} from 'node:path';
import {pipeline} from 'node:stream/promises';
import {ImgmgrError} from '../errors.ts';

const MOST_ENTRIES = 100_000;
const MOST_BYTES = 16 * 1024 ** 3;

/**
 * Hexadecimal sha256 over names, rights and contents of all below a folder; of a link, where it leads: none is followed.
 * DEFINITION where something is no file, folder or link, or where it is more than a context should be.
 */
export async function hashContext(folder: string): Promise<string> {
  const hash = createHash('sha256');
  const sum = {entries: 0, bytes: 0};
  const walk = async (below: string): Promise<void> => {
    const names = (await readdir(join(folder, below))).sort();
    for (const name of names) {
      const path = join(below, name);
      sum.entries += 1;
      sum.bytes += await addEntry(hash, {folder, path});
      if (sum.entries > MOST_ENTRIES || sum.bytes > MOST_BYTES) throw tooLarge(folder);
      if ((await lstat(join(folder, path))).isDirectory()) await walk(path);
    }
  };
  try {
    await walk('.');
  } catch (cause) {
    if (cause instanceof ImgmgrError) throw cause;
    throw new ImgmgrError('DEFINITION', `the context ${folder} cannot be read`, {
      cause,
      hint: 'name a folder with build.context',
    });
  }
  return hash.digest('hex');
}

/** Gives the bytes of the entry. */
async function addEntry(hash: Hash, {folder, path}: {readonly folder: string; readonly path: string}): Promise<number> {
  const full = join(folder, path);
  const stats = await lstat(full);
  const head = (kind: string, more: string): void => {
    hash.update(JSON.stringify([kind, path, (stats.mode & 0o7777).toString(8), more]));
  };
  if (stats.isDirectory()) head('folder', '');
  else if (stats.isSymbolicLink()) head('link', await readlink(full));
  else if (stats.isFile()) {
    head('file', String(stats.size));
    if (stats.size > MOST_BYTES) throw tooLarge(folder);
    const content = createHash('sha256');
    await pipeline(createReadStream(full), content);
    hash.update(content.digest());
    return stats.size;
  } else
    throw new ImgmgrError('DEFINITION', `${full} in the context is no file, folder or link`, {
      hint: 'remove it, or name another folder with build.context',
    });
  return 0;
}

function tooLarge(folder: string): ImgmgrError {
  return new ImgmgrError('DEFINITION', `the context ${folder} has more than ${MOST_ENTRIES} entries or 16 GiB`, {
    hint: 'name a smaller folder with build.context',
  });
}
