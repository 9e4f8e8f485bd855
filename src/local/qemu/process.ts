import {readFileSync} from 'node:fs';
import {setTimeout as sleep} from 'node:timers/promises';
import {ImgmgrError} from '../../errors.ts';
import type {ProcessId} from '../../host/process.ts';
import {isRunning, processUsers, runningProcesses, sendSignal} from '../../host/process.ts';

/**
 * The QEMU of a server, by its `-uuid`; undefined when this user runs none here: others can give their processes any words. Asked of /proc and not of a file, so that it is found
 * even when we were killed before anything could be written down, and never confused with a later process.
 */
export function findQemu(serverId: string): ProcessId | undefined {
  for (const [pid, {startTime}] of runningProcesses())
    if (processUsers(pid)?.real === process.getuid?.() && isQemuOf(pid, serverId)) return {pid, startTime};
  return undefined;
}

/** Ends the process and waits until it is gone; FORBIDDEN for another user's, TIMEOUT when it does not go within 10 s. */
export async function killProcess(process: ProcessId, graceMs = 3000): Promise<void> {
  for (const [signal, limitMs] of [
    ['SIGTERM', graceMs],
    ['SIGKILL', 10_000],
  ] as const) {
    if (!signalOwn(process, signal)) return;
    const endMs = performance.now() + limitMs;
    while (performance.now() < endMs) {
      if (!isRunning(process)) return;
      await sleep(20);
    }
  }
  throw new ImgmgrError('TIMEOUT', `process ${process.pid} does not end`, {hint: 'end it by hand, then run again'});
}

function signalOwn(target: ProcessId, signal: NodeJS.Signals): boolean {
  const outcome = sendSignal(target, signal);
  if (outcome !== 'denied') return outcome === 'sent';
  throw new ImgmgrError('FORBIDDEN', `process ${target.pid} belongs to another user`, {
    hint: 'run imgmgr as that user',
  });
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
