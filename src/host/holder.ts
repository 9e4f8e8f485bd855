import {readFileSync, readlinkSync, utimesSync} from 'node:fs';

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
 * True when the holder is gone. The processes of another container cannot be seen from here: there only the time since its last
 * sign of life (`touchedMs`, milliseconds since the epoch) tells.
 */
export function isHolderGone(holder: Holder, touchedMs: number): boolean {
  const own = ownHolder();
  if (holder.hostBootId !== own.hostBootId) return true;
  if (holder.pidNamespace !== own.pidNamespace) return Date.now() - touchedMs > SILENCE_MS;
  const stat = processStat(holder.pid);
  return stat === undefined || stat.dead || stat.startTime !== holder.startTime;
}

/** Touches the file now and then, so that whoever cannot see this process knows that it lives; gives what stops it. */
export function giveSigns(path: string): () => void {
  const timer = setInterval(() => {
    const now = new Date();
    try {
      utimesSync(path, now, now);
    } catch {
      // A sign that cannot be given is one that others do not see; they judge by that.
    }
  }, SIGN_OF_LIFE_MS);
  timer.unref();
  return () => clearInterval(timer);
}

/** A process as /proc shows it. */
export interface ProcessStat {
  readonly parent: number;
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
