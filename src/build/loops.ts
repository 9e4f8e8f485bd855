import {readdirSync, readFileSync} from 'node:fs';
import {lstat, readdir, readlink, unlink} from 'node:fs/promises';
import {basename, join, relative} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import type {Exec} from '../exec.ts';
import type {Pinned} from '../host/pinned.ts';
import {ifThere} from '../host/fs-error.ts';
import {isInside} from './inside.ts';

const MAPPER = '/dev/mapper';
const TRIES = 10;
const PAUSE_MS = 100;
/** What the kernel puts behind the path of a file that is gone. */
const DELETED = ' (deleted)';

/** Where loop devices may have their files to be ours. */
export interface LoopOwner {
  readonly folder: string;
  /** That folder, held open. */
  readonly held: Pinned;
  /** Devices (`8:1`) on which a file that was deleted may lie: the folder's, and those of what was mounted in it. */
  readonly devices: readonly string[];
}

/**
 * The loop devices (`loop0`) whose file lies in the folder, by device and inode as the kernel reports them, not by its path alone; of a
 * file that was deleted since, only its former path and its device can be compared.
 */
export async function loopsOf(exec: Exec, owner: LoopOwner): Promise<readonly string[]> {
  const found: string[] = [];
  for (const name of readdirSync('/sys/block')) {
    const file = name.startsWith('loop') ? backingFile(name) : undefined;
    if (file !== undefined && isInside(owner.folder, file) && (await isOurs(exec, {loop: name, file, owner})))
      found.push(name);
  }
  return found;
}

interface Candidate {
  readonly loop: string;
  readonly file: string;
  readonly owner: LoopOwner;
}

async function isOurs(exec: Exec, {loop, file, owner}: Candidate): Promise<boolean> {
  const {exitCode, stdout} = await exec.run('losetup', ['-n', '-O', 'BACK-MAJ:MIN,BACK-INO', `/dev/${loop}`]);
  const [device, inode] = stdout.trim().split(/\s+/);
  if (exitCode !== 0 || device === undefined || inode === undefined) return false;
  const there = fileAt(owner, file);
  if (there !== undefined) return there.device === device && there.inode === inode;
  return file.endsWith(DELETED) && owner.devices.includes(device);
}

/** The file at the path, reached from the held folder without following a link. */
function fileAt({folder, held}: LoopOwner, file: string): {device: string; inode: string} | undefined {
  const found = held.reach(relative(folder, file));
  found?.close();
  return found && {device: deviceName(found.dev), inode: String(found.ino)};
}

/** `8:1`, of a device number as stat(2) gives it: https://man7.org/linux/man-pages/man3/makedev.3.html */
export function deviceName(dev: bigint): string {
  const major = ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & ~0xfffn);
  const minor = (dev & 0xffn) | ((dev >> 12n) & ~0xffn & 0xffffffffn);
  return `${major}:${minor}`;
}

/** Removes the partitions of these loop devices from /dev/mapper, the stand-in's and the device-mapper's. */
export async function dropPartitions(exec: Exec, loops: readonly string[]): Promise<void> {
  for (const name of (await ifThere(readdir(MAPPER))) ?? []) {
    const path = join(MAPPER, name);
    const base = /^(loop\d+)p\d+$/.exec(name)?.[1];
    if (base === undefined) continue;
    const target = await ifThere(linkTarget(path));
    if (target !== undefined && /^loop\d+$/.test(target)) {
      // A link of the stand-in, ours by its target; a target that is free says nothing, then the name decides.
      if (loops.includes(target) || (loops.includes(base) && backingFile(target) === undefined))
        await ifThere(unlink(path));
    } else if (loops.includes(base)) {
      await exec.run('kpartx', ['-d', `/dev/${base}`]);
    }
  }
}

/** Detaches the loop devices that still belong to the folder; gives those that stay attached. */
export async function detachLoops(exec: Exec, owner: LoopOwner): Promise<readonly string[]> {
  for (let tries = 1; tries <= TRIES; tries++) {
    const loops = await loopsOf(exec, owner);
    if (loops.length === 0) return [];
    if (tries > 1) await sleep(PAUSE_MS);
    // Looked at again for each: a number that is free again may already be another's.
    for (const loop of loops)
      if ((await loopsOf(exec, owner)).includes(loop)) await exec.run('losetup', ['--detach', `/dev/${loop}`]);
  }
  return loopsOf(exec, owner);
}

/** https://www.kernel.org/doc/Documentation/ABI/testing/sysfs-block-loop; the kernel says so when the file is deleted. */
function backingFile(loop: string): string | undefined {
  try {
    return readFileSync(`/sys/block/${loop}/loop/backing_file`, 'utf8').replace(/\n$/, '');
  } catch {
    return undefined;
  }
}

async function linkTarget(path: string): Promise<string | undefined> {
  return (await lstat(path)).isSymbolicLink() ? basename(await readlink(path)) : undefined;
}
