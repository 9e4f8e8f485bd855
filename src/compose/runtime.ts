import {randomUUID} from 'node:crypto';
import {hostname} from 'node:os';
import {setTimeout as sleep} from 'node:timers/promises';
import {isRunning, ownProcess} from '../host/process.ts';
import type {HostIdentity, Runtime} from '../workflow/types.ts';

/** The real clock, chance, and this host. */
export function hostRuntime(): Runtime {
  const host = thisProcess();
  return {
    monotonic: () => performance.now(),
    sleep: sleepUnlessAborted,
    uuid: () => randomUUID(),
    host,
    processAlive: (holder) => holder.bootId === host.bootId && isRunning(holder),
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
 * This process as leases name it. `bootId` changes with every boot, and differs between containers: they share the boot but not the
 * process ids. Where the kernel does not tell, it is a random one, so that no holder of a lease is ever taken for a process of this host.
 */
function thisProcess(): HostIdentity {
  const {pid} = process;
  try {
    const {startTime, hostBootId, pidNamespace} = ownProcess();
    return {hostName: hostname(), bootId: `${hostBootId} pid:[${pidNamespace}]`, pid, startTime};
  } catch {
    return {hostName: hostname(), bootId: randomUUID(), pid, startTime: ''};
  }
}
