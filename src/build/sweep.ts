import {readdir, realpath, rmdir, unlink} from 'node:fs/promises';
import {basename, dirname, join} from 'node:path';
import type {Exec} from '../exec.ts';
import {ifThere} from '../host/fs-error.ts';
import {openFolder, openOwnFolder} from '../host/own-folder.ts';
import {Pinned} from '../host/pinned.ts';
import {IrregularFileError} from '../host/regular-file.ts';
import type {LoopOwner} from './loops.ts';
import {detachLoops, deviceName, dropPartitions, loopsOf} from './loops.ts';
import {listMounts, mountsBelow, unmountBelow} from './mounts.ts';
import {endStrays} from './strays.ts';
import {HOLDER, isAbandoned, PREFIX} from './work-folder.ts';

/** What a sweep did, by folder. */
export interface Swept {
  readonly removed: readonly string[];
  /** Folders that could not be removed, or were left alone since they are not ours, and why, one sentence each. */
  readonly left: readonly Left[];
}

/** A folder that stays, and why. */
export interface Left {
  readonly folder: string;
  readonly reason: string;
}

/** Anybody may make such folders in a place for all users; a log has better uses. */
const MOST_TOLD = 10;
/** How often a tree is removed that is not gone after that. */
const TRIES = 3;

/**
 * Removes what builds of dead processes left on this host: processes, mounts, loop devices, folders. What it cannot show to be a
 * folder of this user's builds is left alone, and is in `left`; the sweep goes on.
 */
export async function sweepBuilds(exec: Exec, root: string): Promise<Swept> {
  const removed: string[] = [];
  const left: Left[] = [];
  // Looked at side by side, since a look may have to watch a holder for a while.
  for (const {folder, held} of await Promise.all((await buildFolders(root)).map(lookAt))) {
    const reason = await sweepFolder(exec, folder, held);
    if (reason === 'gone') removed.push(folder);
    else if (reason !== 'in use') left.push({folder, reason: reason.left});
  }
  return {removed, left: shortened(left)};
}

/** Removes one build, of any run; may be repeated. Gives why something of it is left, if so. */
export async function clearBuild(exec: Exec, folder: string): Promise<string | undefined> {
  const held = openOwnFolder(folder);
  if (held === 'gone') return undefined;
  if (!(held instanceof Pinned)) return held.refusal;
  try {
    return await clearHeld(exec, {folder, held});
  } finally {
    held.close();
  }
}

interface Look {
  readonly folder: string;
  /** The folder of a dead build, held open; else why it stays. */
  readonly held: Pinned | 'in use' | {readonly left: string};
}

async function lookAt(folder: string): Promise<Look> {
  const held = openOwnFolder(folder);
  if (held === 'gone') return {folder, held: 'in use'};
  if (!(held instanceof Pinned)) return {folder, held: {left: `it is left alone: ${held.refusal}`}};
  let abandoned = false;
  try {
    abandoned = await isAbandoned(held.path);
    return {folder, held: abandoned ? held : 'in use'};
  } catch (error) {
    if (!(error instanceof IrregularFileError)) throw error;
    return {folder, held: {left: `it is left alone: its ${HOLDER} ${error.message}`}};
  } finally {
    if (!abandoned) held.close();
  }
}

async function sweepFolder(
  exec: Exec,
  folder: string,
  held: Look['held'],
): Promise<'gone' | 'in use' | {readonly left: string}> {
  if (!(held instanceof Pinned)) return held;
  try {
    const reason = await clearHeld(exec, {folder, held});
    return reason === undefined ? 'gone' : {left: reason};
  } finally {
    held.close();
  }
}

/** The folder is reached through what is held open from here on, never by its path alone. */
async function clearHeld(
  exec: Exec,
  {folder, held}: {readonly folder: string; readonly held: Pinned},
): Promise<string | undefined> {
  const strays = await endStrays(folder);
  if (strays.length > 0) return `process ${strays.join(', ')} works in it and does not end`;
  const devices = [deviceName(held.dev), ...listMounts(folder).map(({device}) => device)];
  const owner: LoopOwner = {folder, held, devices};
  // Asked while the file systems that hold their files are still there.
  const partitions = await loopsOf(exec, owner);
  const mounts = await unmountBelow(exec, {folder, held});
  // Links before the devices that they name: if this is interrupted between the two, the next sweep can still see whose they are.
  await dropPartitions(exec, partitions);
  const loops = await detachLoops(exec, owner);
  if (mounts.length > 0) return `still mounted: ${mounts.join(', ')}`;
  if (loops.length > 0) return `still attached: ${loops.join(', ')}`;
  return removeFolder(exec, {folder, held});
}

async function buildFolders(root: string): Promise<readonly string[]> {
  const real = await ifThere(realpath(root));
  if (real === undefined) return [];
  const names = (await ifThere(readdir(real))) ?? [];
  return names.filter((name) => name.startsWith(PREFIX)).map((name) => join(real, name));
}

/** Removes the tree, but nothing through a mount: it may be a folder of the host. The holder goes last, so that half a tree has one. */
async function removeFolder(
  exec: Exec,
  {folder, held}: {readonly folder: string; readonly held: Pinned},
): Promise<string | undefined> {
  const mounts = mountsBelow(folder);
  if (mounts.length > 0) return `still mounted: ${mounts.join(', ')}`;
  const top = `${held.path}/.`;
  const options = ['-ignore_readdir_race', '-xdev', '-mindepth', '1'];
  // Another run that removes it at the same time takes away what is being looked at; then it is looked at again.
  for (let tries = 1; ; tries++) {
    const {exitCode, stderr} = await exec.run('find', [top, ...options, '!', '-path', `${top}/${HOLDER}`, '-delete']);
    if (exitCode === 0 || !(await isThere(held))) break;
    if (tries === TRIES) return `not removed: ${stderr.trim()}`;
  }
  const parent = openFolder(dirname(folder));
  if (parent === undefined) return undefined;
  try {
    await ifThere(unlink(`${held.path}/${HOLDER}`));
    await ifThere(rmdir(`${parent.path}/${basename(folder)}`));
    return undefined;
  } catch (error) {
    return `not removed: ${error instanceof Error ? error.message : String(error)}`;
  } finally {
    parent.close();
  }
}

/** Of two that remove the same folder at a time, one finds that names go while it looks. */
async function isThere(held: Pinned): Promise<boolean> {
  return ((await ifThere(readdir(held.path))) ?? []).some((name) => name !== HOLDER);
}

function shortened(left: readonly Left[]): readonly Left[] {
  const [first, ...more] = left.slice(MOST_TOLD);
  if (first === undefined) return left;
  const rest = more.length === 0 ? first : {...first, reason: `${first.reason} (and ${more.length} more folders)`};
  return [...left.slice(0, MOST_TOLD), rest];
}
