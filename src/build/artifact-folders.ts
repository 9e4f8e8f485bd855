import type {Dirent} from 'node:fs';
import {lstat, readdir, rename, rm} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import {syncPath} from '../host/durable.ts';
import {fileSystemNow} from '../host/file-clock.ts';
import {ifThere} from '../host/fs-error.ts';
import {isLeftOver, isTemporary, temporaryName} from '../host/temporary.ts';
import {requireTrustedOwners} from '../host/trusted-folder.ts';
import {asFileError} from './file-error.ts';
import {sweepUsers} from './users.ts';

/** CONFIG where another user made the folder, or the one that it lies in: what is there would become an image. */
export async function requireOurs(folder: string): Promise<void> {
  try {
    await requireTrustedOwners([dirname(folder), folder]);
  } catch (error) {
    throw asFileError(error, {path: folder});
  }
}

/** Absolute paths of the folders in it; whatever is no folder, or a temporary one, is nobody's artifact. None when it is not there. */
export async function foldersIn(folder: string): Promise<string[]> {
  const entries = await entriesOf(folder);
  return entries.filter((entry) => entry.isDirectory() && !isTemporary(entry.name)).map(({name}) => join(folder, name));
}

/**
 * Removes the folder: out of sight by one rename first, so that a kill in between leaves no half artifact. `unless`: is asked when it is out
 * of sight; true brings it back. False where it is there still.
 */
export async function removeWhole(path: string, unless?: () => Promise<boolean>): Promise<boolean> {
  try {
    const aside = join(dirname(path), temporaryName());
    if (!(await renameIfThere(path, aside))) return true;
    if ((await unless?.()) === true) {
      await rename(aside, path);
      return false;
    }
    await syncPath(dirname(path));
    await rm(aside, {recursive: true, force: true});
    return true;
  } catch (error) {
    throw asFileError(error, {path});
  }
}

/** False where nothing is at the old path. */
export async function renameIfThere(from: string, to: string): Promise<boolean> {
  return (await ifThere(rename(from, to).then(() => true))) ?? false;
}

/** Removes from a folder of artifacts what killed runs left half made or half removed, and what they said that they use. */
export async function sweepBelow(folder: string): Promise<void> {
  try {
    for (const home of await foldersIn(folder)) {
      await removeLeftOvers(home);
      await sweepUsers(home);
      for (const artifact of await foldersIn(home)) await removeLeftOvers(artifact);
    }
  } catch (error) {
    throw asFileError(error, {path: folder});
  }
}

async function removeLeftOvers(folder: string): Promise<void> {
  for (const name of (await entriesOf(folder)).map((entry) => entry.name).filter((name) => isTemporary(name))) {
    const path = join(folder, name);
    const touchedMs = (await ifThere(lstat(path)))?.mtimeMs;
    if (touchedMs !== undefined && isLeftOver(name, {touchedMs, nowMs: await fileSystemNow(folder)}))
      await rm(path, {recursive: true, force: true});
  }
}

/** None when the folder is not there. */
async function entriesOf(folder: string): Promise<readonly Dirent[]> {
  return (await ifThere(readdir(folder, {withFileTypes: true}))) ?? [];
}
