import {lstat, readdir, rm, rmdir, stat} from 'node:fs/promises';
import {basename, join} from 'node:path';
import {fileSystemNow} from '../../host/file-clock.ts';
import {openOwnFolder} from '../../host/own-folder.ts';
import {Pinned} from '../../host/pinned.ts';
import {makeOwnFolder, makeWorkRoot} from '../../host/private-folder.ts';
import {isLeftOver, isTemporary, temporaryName} from '../../host/temporary.ts';
import {asRoomError} from './room.ts';

const PREFIX = 'imgmgr-convert-';

/** Does the work in a new folder of this user alone; whatever it ends with, the folder is gone then. */
export async function inWorkFolder<T>(root: string, work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await makeFolder(root);
  try {
    return await work(folder);
  } finally {
    await rm(folder, {recursive: true, force: true});
  }
}

/**
 * Removes the folders of processes of this user that are gone; what other users could have made or exchanged is left alone. Never throws:
 * what stays harms nobody.
 */
export async function sweepWorkFolders(root: string): Promise<void> {
  for (const name of await entries(root)) {
    if (!isTemporary(name, PREFIX)) continue;
    try {
      await sweepFolder(join(root, name));
    } catch {
      // Another sweep was faster, or it cannot be removed.
    }
  }
}

async function sweepFolder(path: string): Promise<void> {
  const held = openOwnFolder(path, {readable: true});
  if (!(held instanceof Pinned)) return;
  try {
    // Reached through what is held open, so that nobody can lead the removal elsewhere.
    const {mtimeMs} = await stat(held.path);
    const touchedMs = Math.max(mtimeMs, ...(await touched(held.path)));
    const nowMs = await fileSystemNow(held.path);
    if (!isLeftOver(basename(path), {touchedMs, nowMs, prefix: PREFIX})) return;
    for (const name of await entries(held.path)) await rm(join(held.path, name), {recursive: true, force: true});
    await rmdir(path);
  } finally {
    held.close();
  }
}

async function makeFolder(root: string): Promise<string> {
  try {
    const folder = join(await makeWorkRoot(root), temporaryName(PREFIX));
    await makeOwnFolder(folder);
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

/** When its files were last changed, milliseconds since the epoch: the time of the folder itself does not change when files grow. */
async function touched(folder: string): Promise<readonly number[]> {
  return Promise.all((await entries(folder)).map(async (name) => (await lstat(join(folder, name))).mtimeMs));
}
