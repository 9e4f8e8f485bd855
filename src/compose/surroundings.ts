import {randomUUID} from 'node:crypto';
import {readFileSync, readlinkSync} from 'node:fs';
import {hostname} from 'node:os';
import {setTimeout as sleep} from 'node:timers/promises';
import type {HostIdentity, Surroundings} from '../workflow/types.ts';

/** The real clock, chance, and this host. */
export function hostSurroundings(): Surroundings {
  const bootId = readBootId();
  const host: HostIdentity = {
    hostName: hostname(),
    bootId,
    pid: process.pid,
    startTime: startTimeOf(process.pid) ?? '',
  };
  return {
    monotonic: () => performance.now(),
    sleep: sleepUnlessAborted,
    uuid: () => randomUUID(),
    host,
    processAlive: (holder) => holder.bootId === bootId && startTimeOf(holder.pid) === holder.startTime,
  };
}

/** Rejects with the signal's own reason, so that an interruption stays one. */
async function sleepUnlessAborted(ms: number, signal?: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, signal && {signal});
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}

/**
 * When a process started, in clock ticks since boot (field 22 of https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html);
 * undefined when there is no such process. The name in field 2 may hold blanks and brackets, so counting starts behind it.
 */
export function startTimeOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}

/**
 * Changes with every boot, and differs between containers: they share the boot but not the process ids. Where the kernel does
 * not tell, a random one, so that no holder of a lease is ever taken for a process of this host.
 */
function readBootId(): string {
  try {
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return randomUUID();
  }
}
