import {lstat, mkdir, readdir, realpath, rm} from 'node:fs/promises';
import {join} from 'node:path';
import {isLeftOver, isTemporary, temporaryName} from '../../host/temporary.ts';
import {asRoomError} from './room.ts';

export const PREFIX = 'imgmgr-convert-';

/** Does the work in a new folder of this user alone; whatever it ends with, the folder is gone then. */
export async function inWorkFolder<T>(root: string, work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await makeFolder(root);
  try {
    return await work(folder);
  } finally {
    await rm(folder, {recursive: true, force: true});
  }
}

/** Removes the folders of processes of this user that are gone. Never throws: what stays harms nobody. */
export async function sweepWorkFolders(root: string): Promise<void> {
  for (const name of await entries(root)) {
    if (!isTemporary(name, PREFIX)) continue;
    const path = join(root, name);
    try {
      const {uid, mtimeMs} = await lstat(path);
      // Another user could exchange what is in it while it is being removed.
      const own = uid === process.getuid?.();
      if (own && isLeftOver(name, Math.max(mtimeMs, ...(await touched(path))), PREFIX))
        await rm(path, {recursive: true, force: true});
    } catch {
      // Another sweep was faster, or it cannot be removed.
    }
  }
}

async function makeFolder(root: string): Promise<string> {
  try {
    await mkdir(root, {recursive: true});
    const folder = join(await realpath(root), temporaryName(PREFIX));
    await mkdir(folder, {mode: 0o700});
    return folder;
  } catch (error) {
    throw asRoomError(error, {place: root});
  }
}

async function entries(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch {
    return [];
  }
}

/** When its files were last changed, milliseconds since the epoch: the folder itself does not tell of growing files. */
async function touched(folder: string): Promise<readonly number[]> {
  return Promise.all((await entries(folder)).map(async (name) => (await lstat(join(folder, name))).mtimeMs));
}
