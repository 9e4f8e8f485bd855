import {randomUUID} from 'node:crypto';
import {hostname} from 'node:os';
import {setTimeout as sleep} from 'node:timers/promises';
import {isRunning, ownProcess} from '../host/process.ts';
import type {HostIdentity, RunHolder, Runtime} from '../workflow/types.ts';

/**
 * Runs of this process that are under way. Of another process it is enough to know whether it runs, since each has one run that writes;
 * a long-living one knows its own.
 */
const underWay = new Set<string>();

/** The real clock, chance, and this host for a run, which is under way until `end` is called. */
export function hostRuntime(run: string): Runtime & {end(): void} {
  const host = thisProcess();
  underWay.add(run);
  const isThisProcess = ({pid, startTime}: RunHolder): boolean => pid === host.pid && startTime === host.startTime;
  return {
    monotonic: () => performance.now(),
    sleep: sleepUnlessAborted,
    uuid: () => randomUUID(),
    host,
    runAlive: (holder) =>
      holder.bootId === host.bootId && (isThisProcess(holder) ? underWay.has(holder.run) : isRunning(holder)),
    end: () => void underWay.delete(run),
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
 * process ids. Where the kernel has none, it is a random one, so that no holder of a lease is ever taken for a process of this host.
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
