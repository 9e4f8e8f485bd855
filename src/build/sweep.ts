import {readdir, realpath} from 'node:fs/promises';
import {join} from 'node:path';
import type {Exec} from '../exec.ts';
import {hasCode} from './disk-error.ts';
import {detachLoops, dropPartitions, loopsOf} from './loops.ts';
import {mountsBelow, unmountBelow} from './mounts.ts';
import {endStrays} from './strays.ts';
import {isAbandoned, PREFIX} from './work-folder.ts';

/** What a sweep did, by folder. */
export interface Swept {
  readonly removed: readonly string[];
  /** Folders that could not be removed, and why, one sentence each. */
  readonly left: readonly {readonly folder: string; readonly reason: string}[];
}

/** Removes what builds of dead processes left on this host: processes, mounts, loop devices, folders. */
export async function sweepBuilds(exec: Exec, root: string): Promise<Swept> {
  const removed: string[] = [];
  const left: {folder: string; reason: string}[] = [];
  for (const folder of await buildFolders(root)) {
    if (!(await isAbandoned(folder))) continue;
    const reason = await clearBuild(exec, folder);
    if (reason === undefined) removed.push(folder);
    else left.push({folder, reason});
  }
  return {removed, left};
}

/** Removes one build, whoever made it; again and again is as good as once. Gives why something of it is left, if so. */
export async function clearBuild(exec: Exec, folder: string): Promise<string | undefined> {
  const strays = await endStrays(folder);
  if (strays.length > 0) return `process ${strays.join(', ')} works in it and does not end`;
  const mounts = await unmountBelow(exec, folder);
  // Links before the devices that they name: if this is interrupted between the two, the next sweep can still tell whose they are.
  await dropPartitions(exec, loopsOf(folder));
  const loops = await detachLoops(exec, folder);
  if (mounts.length > 0) return `still mounted: ${mounts.join(', ')}`;
  if (loops.length > 0) return `still attached: ${loops.join(', ')}`;
  return removeFolder(exec, folder);
}

async function buildFolders(root: string): Promise<readonly string[]> {
  try {
    const real = await realpath(root);
    const entries = await readdir(real, {withFileTypes: true});
    return entries
      .filter((entry) => entry.isDirectory() && entry.name.startsWith(PREFIX))
      .map((entry) => join(real, entry.name));
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return [];
    throw error;
  }
}

/** Removes the tree, but nothing through a mount: it may be a folder of the host. */
async function removeFolder(exec: Exec, folder: string): Promise<string | undefined> {
  const mounts = mountsBelow(folder);
  if (mounts.length > 0) return `still mounted: ${mounts.join(', ')}`;
  const {exitCode, stderr} = await exec.run('rm', ['-rf', '--one-file-system', '--', folder]);
  return exitCode === 0 ? undefined : `not removed: ${stderr.trim()}`;
}
