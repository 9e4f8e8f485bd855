import {countsOf} from '../core/counts.ts';
import type {Emit} from '../core/events.ts';
import type {RunElsewhere} from '../core/history/elsewhere.ts';
import {runsElsewhere} from '../core/history/elsewhere.ts';
import type {RunRecord} from '../core/history/records.ts';
import {MANAGED_TAG} from '../core/image/stamp.ts';
import {didYouMean} from '../core/nearest.ts';
import {ImgmgrError} from '../errors.ts';
import type {HistoryReader, RunFilter} from '../ports/history.ts';
import {interruptible} from '../workflow/interruptible.ts';
import {logInTo} from '../workflow/log-in.ts';
import {viewOf} from '../workflow/run/observe.ts';
import type {CloudOutcome} from '../workflow/types.ts';
import type {AppPorts, OpenCloud} from './ports.ts';
import type {CloudChoice} from './requests.ts';
import {emitLog} from './history-log.ts';
import {orFailed} from './work-on-clouds.ts';

/** Say what runs did, by the history of this host; with clouds, also by the images there. */
export interface HistoryRequest extends CloudChoice {
  /** The exact name of a definition, or the beginning of a run's id; absent: every run. */
  readonly target?: string;
  /** The whole log of that run; `follow`: until it ends. */
  readonly log?: {readonly follow: boolean};
  readonly verbs: readonly string[];
  readonly failed: boolean;
  /** A time, or how far back; milliseconds. */
  readonly since?: {readonly backMs: number} | {readonly sinceMs: number};
  /** The beginning of the id of a run: only what is older. */
  readonly before?: string;
  readonly limit: number;
}

/** Emits the list of runs, one run, or its log; USAGE with what is near where there is no such thing. Writes nothing. */
export async function* history(request: HistoryRequest, ports: AppPorts, emit: Emit): AsyncGenerator<CloudOutcome> {
  const reader = await ports.history();
  try {
    const clouds = request.clouds.length === 0 ? [] : ports.clouds(request);
    emit({type: 'started', command: 'history', clouds: clouds.map(({name}) => name), run: ports.run});
    const elsewhere: RunElsewhere[] = [];
    let failed = false;
    for (const cloud of clouds) {
      const outcome = await look(cloud, {ports, emit, found: elsewhere});
      failed ||= outcome.errors.length > 0;
      yield outcome;
    }
    const {target} = request;
    const answer = {request, ports, emit, reader, elsewhere};
    if (target === undefined) listRuns(answer);
    else if (isDefinition(target, answer)) listRuns(answer, target);
    else await showRun(answer, target, failed);
  } finally {
    reader?.close();
  }
}

interface Answer {
  readonly request: HistoryRequest;
  readonly ports: AppPorts;
  readonly emit: Emit;
  readonly reader: HistoryReader | undefined;
  readonly elsewhere: readonly RunElsewhere[];
}

/** Login and listing alone. */
async function look(
  cloud: OpenCloud,
  {ports, emit, found}: {readonly ports: AppPorts; readonly emit: Emit; readonly found: RunElsewhere[]},
): Promise<CloudOutcome> {
  const {signal} = ports;
  return orFailed({cloud, signal, emit}, async () => {
    const {store} = interruptible(await cloud.open(), signal);
    const {projectId} = await logInTo(store, emit);
    const {own} = viewOf(await store.listTagged(MANAGED_TAG), projectId, store.now());
    found.push(...runsElsewhere(cloud.name, own));
    return {cloud: cloud.name, counts: countsOf({}), errors: [], changesPending: false};
  });
}

function isDefinition(name: string, {reader, elsewhere}: Answer): boolean {
  return definitionsOf(reader, elsewhere).includes(name);
}

function definitionsOf(reader: HistoryReader | undefined, elsewhere: readonly RunElsewhere[]): readonly string[] {
  return [...(reader?.definitions() ?? []), ...elsewhere.flatMap(({definitions}) => definitions)];
}

function listRuns(answer: Answer, definition?: string): void {
  const {request, ports, emit, reader, elsewhere} = answer;
  const filter = filterOf(answer, definition);
  const {runs, more} = reader?.runs(filter) ?? {runs: [], more: false};
  const others = elsewhere.filter((run) => isWanted(run, {...answer, filter, oldest: more ? runs.at(-1) : undefined}));
  const rows = merged(runs, others);
  const shown = rows.slice(0, request.limit);
  for (const row of shown) emit('verb' in row ? {type: 'history-run', ...row} : {type: 'history-elsewhere', ...row});
  emit({
    type: 'history',
    asOf: ports.now().toISOString(),
    runs: shown.length,
    more: more || rows.length > shown.length,
  });
}

function filterOf({request, ports, reader, elsewhere}: Answer, definition: string | undefined): RunFilter {
  const {clouds, verbs, failed, since, before, limit} = request;
  const sinceMs = since && ('sinceMs' in since ? since.sinceMs : ports.now().getTime() - since.backMs);
  return {
    ...{clouds, verbs, failed, limit},
    ...(definition !== undefined && {definition}),
    ...(sinceMs !== undefined && {sinceMs}),
    ...(before !== undefined && olderThan({reader, elsewhere}, before)),
  };
}

/** A run of this host by its place in the list, one of another host by its time. */
function olderThan(
  {reader, elsewhere}: Pick<Answer, 'reader' | 'elsewhere'>,
  beginning: string,
): Pick<RunFilter, 'before' | 'beforeMs'> {
  const others = elsewhere.filter(({id}) => id.startsWith(beginning.toLowerCase()));
  const found = reader?.find(beginning) ?? {kind: 'none'};
  if (found.kind === 'none' && others[0] && others.length === 1) return {beforeMs: Date.parse(others[0].firstAt)};
  return {before: wholeId(reader, beginning, '--before')};
}

/** A run of this host is known better; of the others those that the filter lets through, and that belong on this page. */
function isWanted(
  {id, definitions, firstAt, images}: RunElsewhere,
  {reader, filter, oldest}: Answer & {readonly filter: RunFilter; readonly oldest: RunRecord | undefined},
): boolean {
  const {definition, verbs = [], failed = false, sinceMs = 0, before, beforeMs = Infinity} = filter;
  const start = before === undefined ? undefined : reader?.details(before)?.run.startedAt;
  const newestMs = start === undefined ? beforeMs : Date.parse(start);
  return (
    reader?.details(id) === undefined &&
    (definition === undefined || definitions.includes(definition)) &&
    verbs.length === 0 &&
    (!failed || images.some(({state}) => state === 'quarantined')) &&
    Date.parse(firstAt) >= sinceMs &&
    Date.parse(firstAt) < newestMs &&
    (oldest === undefined || Date.parse(firstAt) >= Date.parse(oldest.startedAt))
  );
}

/** Both the newest first; those of this host keep their order, whatever the clock said. */
function merged(runs: readonly RunRecord[], others: readonly RunElsewhere[]): readonly (RunRecord | RunElsewhere)[] {
  const waiting = [...others].sort((a, b) => Date.parse(b.firstAt) - Date.parse(a.firstAt));
  const rows: (RunRecord | RunElsewhere)[] = [];
  for (const run of runs) {
    while (waiting[0] && Date.parse(waiting[0].firstAt) > Date.parse(run.startedAt)) rows.push(...waiting.splice(0, 1));
    rows.push(run);
  }
  return [...rows, ...waiting];
}

async function showRun(answer: Answer, target: string, failed: boolean): Promise<void> {
  const {request, emit, reader, elsewhere} = answer;
  const others = elsewhere.filter(({id}) => id.startsWith(target.toLowerCase()) && reader?.details(id) === undefined);
  const found = reader?.find(target) ?? {kind: 'none'};
  if (found.kind === 'none' && others.length === 0) {
    // A cloud that could not be looked at may have it.
    if (failed) return;
    throw nothingFound(answer, target);
  }
  if (found.kind === 'several') throw severalRuns(target, found.ids);
  const details = found.kind === 'found' ? reader?.details(found.id) : undefined;
  if (request.log && reader && details) return emitLog(request.log, {...answer, reader, id: details.run.id});
  if (request.log)
    throw new ImgmgrError('USAGE', `the log of run ${target} is on another host`, {
      hint: 'ask there; without --log its images are shown',
    });
  if (details) {
    const {run, ...parts} = details;
    emit({type: 'history-shown', of: run, ...parts});
  }
  for (const other of others) emit({type: 'history-elsewhere', ...other});
}

/** USAGE where the beginning of an id leads to no run, or to several. */
function wholeId(reader: HistoryReader | undefined, beginning: string, flag: string): string {
  const found = reader?.find(beginning) ?? {kind: 'none'};
  if (found.kind === 'found') return found.id;
  if (found.kind === 'several') throw severalRuns(beginning, found.ids);
  throw new ImgmgrError('USAGE', `${flag} names no run of this host: "${beginning}"`, {hint: recentText(reader)});
}

function severalRuns(beginning: string, ids: readonly string[]): ImgmgrError {
  return new ImgmgrError('USAGE', `several runs begin with "${beginning}": ${ids.join(', ')}`, {
    hint: 'give more of the id',
  });
}

function nothingFound({reader, elsewhere}: Answer, target: string): ImgmgrError {
  return new ImgmgrError('USAGE', `the history has no definition and no run "${target}"`, {
    hint: didYouMean(target, definitionsOf(reader, elsewhere)) ?? recentText(reader),
  });
}

/** As many runs are named where none was found. */
const RECENT = 5;

function recentText(reader: HistoryReader | undefined): string {
  const recent = reader?.runs({limit: RECENT}).runs ?? [];
  if (recent.length === 0) return 'this host has no history yet; --cloud asks the images of a cloud';
  return `the most recent runs: ${recent.map(({id, verb}) => `${id.slice(0, 8)} (${verb})`).join(', ')}`;
}
