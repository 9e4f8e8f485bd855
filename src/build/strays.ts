import {readdirSync, readFileSync, readlinkSync} from 'node:fs';
import {setTimeout as sleep} from 'node:timers/promises';
import {hasCode} from './disk-error.ts';
import {processStat} from '../host/holder.ts';
import {isInside} from './inside.ts';

interface Stray {
  readonly pid: number;
  readonly startTime: string;
}

const GRACE_MS = 2000;
const LIMIT_MS = 10_000;
const LOOK_MS = 50;

/**
 * Ends what a build left running: processes whose root or working directory lies in its folder, or whose TMP_DIR does, and what they
 * started; never this process nor those that it comes from. SIGTERM, after the grace SIGKILL. Gives the numbers of those that live on.
 */
export async function endStrays(folder: string, graceMs = GRACE_MS): Promise<readonly number[]> {
  for (const [signal, limitMs] of [
    ['SIGTERM', graceMs],
    ['SIGKILL', LIMIT_MS],
  ] as const) {
    const endMs = performance.now() + limitMs;
    // Looked for again and again: one that ends may have started another.
    const told = new Set<string>();
    for (let strays = findStrays(folder); strays.length > 0; strays = findStrays(folder)) {
      for (const stray of strays) {
        const key = `${stray.pid}.${stray.startTime}`;
        if (!told.has(key)) send(stray, signal);
        told.add(key);
      }
      if (performance.now() > endMs) break;
      await sleep(LOOK_MS);
    }
  }
  return findStrays(folder).map(({pid}) => pid);
}

/** The processes that provably belong to the build in the folder. */
export function findStrays(folder: string): readonly Stray[] {
  const processes = new Map<number, {readonly parent: number; readonly startTime: string}>();
  for (const name of readdirSync('/proc')) {
    const stat = /^\d+$/.test(name) ? processStat(Number(name)) : undefined;
    if (stat !== undefined && !stat.dead) processes.set(Number(name), stat);
  }
  const ours = new Set(ancestry(process.pid));
  const found = new Set([...processes.keys()].filter((pid) => !ours.has(pid) && belongsTo(folder, pid)));
  for (let before = -1; before !== found.size;) {
    before = found.size;
    for (const [pid, {parent}] of processes) if (found.has(parent) && !ours.has(pid)) found.add(pid);
  }
  return [...found].map((pid) => ({pid, startTime: processes.get(pid)?.startTime ?? ''}));
}

function ancestry(pid: number): number[] {
  const line: number[] = [];
  for (let next: number | undefined = pid; next !== undefined && next > 0; next = processStat(next)?.parent)
    line.push(next);
  return line;
}

function belongsTo(folder: string, pid: number): boolean {
  try {
    const places = [readlinkSync(`/proc/${pid}/root`), readlinkSync(`/proc/${pid}/cwd`)];
    if (places.some((place) => isInside(folder, place))) return true;
    const environment = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
    return environment.some(
      (entry) => entry.startsWith('TMP_DIR=') && isInside(folder, entry.slice('TMP_DIR='.length)),
    );
  } catch {
    // A kernel thread, or a process that has just ended.
    return false;
  }
}

function send({pid, startTime}: Stray, signal: NodeJS.Signals): void {
  if (processStat(pid)?.startTime !== startTime) return;
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!hasCode(error, 'ESRCH', 'EPERM')) throw error;
  }
}
