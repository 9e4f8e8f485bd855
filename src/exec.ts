import type {Readable, Writable} from 'node:stream';
import {pipeline} from 'node:stream/promises';
import {StringDecoder} from 'node:string_decoder';
import {execa} from 'execa';
import {asImgmgrError, ImgmgrError} from './errors.ts';

/** How a tool is run. Its environment is PATH, HOME, TMPDIR, a C locale and {@link env}; nothing else of ours. */
export interface ExecOptions {
  /** What the tool reads; nothing when absent. */
  readonly stdin?: Readable;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** Is given all output, as it comes. */
  readonly log?: (text: string) => void;
  /** Between SIGTERM and SIGKILL; default 5000. */
  readonly graceMs?: number;
  /**
   * How long what a tool left behind may hold on to its output once the tool itself is gone; then the rest of its group is killed and
   * the output counts as read. Default: for ever.
   */
  readonly lingerMs?: number;
}

/** How a tool ended; a tool that a signal ended has the exit code 128 + its number. */
export interface Finished {
  readonly exitCode: number;
  /** Its last 64 KiB. */
  readonly stderr: string;
}

/** A tool at work. `stdout` must be read; `finished` rejects as {@link Exec.run} does. */
export interface Running {
  readonly stdout: Readable;
  readonly finished: Promise<Finished>;
}

/** Other programs of this host. */
export interface Exec {
  /**
   * Runs a tool to its end and gives what it wrote (stdout: at most its last 16 MiB). An exit code other than 0 is an answer, not
   * an error. Errors: UNSUPPORTED (not installed), TIMEOUT, INTERRUPTED, or whatever broke `stdin`; by then the whole
   * process group is gone.
   */
  readonly run: (
    command: string,
    args: readonly string[],
    options?: ExecOptions,
  ) => Promise<Finished & {readonly stdout: string}>;
  /** Starts a tool whose output is read as a stream. */
  readonly start: (command: string, args: readonly string[], options?: ExecOptions) => Running;
}

const GRACE_MS = 5000;
const KEPT_STDERR = 64 * 1024;
const KEPT_STDOUT = 16 * 1024 * 1024;

/** The Debian packages of the tools that we may call. */
const PACKAGES: Readonly<Record<string, string>> = {
  xz: 'xz-utils',
  bzip2: 'bzip2',
  zstd: 'zstd',
  'qemu-img': 'qemu-utils',
  setpriv: 'util-linux',
  'qemu-system-x86_64': 'qemu-system-x86',
  'qemu-system-aarch64': 'qemu-system-arm',
  'disk-image-create': 'python3-diskimage-builder',
};

/** Runs tools with `env` (the process environment of the caller) as the place of PATH, HOME and TMPDIR. */
export function createExec(env: Readonly<Record<string, string | undefined>>): Exec {
  const base = baseEnvironment(env);
  const start: Exec['start'] = (command, args, options = {}) => startTool({command, args, options, base});
  return {
    start,
    run: async (command, args, options = {}) => {
      const {stdout, finished} = start(command, args, options);
      const text = collectTail(stdout, KEPT_STDOUT, options.log);
      const {exitCode, stderr} = await finished;
      return {exitCode, stderr, stdout: text()};
    },
  };
}

interface Tool {
  readonly command: string;
  readonly args: readonly string[];
  readonly options: ExecOptions;
  readonly base: Readonly<Record<string, string>>;
}

function startTool({command, args, options, base}: Tool): Running {
  if (options.signal?.aborted === true) throw interruption(command, options.signal.reason);
  const child = execa(command, args, {
    ...(options.cwd === undefined ? {} : {cwd: options.cwd}),
    env: {...base, ...options.env},
    extendEnv: false,
    // A group of its own, so that a tool's children end with it, and Ctrl-C reaches it only through us.
    detached: true,
    cleanup: false,
    reject: false,
    buffer: false,
    stdin: options.stdin === undefined ? 'ignore' : 'pipe',
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const stderr = collectTail(child.stderr, KEPT_STDERR, options.log);
  // Its reader learns of it by the stream; without a reader the error must not count as unhandled.
  child.stdout.on('error', () => undefined);
  const group = processGroup(child.pid, {
    graceMs: options.graceMs ?? GRACE_MS,
    killed: (reason) => child.stdout.destroy(asImgmgrError(reason)),
  });
  const release = watch(options, group, command);
  const forget = endLingering(child, group, options.lingerMs);
  const feeding = feed(options.stdin, child.stdin, group);
  const finished = (async (): Promise<Finished> => {
    try {
      const result = await child;
      await feeding;
      const reason = group.finish();
      if (reason !== undefined) throw asImgmgrError(reason);
      if (result.exitCode === undefined && result.signal === undefined)
        throw notStarted(command, options, result.cause);
      return {exitCode: result.exitCode ?? 128 + signalNumber(result.signal), stderr: stderr()};
    } finally {
      release();
      forget();
    }
  })();
  // A failure of the stream that nobody reads must not end the process.
  finished.catch(() => undefined);
  return {stdout: child.stdout, finished};
}

/** Copies stdin; a tool that stops reading is its own affair, a source that breaks ends the tool. */
async function feed(stdin: Readable | undefined, sink: Writable | null, group: ProcessGroup): Promise<void> {
  if (stdin === undefined || sink === null) return;
  try {
    await pipeline(stdin, sink);
  } catch (error) {
    if (!isClosedPipe(error)) group.kill(error);
  }
}

/** Once the tool is gone, cuts off after the time any other process that holds its output; gives what undoes it. */
function endLingering(child: Child, group: ProcessGroup, lingerMs: number | undefined): () => void {
  let timer: NodeJS.Timeout | undefined;
  if (lingerMs !== undefined)
    child.nodeChildProcess.once('exit', () => {
      timer = setTimeout(() => {
        group.end();
        // An end and no error: what was written so far is what the tool had to say.
        for (const stream of [child.stdout, child.stderr]) if (!stream.readableEnded) stream.push(null);
      }, lingerMs);
    });
  return () => clearTimeout(timer);
}

interface Child {
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly nodeChildProcess: {readonly once: (event: 'exit', listener: () => void) => unknown};
}

interface ProcessGroup {
  /** SIGTERM to all, and after the grace SIGKILL. Only the first reason counts. */
  readonly kill: (reason: unknown) => void;
  /** SIGKILL to all that are left. */
  readonly end: () => void;
  /** The leader has ended: of a killed group nobody may be left. Gives the reason of the killing. */
  readonly finish: () => unknown;
}

function processGroup(pid: number | undefined, on: {graceMs: number; killed: (reason: unknown) => void}): ProcessGroup {
  let reason: unknown;
  let timer: NodeJS.Timeout | undefined;
  const send = (signal: NodeJS.Signals): void => {
    if (pid === undefined) return;
    try {
      process.kill(-pid, signal);
    } catch {
      // Nobody is left in the group.
    }
  };
  return {
    kill(why) {
      if (reason !== undefined) return;
      reason = why;
      send('SIGTERM');
      timer = setTimeout(() => send('SIGKILL'), on.graceMs);
      on.killed(why);
    },
    end: () => send('SIGKILL'),
    finish() {
      clearTimeout(timer);
      if (reason !== undefined) send('SIGKILL');
      return reason;
    },
  };
}

/** Groups that must not outlive this process. */
const living = new Set<ProcessGroup>();
let watchesExit = false;

/** Kills on abort, on the deadline, and when this process ends; gives what undoes the watching. */
function watch(options: ExecOptions, group: ProcessGroup, command: string): () => void {
  const interrupted = (): void => group.kill(interruption(command, options.signal?.reason));
  options.signal?.addEventListener('abort', interrupted, {once: true});
  const limit = options.timeoutMs;
  const timer = limit === undefined ? undefined : setTimeout(() => group.kill(timedOut(command, limit)), limit);
  living.add(group);
  if (!watchesExit) process.once('exit', () => living.forEach((each) => each.kill('exit')));
  watchesExit = true;
  return () => {
    clearTimeout(timer);
    living.delete(group);
    options.signal?.removeEventListener('abort', interrupted);
  };
}

/** Keeps the end of a stream as text and hands everything on. */
function collectTail(stream: Readable, kept: number, log: ((text: string) => void) | undefined): () => string {
  const decoder = new StringDecoder('utf8');
  let tail = '';
  stream.on('data', (chunk: Uint8Array) => {
    const text = decoder.write(chunk);
    log?.(text);
    tail = (tail + text).slice(-kept);
  });
  return () => tail;
}

function baseEnvironment(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const base: Record<string, string> = {
    LC_ALL: 'C.UTF-8',
    PATH: env['PATH'] ?? '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  };
  for (const name of ['HOME', 'TMPDIR'] as const) if (env[name] !== undefined) base[name] = env[name];
  return base;
}

function notStarted(command: string, options: ExecOptions, cause: unknown): ImgmgrError {
  const name = PACKAGES[command] ?? command;
  if (!isMissing(cause)) return new ImgmgrError('INTERNAL', `${command} could not be started`, {cause});
  if (options.cwd !== undefined && !command.includes('/'))
    return new ImgmgrError('UNSUPPORTED', `${command} could not be started in ${options.cwd}`, {
      cause,
      hint: `install it (Debian: apt install ${name}), and see that the folder exists`,
    });
  return new ImgmgrError('UNSUPPORTED', `${command} is not installed`, {
    cause,
    hint: `install it (Debian: apt install ${name})`,
  });
}

/** The reason of an abort where it is one of ours, so that a deadline stays a deadline. */
function interruption(command: string, reason: unknown): ImgmgrError {
  if (reason instanceof ImgmgrError) return reason;
  return new ImgmgrError('INTERRUPTED', `${command} was interrupted`, {cause: reason});
}

function timedOut(command: string, limitMs: number): ImgmgrError {
  return new ImgmgrError('TIMEOUT', `${command} did not end within ${limitMs / 1000} s`);
}

function signalNumber(signal: string | undefined): number {
  return signal === 'SIGKILL' ? 9 : signal === 'SIGINT' ? 2 : signal === 'SIGHUP' ? 1 : 15;
}

function isMissing(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
}

function isClosedPipe(error: unknown): boolean {
  return (
    error instanceof Error &&
    'code' in error &&
    ['EPIPE', 'ERR_STREAM_PREMATURE_CLOSE', 'ECONNRESET'].includes(String(error.code))
  );
}
