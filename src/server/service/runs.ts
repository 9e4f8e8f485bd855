import type {RunRecord} from '../../core/history/records.ts';
import {stateOfExit} from '../../core/history/records.ts';
import type {HistoryReader, RunFilter} from '../../ports/history.ts';
import type {Identity} from '../access/identity.ts';
import {seesAll, seesCloud} from '../access/identity.ts';
import type {LogAnswer, RunAnswer, RunRow, RunsAnswer, StartedAnswer} from '../contract/runs.ts';
import {CallError, notFound} from '../errors.ts';
import {deletionOf} from '../runs/deletion.ts';
import {logRefs, readLog} from '../runs/logs.ts';
import type {OwnRun} from '../runs/own-run.ts';
import {recordOf, rowOf, seesRun} from '../runs/rows.ts';
import {commandText, readLine, runLine} from '../verbs/command-line.ts';
import {againOffers, cloudOffers} from '../verbs/offers.ts';
import {refusalOf, requireKnown, requirePermission} from '../verbs/permit.ts';
import {readRunRequest} from '../verbs/read-body.ts';
import type {ServiceContext} from './context.ts';
import {knownTo, waitForEndedRuns, offerContext} from './context.ts';
import {approvedRun} from './plans.ts';

/** What is asked of the list of runs. */
export interface RunsQuery {
  readonly verb: readonly string[];
  readonly result?: 'running' | 'failed' | undefined;
  readonly cloud: readonly string[];
  readonly definition?: string | undefined;
  readonly before?: string | undefined;
  readonly limit: number;
}

/** As many that are under way stand before the others. */
const MOST_RUNNING = 100;

/** Runs of this host: on the first page those that are under way first, then the newest first. */
export async function listRuns(query: RunsQuery, identity: Identity, context: ServiceContext): Promise<RunsAnswer> {
  const {runs, history, parts, clouds} = context;
  const filter = filterOf(query, identity);
  const isFirst = query.before === undefined;
  const read = (
    reader: HistoryReader,
  ): {readonly page: readonly RunRecord[]; readonly more: boolean; readonly running: readonly RunRecord[]} => {
    const page = reader.runs(filter);
    const running = isFirst ? reader.runs({...filter, running: true, limit: MOST_RUNNING}).runs : [];
    return {page: page.runs, more: page.more, running};
  };
  const {page, more, running} = (await history.read(read)) ?? {page: [], more: false, running: []};
  const early = isFirst ? await earlyRuns(query, identity, context) : [];
  const first = [...early, ...running];
  const ids = new Set(first.map(({id}) => id));
  const rows = [...first, ...page.filter(({id}) => !ids.has(id))].slice(0, 1000);
  return {
    asOf: parts.now().toISOString(),
    runs: rows.map((record) => rowOf(record, runs.find(record.id))),
    more,
    command: commandText(readLine('history', parts.flags, historyFlags(query))),
    offers: cloudOffers(
      clouds.names.filter((cloud) => seesCloud(identity, cloud)),
      offerContext(context, identity),
    ),
  };
}

/** One run with all its parts. NOT_FOUND where there is none, or this user may not see it. */
export async function getRun(id: string, identity: Identity, context: ServiceContext): Promise<RunAnswer> {
  const {parts, history, permissions} = context;
  const {own, row, isOver} = await findRun(id, identity, context);
  const details = await history.read((reader) => reader.details(id));
  const cancelLine = ['kill', '-INT', `-${own?.process?.pid ?? row.pid}`];
  const mayCancel = refusalOf({verb: 'manage', clouds: row.clouds, flags: {}}, identity, permissions);
  return {
    asOf: parts.now().toISOString(),
    run: row,
    actions: details?.actions ?? [],
    builds: details?.builds ?? [],
    verifications: details?.verifications ?? [],
    logs: logRefs({own, details}),
    command: commandText(readLine('history', parts.flags, {names: [id]})),
    cancel: isOver
      ? null
      : {
          command: cancelLine.join(' '),
          refused: mayCancel ?? (own ? null : 'it was not started by this server: end it where it was started'),
        },
    deletion: isOver && details ? deletionOf(id, details, offerContext(context, identity)) : null,
    offers: own
      ? againOffers(own, offerContext(context, identity))
      : cloudOffers(row.clouds, offerContext(context, identity)).filter(({verb}) => verb === row.verb),
  };
}

/** Lines of a text of the run. NOT_FOUND. */
export async function readRunLog(
  {id, log, offset}: {readonly id: string; readonly log: string; readonly offset: number},
  identity: Identity,
  context: ServiceContext,
): Promise<LogAnswer> {
  const {own, isOver} = await findRun(id, identity, context);
  const {files} = context.runs;
  const read = async (reader: HistoryReader | undefined): Promise<LogAnswer> =>
    readLog(log, offset, {id, own, files, isOver, reader, details: reader?.details(id)});
  return (await context.history.read(read)) ?? read(undefined);
}

/** NOT_FOUND where this user may not watch the run, LIMIT where too many watch runs; then `feeds.watch` of the context watches it. */
export async function requireWatch(id: string, identity: Identity, context: ServiceContext): Promise<void> {
  await findRun(id, identity, context);
  if (!context.feeds.hasRoom)
    throw new CallError(429, {code: 'LIMIT', message: 'too many watch runs of this server', retryS: 10});
}

/** Starts what the body asks for. USAGE, FORBIDDEN, CONFLICT, UNAVAILABLE. */
export async function startRun(body: unknown, identity: Identity, context: ServiceContext): Promise<StartedAnswer> {
  const {parts, runs, permissions} = context;
  const request = readRunRequest(body);
  await waitForEndedRuns(context);
  if ('plan' in request) return started(await approvedRun(request, identity, context), context);
  requirePermission(request, identity, permissions);
  requireKnown(request, await knownTo(context, identity));
  const {verb, definitions, clouds} = request;
  const line = runLine(request, parts.flags);
  // What the CLI would refuse at once is refused here, before a process is started for it.
  await parts.parse(line);
  return started(
    await runs.start({verb, definitions, clouds, line, by: identity.user}, ({clouds: of}) => seesAll(identity, of)),
    context,
  );
}

/** Ends a run of this server as Ctrl-C does. NOT_FOUND, FORBIDDEN, CONFLICT. */
export async function cancelRun(
  id: string,
  identity: Identity,
  context: ServiceContext,
): Promise<{readonly id: string; readonly signals: number}> {
  const {row} = await findRun(id, identity, context);
  const refused = refusalOf({verb: 'manage', clouds: row.clouds, flags: {}}, identity, context.permissions);
  if (refused !== undefined) throw new CallError(403, {code: 'FORBIDDEN', message: refused});
  if (row.endedAt !== null) throw new CallError(409, {code: 'CONFLICT', message: 'the run is over'});
  return {id, signals: await context.runs.cancel(id, identity.user)};
}

/** The run as answers have it. NOT_FOUND where there is none, or this user may not see it. */
export async function findRun(
  id: string,
  identity: Identity,
  context: ServiceContext,
): Promise<{readonly own: OwnRun | undefined; readonly row: RunRow; readonly isOver: boolean}> {
  const looked = await lookAtRun(id, context);
  const own = context.runs.find(id);
  if (looked && seesRun(identity, looked.run, own)) return {own, row: looked.run, isOver: looked.isOver};
  throw notFound(`run ${id}`, 'GET /v1/runs lists them');
}

/** The row of a run, and whether it is over, for whoever asks; undefined where there is none. */
export async function lookAtRun(
  id: string,
  {runs, history, parts}: Pick<ServiceContext, 'runs' | 'history' | 'parts'>,
): Promise<{readonly run: RunRow; readonly isOver: boolean} | undefined> {
  const own = runs.find(id);
  const kept = await history.read((reader) => reader.run(id));
  const record = kept ?? (own && (await recordOf(own, {files: runs.files, now: parts.now(), host: parts.host})));
  if (!record) return undefined;
  const goesOn = record.state === 'RUNNING' || record.state === 'PENDING';
  return {run: rowOf(record, own), isOver: own ? own.endedAt !== undefined && !goesOn : !goesOn};
}

/** The run as it begins, as answers have it. */
export async function started(own: OwnRun, {runs, parts}: ServiceContext): Promise<StartedAnswer> {
  const record = await recordOf(own, {files: runs.files, now: parts.now(), host: parts.host});
  return {id: own.id, run: rowOf(record, own), command: commandText(own.line)};
}

function filterOf({verb, result, cloud, definition, before, limit}: RunsQuery, identity: Identity): RunFilter {
  return {
    ...{verbs: verb, clouds: cloud, limit},
    ...(result === 'failed' && {failed: true}),
    ...(result === 'running' && {running: true}),
    ...(definition !== undefined && {definition}),
    ...(before !== undefined && {before}),
    ...(identity.clouds !== undefined && {withinClouds: identity.clouds}),
  };
}

/** Runs of this server of which the history says nothing: about to begin, or ended before they could. */
async function earlyRuns(query: RunsQuery, identity: Identity, context: ServiceContext): Promise<readonly RunRecord[]> {
  const {runs, history, parts} = context;
  const {verb, result, cloud, definition} = query;
  const wanted = runs.all().filter((run) => {
    const fits = [
      verb.length === 0 || verb.includes(run.verb),
      cloud.length === 0 || run.clouds.some((one) => cloud.includes(one)),
      definition === undefined || run.definitions.includes(definition),
      result !== 'running' || run.endedAt === undefined,
      result !== 'failed' || (run.endedAt !== undefined && stateOfExit(run.exitCode ?? 1) === 'FAILED'),
    ];
    return fits.every(Boolean) && seesRun(identity, undefined, run);
  });
  const unknown: OwnRun[] = [];
  for (const run of wanted.slice(0, MOST_RUNNING))
    if ((await history.read((reader) => reader.run(run.id))) === undefined) unknown.push(run);
  return Promise.all(unknown.map((run) => recordOf(run, {files: runs.files, now: parts.now(), host: parts.host})));
}

function historyFlags({verb, result, definition, before}: RunsQuery): {
  readonly flags: readonly string[];
  readonly names: readonly string[];
} {
  return {
    flags: [
      ...verb.slice(0, 1).flatMap((one) => ['--verb', one]),
      ...(result === 'failed' ? ['--failed'] : []),
      ...(before === undefined ? [] : ['--before', before]),
    ],
    names: definition === undefined ? [] : [definition],
  };
}
