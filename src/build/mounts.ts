import {readFileSync} from 'node:fs';
import {setTimeout as sleep} from 'node:timers/promises';
import type {Exec} from '../exec.ts';
import {isInside} from './inside.ts';

const TRIES = 10;
const PAUSE_MS = 100;

/**
 * Unmounts all that is mounted at or below the folder, the deepest and latest first; what stays busy for a second is detached from
 * the tree instead (`umount --lazy`). Gives the mount points that are still there.
 */
export async function unmountBelow(exec: Exec, folder: string): Promise<readonly string[]> {
  for (let tries = 1; tries <= TRIES; tries++) {
    const mounts = mountsBelow(folder);
    if (mounts.length === 0) return [];
    if (tries > 1) await sleep(PAUSE_MS);
    for (const mount of mounts) await unmount(exec, mount, tries === TRIES);
  }
  return mountsBelow(folder);
}

/** The mount points at or below the folder, in the order in which they can be unmounted. */
export function mountsBelow(folder: string): readonly string[] {
  return parseMounts(readFileSync('/proc/self/mountinfo', 'utf8'), folder);
}

/** The same, read from the text of mountinfo: https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html */
export function parseMounts(mountinfo: string, folder: string): readonly string[] {
  const depth = (path: string): number => path.split('/').length;
  return mountinfo
    .split('\n')
    .map((line) => unescapePath(line.split(' ')[4] ?? ''))
    .filter((path) => isInside(folder, path))
    .reverse()
    .sort((a, b) => depth(b) - depth(a));
}

/** Blanks, tabs, line ends and backslashes stand there as octal numbers; bytes of other characters stand as they are. */
function unescapePath(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

async function unmount(exec: Exec, mount: string, lazily: boolean): Promise<void> {
  await exec.run('umount', ['--no-canonicalize', ...(lazily ? ['--lazy'] : []), '--', mount]);
}
