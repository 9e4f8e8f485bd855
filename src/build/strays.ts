import {readFileSync, readlinkSync} from 'node:fs';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {hasCode} from '../host/fs-error.ts';
import type {ProcessId} from '../host/process.ts';
import {processStat, processUsers, runningProcesses, sendSignal} from '../host/process.ts';
import {IrregularFileError, readRegularFile} from '../host/regular-file.ts';
import {isInside} from './inside.ts';

/** The file in a work folder that names the UTS namespace of its build. */
export const NAMESPACE = 'namespace';

const GRACE_MS = 2000;
const LIMIT_MS = 10_000;
const LOOK_MS = 50;

/**
 * Ends what a build left running ({@link findStrays}); never this process nor those that it comes from. SIGTERM, after the grace
 * SIGKILL. Gives the numbers of those that live on.
 */
export async function endStrays(folder: string, graceMs = GRACE_MS): Promise<readonly number[]> {
  for (const [signal, limitMs] of [
    ['SIGTERM', graceMs],
    ['SIGKILL', LIMIT_MS],
  ] as const) {
    const endMs = performance.now() + limitMs;
    // Looked for again and again: one that ends may have started another.
    const signalled = new Set<string>();
    for (let strays = await findStrays(folder); strays.length > 0; strays = await findStrays(folder)) {
      for (const stray of strays) {
        const key = `${stray.pid}.${stray.startTime}`;
        if (!signalled.has(key)) sendSignal(stray, signal);
        signalled.add(key);
      }
      if (performance.now() > endMs) break;
      await sleep(LOOK_MS);
    }
  }
  return (await findStrays(folder)).map(({pid}) => pid);
}

/**
 * The processes of the build in the folder, which nobody else could put there. Each build has a UTS namespace of its own, whose
 * number stands in its folder; where a process of it also works in the folder, the number was not given anew since, and all processes
 * of that namespace are the build's. Of older builds: processes of this user that were given the folder as TMP_DIR. And what these
 * started. A process that only works in the folder, such as the shell of someone who looks at it, is none of them.
 */
export async function findStrays(folder: string): Promise<readonly ProcessId[]> {
  const processes = runningProcesses();
  const found = await belonging(folder, [...processes.keys()]);
  const ours = new Set(ancestry(process.pid));
  for (const pid of ours) found.delete(pid);
  for (let before = -1; before !== found.size;) {
    before = found.size;
    for (const [pid, {parent}] of processes) if (found.has(parent) && !ours.has(pid)) found.add(pid);
  }
  return [...found].map((pid) => ({pid, startTime: processes.get(pid)?.startTime ?? ''}));
}

async function belonging(folder: string, pids: readonly number[]): Promise<Set<number>> {
  const own = namespaceOf(process.pid);
  const recorded = await readNamespace(folder);
  const found = new Set(pids.filter((pid) => isGivenFolder(pid, folder)));
  if (recorded === undefined || recorded === own) return found;
  const within = pids.filter((pid) => namespaceOf(pid) === recorded);
  if (within.some((pid) => found.has(pid) || worksIn(pid, folder))) for (const pid of within) found.add(pid);
  return found;
}

/** `uts:[4026532001]`, as the build wrote it down before anything else. */
async function readNamespace(folder: string): Promise<string | undefined> {
  try {
    const text = await readRegularFile(join(folder, NAMESPACE), {maxBytes: 64, follow: false});
    return text.toString('latin1').trim();
  } catch (error) {
    if (error instanceof IrregularFileError || hasCode(error, 'ENOENT', 'ENOTDIR', 'EACCES')) return undefined;
    throw error;
  }
}

function namespaceOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/uts`);
  } catch {
    // It has just ended.
    return undefined;
  }
}

function ancestry(pid: number): number[] {
  const line: number[] = [];
  for (let next: number | undefined = pid; next !== undefined && next > 0; next = processStat(next)?.parent)
    line.push(next);
  return line;
}

/** Both user ids count: a program with the setuid bit has the environment of the user that called it. */
function isGivenFolder(pid: number, folder: string): boolean {
  const users = processUsers(pid);
  const own = process.getuid?.();
  if (users?.real !== own || users?.effective !== own) return false;
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8')
      .split('\0')
      .some((entry) => entry.startsWith('TMP_DIR=') && isInside(folder, entry.slice('TMP_DIR='.length)));
  } catch {
    // A kernel thread, or a process that has just ended.
    return false;
  }
}

function worksIn(pid: number, folder: string): boolean {
  try {
    return [readlinkSync(`/proc/${pid}/root`), readlinkSync(`/proc/${pid}/cwd`)].some((place) =>
      isInside(folder, place),
    );
  } catch {
    return false;
  }
}
