import type {FaultCause, ServerState} from '../../core/verdict/judge.ts';
import {join} from 'node:path';
import {asImgmgrError} from '../../errors.ts';
import type {Exec} from '../../exec.ts';
import {exists} from '../../host/look.ts';
import {ConsoleFile} from './console.ts';
import {FILES} from './machine.ts';

/** A QEMU that this process started. */
export interface RunningMachine {
  look(): Promise<ServerState>;
  console(): Promise<string>;
  /** Ends it and waits until it is gone. */
  stop(): Promise<void>;
}

type End = {readonly kind: 'ended'; readonly exitCode: number} | {readonly kind: 'failed'; readonly message: string};

const KEPT = 4000;

/** Starts QEMU in the server's folder; whether it runs, {@link RunningMachine.look} says. */
export function startMachine(request: {
  readonly exec: Exec;
  readonly command: string;
  readonly args: readonly string[];
  readonly folder: string;
}): RunningMachine {
  const {exec, command, args, folder} = request;
  const stop = new AbortController();
  let said = '';
  const {stdout, finished} = exec.start(command, args, {
    cwd: folder,
    signal: stop.signal,
    graceMs: 3000,
    log: (text) => void (said = (said + text).slice(-KEPT)),
  });
  stdout.resume();
  let end: End | undefined;
  const ended = finished.then(
    ({exitCode}) => void (end = {kind: 'ended', exitCode}),
    (error: unknown) => void (end = {kind: 'failed', message: asImgmgrError(error).message}),
  );
  const console = new ConsoleFile(join(folder, FILES.console));
  return {
    async look() {
      if (end === undefined) await console.trim();
      if (end !== undefined) return lookAfter(end, said);
      // The machine stands still from then on, though its process lives.
      if (said.includes('KVM internal error')) return {kind: 'error', fault: `KVM gave up: ${firstLine(said)}`};
      if (await exists(join(folder, FILES.pid))) return {kind: 'active'};
      return {kind: 'building', detail: 'QEMU is starting'};
    },
    console: () => console.tail(),
    async stop() {
      stop.abort();
      await ended;
    },
  };
}

function lookAfter(end: End, said: string): ServerState {
  if (end.kind === 'failed') return {kind: 'error', fault: end.message};
  if (end.exitCode === 0) return {kind: 'stopped'};
  const how = end.exitCode > 128 ? `was ended by signal ${end.exitCode - 128}` : `ended with ${end.exitCode}`;
  const cause = causeOf(said);
  return {
    kind: 'error',
    fault: `QEMU ${how}${said.trim() === '' ? '' : `: ${said.trim()}`}`,
    ...(cause !== undefined && {cause}),
  };
}

/** What ended QEMU, which has no witness but what it says. */
function causeOf(said: string): FaultCause | undefined {
  if (/Image is not in \S+ format|Image is corrupt/i.test(said)) return 'image';
  return said.includes('Disk quota exceeded') ? 'quota' : undefined;
}

function firstLine(text: string): string {
  return text.split('\n').find((line) => line.includes('KVM internal error')) ?? '';
}
