import {closeSync, constants, openSync, readFileSync, readlinkSync, readSync, writeSync} from 'node:fs';
import {fileSystemNow} from './file-clock.ts';

/** A process that cannot be mistaken for a later one with the same number, nor for one of another container or boot. */
export interface Holder {
  readonly pid: number;
  /** Clock ticks since boot, as in /proc/PID/stat. */
  readonly startTime: string;
  readonly hostBootId: string;
  /** Number of its process namespace. */
  readonly pidNamespace: string;
}

/** How long a holder that we cannot see is believed without a sign of life; milliseconds. */
export const SILENCE_MS = 60_000;

const SIGN_OF_LIFE_MS = SILENCE_MS / 6;

/**
 * How long a holder that is silent by its file's date is watched before what it works on is removed: when a clock is set forward, all
 * signs are old at once, and the next one comes within this time.
 */
export const WATCH_MS = SIGN_OF_LIFE_MS * 1.25;

/** This process. */
export function ownHolder(): Holder {
  return {
    pid: process.pid,
    startTime: processStat(process.pid)?.startTime ?? '0',
    hostBootId: readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim(),
    pidNamespace: readlinkSync('/proc/self/ns/pid').replace(/\D/g, ''),
  };
}

/**
 * What this host knows about a holder. `unseen`: its process is in another container, or on another host (or was, before this one
 * was started again): there only the time since its last sign of life can decide.
 */
export function holderState(holder: Holder): 'alive' | 'gone' | 'unseen' {
  const own = ownHolder();
  if (holder.hostBootId !== own.hostBootId || holder.pidNamespace !== own.pidNamespace) return 'unseen';
  const stat = processStat(holder.pid);
  return stat === undefined || stat.dead || stat.startTime !== holder.startTime ? 'gone' : 'alive';
}

/**
 * True when the holder is gone, or cannot be seen from here and gave no sign of life for {@link SILENCE_MS}, by the clock of the
 * file system: `touchedMs` (milliseconds since the epoch) is when it touched a file there, `folder` one there that we may write.
 */
export async function isHolderGone(
  holder: Holder,
  {touchedMs, folder}: {readonly touchedMs: number; readonly folder: string},
): Promise<boolean> {
  const state = holderState(holder);
  if (state !== 'unseen') return state === 'gone';
  return (await fileSystemNow(folder)) - touchedMs > SILENCE_MS;
}

/**
 * Writes the first byte of the file anew now and then, so that whoever cannot see this process knows that it lives; gives what
 * stops it. A write, since that is dated by the file system's own clock.
 */
export function giveSigns(path: string): () => void {
  const timer = setInterval(() => {
    giveSign(path);
  }, SIGN_OF_LIFE_MS);
  timer.unref();
  return () => clearInterval(timer);
}

/** One sign of life; a file that is not there, or cannot be written, gets none. */
export function giveSign(path: string): void {
  try {
    const file = openSync(path, constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const first = Buffer.alloc(1);
      if (readSync(file, first, 0, 1, 0) === 1) writeSync(file, first, 0, 1, 0);
    } finally {
      closeSync(file);
    }
  } catch {
    // A sign that cannot be given is one that others do not see; they judge by that.
  }
}

/** A process as /proc shows it. */
export interface ProcessStat {
  readonly parent: number;
  /** Clock ticks since boot. */
  readonly startTime: string;
  /** Ended, and only not yet waited for. */
  readonly dead: boolean;
}

/** A process by its number; undefined when it is gone. Fields: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
export function processStat(pid: number): ProcessStat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The command in parentheses may hold blanks and parentheses of its own.
    const [state, parent, ...fields] = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return {parent: Number(parent), startTime: fields[17] ?? '0', dead: state === 'Z' || state === 'X'};
  } catch {
    return undefined;
  }
}
