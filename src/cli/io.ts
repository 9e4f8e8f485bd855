import type {Readable} from 'node:stream';
import type {Env, ReportSink} from '../report/streams.ts';

export type {Env};

/** The signals that end a run in an orderly way; SIGHUP (the terminal went away) counts as SIGTERM. */
export type EndSignal = 'SIGINT' | 'SIGTERM';

/** Everything of the process that a run touches, so that tests can hand in their own. */
export interface Io extends ReportSink {
  readonly stdin: Readable & {readonly isTTY?: boolean};
  /** Calls the listener at every signal that asks to end; the answer stops listening. */
  onEndSignal(listener: (signal: EndSignal) => void): () => void;
  /** Ends the process at once. */
  leave(exitCode: number): void;
}

/** The real process. A reader that went away (`| head`) is no error: what comes after is dropped. */
export function processIo(): Io {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', ignoreClosedPipe);
  return {
    // Touched only by those who read it: opening it costs time and may fail.
    get stdin() {
      return process.stdin;
    },
    stdout: process.stdout,
    stderr: process.stderr,
    now: () => new Date(),
    monotonic: () => performance.now(),
    onEndSignal,
    leave: (exitCode) => process.exit(exitCode),
  };
}

function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
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
