import {mkdtemp, readdir, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach} from 'vitest';

/** A folder of its own for each test, removed afterwards; `path()` is a place in it where nothing is yet. */
export function useStoreFolder(): {path(): string} {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'imgmgr-local-'));
  });
  afterEach(async () => {
    await rm(folder, {recursive: true, force: true});
  });
  return {path: () => join(folder, 'store')};
}

/** Every path below the folder, sorted; none when it is not there. */
export async function tree(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder, {recursive: true})).sort();
  } catch {
    return [];
  }
}
