import {randomUUID} from 'node:crypto';
import {holderState, ownHolder} from './holder.ts';

/** A name that nobody else uses for something that is being made or removed; it tells which process does that. */
export function temporaryName(prefix = PREFIX): string {
  const {hostBootId, pidNamespace, pid, startTime} = ownHolder();
  return `${prefix}${[hostBootId, pidNamespace, pid, startTime, randomUUID()].join('.')}`;
}

/** True for names that {@link temporaryName} gives with that prefix. */
export function isTemporary(name: string, prefix = PREFIX): boolean {
  return name.startsWith(prefix);
}

/**
 * True when nobody goes on with it: its process is gone, or it was last changed (`touchedMs`, milliseconds since the epoch)
 * more than a day ago. Of a process in another container or on another host, which cannot be seen from here, only the day tells.
 */
export function isLeftOver(name: string, touchedMs: number, prefix = PREFIX): boolean {
  if (!isTemporary(name, prefix)) return false;
  if (Date.now() - touchedMs > DAY_MS) return true;
  const [hostBootId, pidNamespace, pid, startTime, rest] = name.slice(prefix.length).split('.');
  if (hostBootId === undefined || pidNamespace === undefined || startTime === undefined || rest === undefined)
    return false;
  // A copy of many gigabytes gives no sign of life, so silence means nothing here.
  return holderState({hostBootId, pidNamespace, pid: Number(pid), startTime}) === 'gone';
}

const PREFIX = '.tmp-';
const DAY_MS = 86_400_000;
