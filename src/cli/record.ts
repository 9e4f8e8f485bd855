import type {Caller} from '../compose/context.ts';
import type {EventBus} from '../core/event-bus.ts';
import type {StampedEvent} from '../core/events.ts';
import {asImgmgrError} from '../errors.ts';
import type {HistoryKeeper} from '../ports/history.ts';
import type {Secrets} from '../secrets/registry.ts';
import type {Invocation} from './invocation.ts';
import type {Env, Io} from './io.ts';
import {whoStarts} from './who.ts';

/** What the record of a run is made with. */
export interface RecordParts {
  readonly invocation: Pick<Invocation<unknown>, 'command' | 'history'>;
  /** The command line; undefined: nothing is kept. */
  readonly argv: readonly string[] | undefined;
  readonly run: string;
  readonly bus: EventBus;
  readonly caller: Caller;
  readonly io: Pick<Io, 'now' | 'monotonic'>;
  readonly env: Env;
  readonly secrets: Secrets;
}

/** The run in the history of this host, from its first event on. */
export type RunRecording = Pick<HistoryKeeper, 'end' | 'close'>;

/** Keeps the run where its command may write; it waits for nothing, and what is needed for it is loaded beside the verb. */
export function recordRun(parts: RecordParts): RunRecording {
  const {invocation, argv, run, bus, caller, io, env, secrets} = parts;
  const {history, command} = invocation;
  if (history === undefined || argv === undefined) return NOTHING;
  const early: StampedEvent[] = [];
  const startedAt = io.now();
  const startMs = io.monotonic();
  let keeper: HistoryKeeper | undefined;
  let fault: Error | undefined;
  bus.subscribe('history', (stamped) => {
    // The bus reports what a sink throws.
    if (fault !== undefined) throw fault;
    if (keeper) keeper.take(stamped);
    else early.push(stamped);
  });
  const load = async (): Promise<void> => {
    const {keepHistory} = await import('../compose/context.ts');
    const start = {
      ...{run, verb: command, who: whoStarts(env), commandLine: argv, keepMs: history.keepMs, startedAt},
      elapsedMs: () => io.monotonic() - startMs,
    };
    keeper = await keepHistory({caller, secrets, now: () => io.now(), emit: bus.emit, start});
    for (const stamped of early.splice(0)) keeper.take(stamped);
  };
  const loading = load().catch((error: unknown) => {
    fault = asImgmgrError(error);
  });
  return {
    async end(end) {
      await loading;
      await keeper?.end(end);
    },
    close: () => keeper?.close(),
  };
}

const NOTHING: RunRecording = {end: () => Promise.resolve(), close: () => undefined};
