import {randomUUID} from 'node:crypto';
import {ownProcess, processState} from './process.ts';

/** A name that nobody else uses for something that is being made or removed; it says which process does that. */
export function temporaryName(prefix = PREFIX): string {
  const {hostBootId, pidNamespace, pid, startTime} = ownProcess();
  return `${prefix}${[hostBootId, pidNamespace, pid, startTime, randomUUID()].join('.')}`;
}

/** True for names that {@link temporaryName} gives with that prefix. */
export function isTemporary(name: string, prefix = PREFIX): boolean {
  return name.startsWith(prefix);
}

/**
 * True when nobody goes on with it: its process is gone, or cannot be seen from here (in another container, on another host) and last
 * changed it (`touchedMs`) more than a day ago. `nowMs`: by the clock of the file system that dated it; both in milliseconds since the epoch.
 */
export function isLeftOver(
  name: string,
  {touchedMs, nowMs, prefix = PREFIX}: {readonly touchedMs: number; readonly nowMs: number; readonly prefix?: string},
): boolean {
  if (!isTemporary(name, prefix)) return false;
  const old = nowMs - touchedMs > DAY_MS;
  const [hostBootId, pidNamespace, pid, startTime, rest] = name.slice(prefix.length).split('.');
  if (hostBootId === undefined || pidNamespace === undefined || startTime === undefined || rest === undefined)
    return old;
  // A copy of many gigabytes gives no sign of life, so silence means nothing here.
  const state = processState({hostBootId, pidNamespace, pid: Number(pid), startTime});
  return state === 'gone' || (state === 'unseen' && old);
}

const PREFIX = '.tmp-';
const DAY_MS = 86_400_000;
