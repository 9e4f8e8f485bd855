import {spawn} from 'node:child_process';
import {closeSync, constants, openSync, readFileSync} from 'node:fs';
import type {ProcessIdentity} from '../../host/process.ts';
import {ownProcess, processState, processStat, runningProcesses} from '../../host/process.ts';

/** What a child is started with. */
export interface ChildParts {
  /** The program and what comes before the command line: how this very imgmgr is started. */
  readonly entry: readonly string[];
  readonly line: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Files for what it prints, made for their owner alone. */
  readonly output: string;
  readonly errors: string;
}

/** A child that was started. */
export interface Child {
  readonly process: ProcessIdentity;
  /** Its exit code; 128 and the number of the signal that killed it. */
  readonly ended: Promise<number>;
}

const NEW_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
/** https://man7.org/linux/man-pages/man7/signal.7.html */
const SIGNALS: Readonly<Record<string, number>> = {SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15};

/** Starts imgmgr in a session of its own: neither Ctrl-C at this terminal nor the end of this process reaches it. Rejects where it cannot be started. */
export async function startChild({entry, line, cwd, env, output, errors}: ChildParts): Promise<Child> {
  const [program = '', ...before] = entry;
  const files = [openSync(output, NEW_FILE, 0o600), openSync(errors, NEW_FILE, 0o600)];
  try {
    const child = spawn(program, [...before, ...line], {
      cwd,
      env: {...env},
      detached: true,
      stdio: ['ignore', ...files],
    });
    const ended = new Promise<number>((resolve) => {
      child.once('exit', (code, signal) => resolve(code ?? 128 + (SIGNALS[signal ?? ''] ?? 0)));
    });
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    });
    child.on('error', () => undefined);
    const pid = child.pid ?? 0;
    const {hostBootId, pidNamespace} = ownProcess();
    return {process: {pid, startTime: processStat(pid)?.startTime ?? '0', hostBootId, pidNamespace}, ended};
  } finally {
    for (const file of files) closeSync(file);
  }
}

/** Sends the signal to the whole group of the child, as Ctrl-C at a terminal does; never to a later process with its number. False: it is gone. */
export function signalGroup(target: ProcessIdentity, signal: 'SIGINT' | 'SIGKILL'): boolean {
  if (!isThere(target)) return false;
  try {
    process.kill(-target.pid, signal);
    return true;
  } catch {
    return false;
  }
}

/** The process that was started for that run, where it is there: its environment has the id, and it leads its group, which what it started does not. */
export function findChild(id: string): ProcessIdentity | undefined {
  const {hostBootId, pidNamespace} = ownProcess();
  for (const [pid, {startTime}] of runningProcesses()) {
    try {
      const [, , group] = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? [];
      const mine = Number(group) === pid && readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0');
      if (mine && mine.includes(`IMGMGR_RUN_ID=${id}`)) return {pid, startTime, hostBootId, pidNamespace};
    } catch {
      // It has ended, or is another user's.
    }
  }
  return undefined;
}

/** True where that very process of this boot and this container is there. */
export function isThere(target: ProcessIdentity): boolean {
  return processState(target) === 'alive';
}
