import {closeSync, constants, fstatSync, openSync, readFileSync} from 'node:fs';
import {hasCode} from './fs-error.ts';

/** open(2) for a place in the tree only; Node does not name it. The value is the same on all our machines. */
const O_PATH = 0o10000000;

/** A place in the tree that is held open: what is reached through it stays the same, whatever is renamed or linked meanwhile. */
export class Pinned {
  readonly fd: number;
  /** Number of the mount that it lies on, as in /proc/self/mountinfo. */
  readonly mountId: number;
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
  readonly dev: bigint;
  readonly ino: bigint;
  readonly isFolder: boolean;
  readonly isLink: boolean;

  /** Follows no link in the last part of the path. Throws what the file system says. */
  constructor(path: string) {
    this.fd = openSync(path, O_PATH | constants.O_NOFOLLOW);
    try {
      const stats = fstatSync(this.fd, {bigint: true});
      this.uid = Number(stats.uid);
      this.gid = Number(stats.gid);
      this.mode = Number(stats.mode) & 0o7777;
      [this.dev, this.ino] = [stats.dev, stats.ino];
      this.isFolder = stats.isDirectory();
      this.isLink = stats.isSymbolicLink();
      this.mountId = mountIdOf(this.fd);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** A path to it that other processes can use as long as it is held. */
  get path(): string {
    return `/proc/${process.pid}/fd/${this.fd}`;
  }

  /** What lies below it, by a relative path ('' is itself, held once more); a link on the way is ELOOP or ENOTDIR. */
  below(relative: string): Pinned {
    let at = new Pinned(`${this.path}/.`);
    for (const name of relative.split('/').filter((part) => part !== '' && part !== '.')) {
      try {
        if (name === '..') throw Object.assign(new Error(`'..' in ${relative}`), {code: 'ELOOP'});
        const next = new Pinned(`${at.path}/${name}`);
        at.close();
        at = next;
      } catch (error) {
        at.close();
        throw error;
      }
    }
    return at;
  }

  /** As {@link below}; undefined where nothing is there, or a link, or it cannot be reached. */
  reach(relative: string): Pinned | undefined {
    try {
      return this.below(relative);
    } catch (error) {
      if (hasCode(error, 'ENOENT', 'ENOTDIR', 'ELOOP', 'EACCES', 'ESTALE', 'ENOTCONN')) return undefined;
      throw error;
    }
  }

  close(): void {
    closeSync(this.fd);
  }
}

/** https://man7.org/linux/man-pages/man5/proc_pid_fdinfo.5.html */
function mountIdOf(fd: number): number {
  return Number(/^mnt_id:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'))?.[1] ?? Number.NaN);
}
