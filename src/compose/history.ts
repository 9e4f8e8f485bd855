import {hostname} from 'node:os';
import {stateDir} from '../config/settings.ts';
import {publicCommandLine} from '../core/public-url.ts';
import type {Emit} from '../core/events.ts';
import type {HistoryKeeper, HistoryReader, RunStart} from '../ports/history.ts';
import type {Secrets} from '../secrets/registry.ts';
import {VERSION} from '../version.ts';
import type {Caller} from './context-parts.ts';

/** What the history of a run is kept with. */
export interface HistoryParts {
  readonly caller: Caller;
  readonly secrets: Secrets;
  readonly now: () => Date;
  /** Where its warnings go. */
  readonly emit: Emit;
  /** The command line as it was typed. */
  readonly start: RunStart;
}

/** Begins to keep a run; gives at once what its events are handed to. */
export async function openKeeper({caller, secrets, now, emit, start}: HistoryParts): Promise<HistoryKeeper> {
  const {createKeeper} = await import('../history/keeper.ts');
  return createKeeper({
    folder: stateDir(caller.env, caller.home, caller.uid),
    start: {...start, commandLine: publicCommandLine(start.commandLine).map((word) => secrets.scrub(word))},
    host: hostname(),
    version: VERSION,
    now,
    warn: (warning) => emit({type: 'warning', ...warning}),
  });
}

/** The history of this host; undefined where there is none. */
export async function readHistory(caller: Caller, now: () => Date): Promise<HistoryReader | undefined> {
  const {openReader} = await import('../history/reader.ts');
  return openReader({folder: stateDir(caller.env, caller.home, caller.uid), now});
}
