import {readFileSync} from 'node:fs';
import {basename, dirname, relative} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import type {Exec} from '../exec.ts';
import type {Pinned} from '../host/pinned.ts';
import {isInside} from './inside.ts';

/** A line of mountinfo. */
export interface Mount {
  readonly id: number;
  /** `8:1`, the device of what is mounted. */
  readonly device: string;
  /** Where, as the kernel names it. */
  readonly path: string;
}

const TRIES = 10;
const PAUSE_MS = 100;

/**
 * Unmounts all that is mounted below the folder, the deepest and latest first; what stays busy for a second is detached from the
 * tree instead (`umount --lazy`). `held` is that folder: each mount point is looked up from there without following a link, and must
 * be the very mount that was listed, so that nobody can lead the call elsewhere. Gives the mount points that are still there.
 */
export async function unmountBelow(
  exec: Exec,
  {folder, held}: {readonly folder: string; readonly held: Pinned},
): Promise<readonly string[]> {
  for (let tries = 1; tries <= TRIES; tries++) {
    const mounts = listMounts(folder);
    if (mounts.length === 0) return [];
    if (tries > 1) await sleep(PAUSE_MS);
    for (const mount of mounts) await unmount(exec, {mount, folder, held, lazily: tries === TRIES});
  }
  return mountsBelow(folder);
}

/** The mount points at or below the folder, in the order in which they can be unmounted. */
export function mountsBelow(folder: string): readonly string[] {
  return listMounts(folder).map(({path}) => path);
}

/** The mounts at or below the folder, in the order in which they can be unmounted. */
export function listMounts(folder: string): readonly Mount[] {
  return readMounts(readFileSync('/proc/self/mountinfo', 'utf8'), folder);
}

/** The mount points alone, read from the text of mountinfo. */
export function parseMounts(mountinfo: string, folder: string): readonly string[] {
  return readMounts(mountinfo, folder).map(({path}) => path);
}

/** https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html */
function readMounts(mountinfo: string, folder: string): readonly Mount[] {
  const depth = ({path}: Mount): number => path.split('/').length;
  return mountinfo
    .split('\n')
    .map((line) => {
      const [id, , device = '', , path = ''] = line.split(' ');
      return {id: Number(id), device, path: unescapePath(path)};
    })
    .filter(({path}) => isInside(folder, path))
    .reverse()
    .sort((a, b) => depth(b) - depth(a));
}

/** Blanks, tabs, line ends and backslashes stand there as octal numbers; bytes of other characters stand as they are. */
function unescapePath(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

interface Unmount {
  readonly mount: Mount;
  readonly folder: string;
  readonly held: Pinned;
  readonly lazily: boolean;
}

async function unmount(exec: Exec, {mount, folder, held, lazily}: Unmount): Promise<void> {
  const within = relative(folder, mount.path);
  // What is mounted over the folder itself is nothing that a build does.
  if (within === '') return;
  // Undefined where the way is not, or no longer, that of the mount.
  const parent = held.reach(dirname(within));
  if (parent === undefined) return;
  try {
    const name = basename(within);
    const point = parent.reach(name);
    if (point === undefined) return;
    try {
      if (point.mountId !== mount.id || point.isLink) return;
      // While the mount itself is held open it can only be detached; its parent does not keep it busy.
      if (lazily) await exec.run('umount', ['--no-canonicalize', '--lazy', '--', point.path]);
    } finally {
      point.close();
    }
    if (!lazily) await exec.run('umount', ['--no-canonicalize', '--', `${parent.path}/${name}`]);
  } finally {
    parent.close();
  }
}
