import {mkdtemp, realpath, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach} from 'vitest';

/** A folder of its own for each test, removed afterwards. */
export function useFolder(): {readonly path: () => string} {
  let folder = '';
  beforeEach(async () => {
    folder = await realpath(await mkdtemp(join(tmpdir(), 'imgmgr-build-test-')));
  });
  afterEach(async () => {
    await rm(folder, {recursive: true, force: true});
  });
  return {path: () => folder};
}
