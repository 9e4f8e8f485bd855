import {randomUUID} from 'node:crypto';
import {createEventBus} from '../../../src/core/event-bus.ts';
import {countsOf} from '../../../src/core/counts.ts';
import type {Event} from '../../../src/core/events.ts';
import type {RunDetails} from '../../../src/core/history/records.ts';
import type {Warning} from '../../../src/core/warnings.ts';
import {createKeeper} from '../../../src/history/keeper.ts';
import {openReader} from '../../../src/history/reader.ts';
import type {HistoryReader, RunStart} from '../../../src/ports/history.ts';

export const NOW = new Date('2026-11-27T12:00:00Z');

/** A run whose events go to the history in a folder. */
export interface KeptRun {
  readonly run: string;
  readonly warnings: readonly Warning[];
  emit(event: Event, action?: string): void;
  end(exitCode?: number): Promise<void>;
  /** Without an end, as a killed process leaves it. */
  drop(): void;
}

export function keepRun(
  folder: string,
  {now = () => NOW, ...start}: Partial<RunStart> & {readonly now?: () => Date} = {},
): KeptRun {
  const run = start.run ?? randomUUID();
  const warnings: Warning[] = [];
  const bus = createEventBus({
    run,
    now,
    scrub: (event) => event,
    onFailure: (_, error) => void warnings.push(error as Warning),
  });
  const keeper = createKeeper({
    folder,
    start: {
      ...{
        run,
        verb: 'manage',
        commandLine: ['manage'],
        keepMs: 400 * 86_400_000,
        startedAt: now(),
        elapsedMs: () => 1500,
      },
      who: {user: 'root', sudoUser: null, ci: null, job: null, jobUrl: null, requestedBy: null},
      ...start,
    },
    ...{host: 'build-1', version: '1.2.3', now},
    warn: (warning) => {
      warnings.push(warning);
      bus.emit({type: 'warning', ...warning});
    },
  });
  bus.subscribe('history', (stamped) => keeper.take(stamped));
  return {
    run,
    warnings,
    emit: (event, action) => bus.emit(event, action === undefined ? {} : {action}),
    async end(exitCode = 0) {
      await keeper.end({exitCode, counts: countsOf({imported: 1})});
      bus.emit({type: 'finished', counts: countsOf({imported: 1}), counted: ['imported'], exitCode, ms: 1500});
      keeper.close();
    },
    drop: () => keeper.close(),
  };
}

/** A whole run with these events. */
export async function kept(
  folder: string,
  events: readonly Event[] = [],
  start: Parameters<typeof keepRun>[1] = {},
): Promise<KeptRun> {
  const run = keepRun(folder, start);
  for (const event of events) run.emit(event);
  await run.end();
  return run;
}

/** What the reader answers; the database is let go of. */
export function read<T>(folder: string, ask: (reader: HistoryReader) => T, now: () => Date = () => NOW): T {
  const reader = openReader({folder, now});
  if (!reader) throw new Error('there is no history');
  try {
    return ask(reader);
  } finally {
    reader.close();
  }
}

export function detailsOf(folder: string, run: string, now?: () => Date): RunDetails {
  const details = read(folder, (reader) => reader.details(run), now);
  if (!details) throw new Error('the run is not in the history');
  return details;
}
