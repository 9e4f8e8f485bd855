import {randomUUID} from 'node:crypto';
import {closeSync, constants, openSync, readdirSync, readFileSync, readlinkSync, readSync, writeSync} from 'node:fs';
import {fileSystemNow} from './file-clock.ts';
import {hasCode} from './fs-error.ts';

/** A process of this host that cannot be mistaken for a later one with the same number. */
export interface ProcessId {
  readonly pid: number;
  /** Clock ticks since boot, as in /proc/PID/stat. */
  readonly startTime: string;
}

/** A process that cannot be mistaken for one of another container or boot either. */
export interface ProcessIdentity extends ProcessId {
  readonly hostBootId: string;
  /** Number of its process namespace. */
  readonly pidNamespace: string;
}

/** How long a process that cannot be seen from here is believed to live without a sign of life; milliseconds. */
export const SILENCE_MS = 60_000;

const SIGN_OF_LIFE_MS = SILENCE_MS / 6;

/**
 * How long a process that is silent by its file's date is watched before what it works on is removed: when a clock is set forward, all
 * signs are old at once, and the next one comes within this time.
 */
export const WATCH_MS = SIGN_OF_LIFE_MS * 1.25;

/** This process. Throws where /proc does not show it. */
export function ownProcess(): ProcessIdentity {
  return {
    pid: process.pid,
    startTime: processStat(process.pid)?.startTime ?? '0',
    hostBootId: readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim(),
    pidNamespace: readlinkSync('/proc/self/ns/pid').replace(/\D/g, ''),
  };
}

/** A file name that nobody else uses and that says which process uses it: `pid.startTime.bootId.pidNamespace.uuid`. */
export function holderName(): string {
  const {pid, startTime, hostBootId, pidNamespace} = ownProcess();
  return [pid, startTime, hostBootId, pidNamespace, randomUUID()].join('.');
}

/** The process in a name of {@link holderName}, whatever follows the namespace; undefined for other names. */
export function parseHolderName(name: string): ProcessIdentity | undefined {
  const [pid, startTime, hostBootId, pidNamespace] = name.split('.');
  if (startTime === undefined || hostBootId === undefined || pidNamespace === undefined) return undefined;
  return {pid: Number(pid), startTime, hostBootId, pidNamespace};
}

/**
 * What this host knows about a process. `unseen`: it is another user's and hidden from this one, it is in another container, or on another host (or was, before this one was started
 * again): there only the time since its last sign of life can decide.
 */
export function processState(identity: ProcessIdentity): 'alive' | 'gone' | 'unseen' {
  const own = ownProcess();
  if (identity.hostBootId !== own.hostBootId || identity.pidNamespace !== own.pidNamespace) return 'unseen';
  return stateHere(identity);
}

/**
 * Is that very process of this host still running? One that has ended and is only not yet waited for is not; another user's that /proc does
 * not show (`hidepid`, systemd's `ProtectProc`) counts as running.
 */
export function isRunning(target: ProcessId): boolean {
  return stateHere(target) !== 'gone';
}

function stateHere({pid, startTime}: ProcessId): 'alive' | 'gone' | 'unseen' {
  const stat = processStat(pid);
  if (stat === undefined) return isHidden(pid) ? 'unseen' : 'gone';
  return !stat.dead && stat.startTime === startTime ? 'alive' : 'gone';
}

/** There is a process of that number, which /proc does not show. https://man7.org/linux/man-pages/man5/proc.5.html, hidepid */
function isHidden(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return hasCode(error, 'EPERM');
  }
}

/**
 * True when the process is gone, or cannot be seen from here and gave no sign of life for {@link SILENCE_MS}, by the clock of the
 * file system: `touchedMs` (milliseconds since the epoch) is when it touched a file there, `folder` one there that we may write.
 */
export async function isProcessGone(
  identity: ProcessIdentity,
  {touchedMs, folder}: {readonly touchedMs: number; readonly folder: string},
): Promise<boolean> {
  const state = processState(identity);
  if (state !== 'unseen') return state === 'gone';
  return (await fileSystemNow(folder)) - touchedMs > SILENCE_MS;
}

/**
 * Writes the first byte of the file anew now and then, so that another run that cannot see this process knows that it lives; gives what
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

/** Sends the signal to that very process, never to a later one with its number. `denied`: it is another user's. */
export function sendSignal(target: ProcessId, signal: NodeJS.Signals): 'sent' | 'gone' | 'denied' {
  if (!isRunning(target)) return 'gone';
  try {
    process.kill(target.pid, signal);
    return 'sent';
  } catch (error) {
    if (hasCode(error, 'ESRCH')) return 'gone';
    if (hasCode(error, 'EPERM')) return 'denied';
    throw error;
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

/** All processes that run here, by number. */
export function runningProcesses(): ReadonlyMap<number, ProcessStat> {
  const found = new Map<number, ProcessStat>();
  for (const name of readdirSync('/proc')) {
    const stat = /^\d+$/.test(name) ? processStat(Number(name)) : undefined;
    if (stat !== undefined && !stat.dead) found.set(Number(name), stat);
  }
  return found;
}

/**
 * The users of a process: who called it, and whose rights it has (another's with the setuid bit). Undefined when it is gone. The owner
 * of /proc/PID does not show them: it is root where a process may not be looked into.
 */
export function processUsers(pid: number): {readonly real: number; readonly effective: number} | undefined {
  try {
    const ids = /^Uid:\s+(\d+)\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'));
    return ids === null ? undefined : {real: Number(ids[1]), effective: Number(ids[2])};
  } catch {
    return undefined;
  }
}
