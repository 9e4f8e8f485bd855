import {readdirSync, readFileSync} from 'node:fs';
import {lstat, readdir, readlink, unlink} from 'node:fs/promises';
import {basename, join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import type {Exec} from '../exec.ts';
import {hasCode} from './disk-error.ts';
import {isInside} from './inside.ts';

const MAPPER = '/dev/mapper';
const TRIES = 10;
const PAUSE_MS = 100;

/** The loop devices (`loop0`) whose file lies, or lay before it was deleted, in the folder. */
export function loopsOf(folder: string): readonly string[] {
  return readdirSync('/sys/block').filter((name) => {
    const file = name.startsWith('loop') ? backingFile(name) : undefined;
    return file !== undefined && isInside(folder, file);
  });
}

/** Removes the partitions of these loop devices from /dev/mapper, the stand-in's and the device-mapper's. */
export async function dropPartitions(exec: Exec, loops: readonly string[]): Promise<void> {
  for (const name of await mapperEntries()) {
    const path = join(MAPPER, name);
    const base = /^(loop\d+)p\d+$/.exec(name)?.[1];
    if (base === undefined) continue;
    const target = await linkTarget(path);
    if (target !== undefined && /^loop\d+$/.test(target)) {
      // A link of the stand-in, ours by its target; a target that is free tells nothing, then the name decides.
      if (loops.includes(target) || (loops.includes(base) && backingFile(target) === undefined)) await removeLink(path);
    } else if (loops.includes(base)) {
      await exec.run('kpartx', ['-d', `/dev/${base}`]);
    }
  }
}

/** Detaches the loop devices that still belong to the folder; gives those that stay attached. */
export async function detachLoops(exec: Exec, folder: string): Promise<readonly string[]> {
  for (let tries = 1; tries <= TRIES; tries++) {
    const loops = loopsOf(folder);
    if (loops.length === 0) return [];
    if (tries > 1) await sleep(PAUSE_MS);
    // Looked at again for each: a number that is free again may already be another's.
    for (const loop of loops)
      if (loopsOf(folder).includes(loop)) await exec.run('losetup', ['--detach', `/dev/${loop}`]);
  }
  return loopsOf(folder);
}

/** https://www.kernel.org/doc/Documentation/ABI/testing/sysfs-block-loop; the kernel says so when the file is deleted. */
function backingFile(loop: string): string | undefined {
  try {
    return readFileSync(`/sys/block/${loop}/loop/backing_file`, 'utf8')
      .replace(/\n$/, '')
      .replace(/ \(deleted\)$/, '');
  } catch {
    return undefined;
  }
}

async function mapperEntries(): Promise<readonly string[]> {
  try {
    return await readdir(MAPPER);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return [];
    throw error;
  }
}

async function linkTarget(path: string): Promise<string | undefined> {
  try {
    return (await lstat(path)).isSymbolicLink() ? basename(await readlink(path)) : undefined;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

async function removeLink(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error;
  }
}
