import type {Readable} from 'node:stream';
import {ImgmgrError} from '../errors.ts';
import {refusalKind} from '../host/fs-error.ts';
import type {Env, ReportSink} from '../report/streams.ts';

export type {Env};

/** The signals that end a run in an orderly way; SIGHUP (the terminal went away) counts as SIGTERM. */
export type EndSignal = 'SIGINT' | 'SIGTERM';

/** Everything of the process that a run touches, so that tests can hand in their own. */
export interface Io extends ReportSink {
  readonly stdin: Readable & {readonly isTTY?: boolean};
  /** A new random id (UUID). */
  uuid(): string;
  /** Calls the listener at every signal that asks to end; the answer stops listening. */
  onEndSignal(listener: (signal: EndSignal) => void): () => void;
  /** Calls the listener when an output cannot be written, also where that happened before; the answer stops listening. */
  onLostOutput(listener: (error: ImgmgrError) => void): () => void;
  /** Ends the process at once. */
  leave(exitCode: number): void;
}

/** The real process. A reader that went away (`| head`) is no error: what comes after is dropped. */
export function processIo(): Io {
  const outputs = watchOutputs();
  return {
    // Touched only by those who read it: opening it costs time and may fail.
    get stdin() {
      return process.stdin;
    },
    stdout: process.stdout,
    stderr: process.stderr,
    now: () => new Date(),
    monotonic: () => performance.now(),
    // Loaded when a run needs an id: it takes 15 ms, which `--version` need not wait for.
    uuid: () => process.getBuiltinModule('node:crypto').randomUUID(),
    onEndSignal,
    onLostOutput: outputs.onLost,
    leave,
  };
}

/** OUTPUT_LOST with the name of the stream and the reason of the system; exit 1 for a process that would end with 0. */
function watchOutputs(): {readonly onLost: Io['onLostOutput']} {
  const listeners = new Set<(error: ImgmgrError) => void>();
  let lost: ImgmgrError | undefined;
  const watch = (name: string, stream: NodeJS.WriteStream): void => {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE' || lost !== undefined) return;
      lost = new ImgmgrError('OUTPUT_LOST', `${name} cannot be written: ${error.message}`, {
        hint:
          refusalKind(error) === 'full'
            ? 'make room on that disk, then run again'
            : 'name another output, then run again',
      });
      for (const listener of listeners) listener(lost);
    });
  };
  watch('stdout', process.stdout);
  watch('stderr', process.stderr);
  process.on('exit', () => {
    if (lost !== undefined) process.exitCode ||= 1;
  });
  return {
    onLost(listener) {
      listeners.add(listener);
      if (lost !== undefined) listener(lost);
      return () => void listeners.delete(listener);
    },
  };
}

function onEndSignal(listener: (signal: EndSignal) => void): () => void {
  const interrupt = (): void => listener('SIGINT');
  const terminate = (): void => listener('SIGTERM');
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', terminate);
  process.on('SIGHUP', terminate);
  return () => {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', terminate);
    process.off('SIGHUP', terminate);
  };
}

/** A run that is over waits so long at most for a file system or a name server that nobody needs any more; milliseconds. */
const STUCK_MS = 2000;

/**
 * Ends the process where it would wait for ever for what a run has let go: a folder of state on a file system that does not answer keeps it
 * from ending. Keeps nothing alive by itself.
 */
export function leaveWhereStuck(exitCode: number): void {
  setTimeout(() => {
    if (whatHangs() === undefined) leaveWhereStuck(exitCode);
    else leave(exitCode);
  }, STUCK_MS).unref();
}

/** How often, and how long apart in milliseconds, an operation may be looked for before it counts as hanging. */
const LOOKS = 5;
const LOOK_MS = 50;

/**
 * Ends the process. Node waits at its end for the threads that carry out file operations and name lookups, for ever where a file system does
 * not answer: then another program takes the place of this one and ends with the code; where there is none, SIGKILL ends it (137 for a shell).
 */
function leave(exitCode: number, looks = LOOKS): void {
  const what = whatHangs();
  if (what === undefined) process.exit(exitCode);
  if (looks > 0) {
    setTimeout(() => leave(exitCode, looks - 1), LOOK_MS);
    return;
  }
  process.stderr.write(`imgmgr: ${what} does not answer, so the process ends without waiting for it\n`);
  try {
    process.execve?.('/bin/sh', ['sh', '-c', `exit ${exitCode}`], {});
  } finally {
    process.kill(process.pid, 'SIGKILL');
  }
}

function whatHangs(): 'a file system' | 'the name server' | undefined {
  const pending = process.getActiveResourcesInfo();
  if (pending.some((name) => name.startsWith('FSReq'))) return 'a file system';
  return pending.some((name) => /^Get(?:Addr|Name)InfoReq/.test(name)) ? 'the name server' : undefined;
}
