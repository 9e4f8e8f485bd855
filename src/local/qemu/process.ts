import {readdirSync, readFileSync} from 'node:fs';
import {setTimeout as sleep} from 'node:timers/promises';
import {ImgmgrError} from '../../errors.ts';
import {hasCode} from '../disk-error.ts';
import {statOf} from '../holder.ts';

/** A process that cannot be mistaken for a later one with the same number. */
export interface ProcessId {
  readonly pid: number;
  /** Clock ticks since boot, as in /proc/PID/stat. */
  readonly startTime: string;
}

/**
 * The QEMU of a server, by its `-uuid`; undefined when this user runs none here: others can give their processes any words. Asked of /proc and not of a file, so that it is found
 * even when we were killed before anything could be written down, and never confused with a later process.
 */
export function findQemu(serverId: string): ProcessId | undefined {
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const pid = Number(name);
    const startTime = statOf(pid)?.startTime;
    if (startTime !== undefined && isOwn(pid) && isQemuOf(pid, serverId)) return {pid, startTime};
  }
  return undefined;
}

/** Ends the process and waits until it is gone; FORBIDDEN for another user's, TIMEOUT when it does not go within 10 s. */
export async function killProcess(process: ProcessId, graceMs = 3000): Promise<void> {
  for (const [signal, limitMs] of [
    ['SIGTERM', graceMs],
    ['SIGKILL', 10_000],
  ] as const) {
    if (!signalProcess(process, signal)) return;
    const endMs = performance.now() + limitMs;
    while (performance.now() < endMs) {
      if (!isRunning(process)) return;
      await sleep(20);
    }
  }
  throw new ImgmgrError('TIMEOUT', `process ${process.pid} does not end`, {hint: 'end it by hand, then run again'});
}

/** Is that very process still running? */
export function isRunning({pid, startTime}: ProcessId): boolean {
  const stat = statOf(pid);
  return stat !== undefined && stat.startTime === startTime && !stat.dead;
}

function signalProcess(target: ProcessId, signal: NodeJS.Signals): boolean {
  if (!isRunning(target)) return false;
  try {
    return process.kill(target.pid, signal);
  } catch (error) {
    if (hasCode(error, 'ESRCH')) return false;
    if (!hasCode(error, 'EPERM')) throw error;
    throw new ImgmgrError('FORBIDDEN', `process ${target.pid} belongs to another user`, {
      cause: error,
      hint: 'run imgmgr as that user',
    });
  }
}

/** By its real user: the owner of /proc/PID is root where a process may not be looked into. */
function isOwn(pid: number): boolean {
  try {
    return /^Uid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] === String(process.getuid?.());
  } catch {
    return false;
  }
}

function isQemuOf(pid: number, serverId: string): boolean {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    const at = words.indexOf('-uuid');
    // For a moment it is still the launcher that becomes QEMU.
    return at > 0 && words[at + 1] === serverId && /(^|\/)(qemu-system|imgmgr-confine)-[\w]+$/.test(words[0] ?? '');
  } catch {
    return false;
  }
}
