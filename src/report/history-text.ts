import {COUNT_FIELDS, countsText} from '../core/counts.ts';
import type {Event} from '../core/events.ts';
import type {RunElsewhere} from '../core/history/elsewhere.ts';
import type {
  ActionRecord,
  BuildRecord,
  LogRecord,
  RunRecord,
  State,
  VerificationRecord,
} from '../core/history/records.ts';
import {formatBytes, formatCount, formatTime} from './amounts.ts';
import {clean} from './clean.ts';
import type {Paint} from './paint.ts';
import {fitted, layOut} from './table.ts';

type Listed = Extract<Event, {type: 'history-run' | 'history-elsewhere'}>;
type ShownRun = Extract<Event, {type: 'history-shown'}>;

/** The list of `history` for people. */
export interface HistoryTable {
  add(row: Listed): void;
  text(end: Extract<Event, {type: 'history'}>): string;
}

const HEAD = ['RUN', 'STARTED (UTC)', 'VERB', 'STATE', 'PHASE', 'TOOK', 'CLOUDS', 'DEFINITIONS', 'REASON'];
const NONE = '–';
const LABEL = 12;
/** The part of an id by which a run is named. */
const SHORT_ID = 8;
const LONGEST_REASON = 80;

/** One row for each run; `wide`: whole ids, names and reasons. */
export function createHistoryTable({wide, paint}: {readonly wide: boolean; readonly paint: Paint}): HistoryTable {
  const rows: {readonly cells: readonly string[]; readonly state: State | 'elsewhere'}[] = [];
  return {
    add(row) {
      if (row.type === 'history-run') rows.push({cells: runCells(row, wide), state: row.state});
      else rows.push({cells: elsewhereCells(row, wide), state: 'elsewhere'});
    },
    text({more}) {
      if (rows.length === 0) return 'no runs\n';
      const [head = '', ...lines] = layOut(
        HEAD,
        rows.map(({cells}) => cells),
      );
      return [
        paint.bold(head),
        ...lines.map((line, index) => brushOf(rows[index]?.state, paint)(line)),
        ...(more ? [paint.dim(`older ones: --before ${rows.at(-1)?.cells[0] ?? ''}, or a larger --limit`)] : []),
        '',
      ].join('\n');
    },
  };
}

function runCells(run: RunRecord, wide: boolean): readonly string[] {
  const {id, startedAt, verb, state, phase, elapsedMs, clouds, definitions, reason} = run;
  return [
    fitted(wide ? id : id.slice(0, SHORT_ID), true),
    minute(startedAt),
    fitted(verb, wide),
    state,
    fitted(phase, wide),
    formatTime(elapsedMs),
    listed(clouds, 'cloud', wide),
    listed(definitions, 'definition', wide),
    fitted(reason ?? NONE, wide, LONGEST_REASON),
  ];
}

function elsewhereCells(run: RunElsewhere, wide: boolean): readonly string[] {
  const {id, cloud, firstAt, definitions} = run;
  return [
    fitted(wide ? id : id.slice(0, SHORT_ID), wide),
    minute(firstAt),
    ...[NONE, 'elsewhere', NONE, NONE],
    fitted(cloud, wide),
    listed(definitions, 'definition', wide),
    fitted(madeText(run), wide, LONGEST_REASON),
  ];
}

/** `2 images: 1 current, 1 quarantined (no-network)`. */
function madeText({images}: RunElsewhere): string {
  const states = Map.groupBy(images, ({state, verdict}) =>
    state === 'quarantined' && verdict ? `${state} (${verdict.cause})` : state,
  );
  const parts = [...states].map(([state, {length}]) => `${length} ${state}`);
  return `${formatCount(images.length, 'image')}: ${parts.join(', ')}`;
}

function listed(names: readonly string[], noun: string, wide: boolean): string {
  if (names.length === 0) return NONE;
  return wide || names.length <= 2 ? fitted(names.join(', '), wide) : formatCount(names.length, noun);
}

function minute(at: string): string {
  return at === '' ? NONE : clean(at.slice(0, 16).replace('T', ' '));
}

function brushOf(state: State | 'elsewhere' | undefined, paint: Paint): (text: string) => string {
  if (state === 'FAILED' || state === 'LOST') return paint.red;
  if (state === 'RUNNING' || state === 'PENDING' || state === 'CANCELLED') return paint.yellow;
  return state === 'elsewhere' ? paint.dim : (text) => text;
}

/** One run: what it is, then its builds, actions and verifications, and where its texts are. */
export function runText({of: run, actions, builds, verifications, logs}: ShownRun, paint: Paint): string {
  const {user, sudoUser, ci, job, jobUrl, requestedBy} = run.who;
  const by = [
    user,
    ...(sudoUser === null ? [] : [`for ${sudoUser}`]),
    ...(ci === null ? [] : [`in ${[ci, job ?? '', jobUrl ?? ''].filter((part) => part !== '').join(' ')}`]),
  ];
  if (requestedBy !== null) by.push(`for ${requestedBy} of the server`);
  const end = run.endedAt === null ? '' : `, ended ${run.endedAt}`;
  const exit = run.exitCode === null ? '' : `, exit code ${run.exitCode}`;
  return [
    paint.bold(clean(`run ${run.id}`)),
    brushOf(run.state, paint)(line('state', `${run.state} (${run.phase})${exit}`)),
    ...(run.reason === null ? [] : [line('reason', run.reason)]),
    line('command', ['imgmgr', ...run.commandLine].map(quoted).join(' ')),
    line('started', `${run.startedAt}${end}, ${formatTime(run.elapsedMs)}`),
    line('by', by.join(' ')),
    line('where', `${run.host}, process ${run.pid}, imgmgr ${run.version}`),
    ...(run.counts === null
      ? []
      : [
          line(
            'counts',
            countsText(
              run.counts,
              COUNT_FIELDS.filter((field) => (run.counts?.[field] ?? 0) > 0),
            ) || 'nothing done',
          ),
        ]),
    line('clouds', run.clouds.join(', ') || NONE),
    line('definitions', run.definitions.join(', ') || NONE),
    ...builds.flatMap((build) => partLines('build', buildTitle(build), build, paint)),
    ...actions.flatMap((action) => partLines(action.kind, actionTitle(action), action, paint)),
    ...verifications.flatMap((one) => partLines('boot', bootTitle(one), one, paint)),
    ...logs.map((log) => line(log.kind === 'build' ? 'log' : 'evidence', logText(log))),
    ...(run.lastSeq > 0
      ? [paint.dim(line('', `imgmgr history ${run.id.slice(0, SHORT_ID)} --log shows what it said`))]
      : []),
    '',
  ].join('\n');
}

function partLines(
  label: string,
  title: string,
  {
    state,
    phase,
    reason,
    message,
  }: Pick<ActionRecord, 'state' | 'phase' | 'reason'> & {readonly message?: string | null},
  paint: Paint,
): readonly string[] {
  // Of an action the reason is a name, and the text stands by itself; of a build or boot the reason is the text.
  const why = message === undefined ? '' : [phase, reason].filter((part) => part).join(', ');
  const said = message === undefined ? reason : message;
  const where = message === undefined && state !== 'SUCCESS' ? phase : why;
  return [
    brushOf(state, paint)(line(label, `${title}: ${state}${where === '' ? '' : ` (${where})`}`)),
    ...(said === null ? [] : [line('', `  ${said}`)]),
  ];
}

function actionTitle({cloud, definition, version, image, bytes, total, averageBps}: ActionRecord): string {
  const of = total === null ? '' : ` of ${formatBytes(total)}`;
  const speed = averageBps === null ? '' : ` at ${formatBytes(averageBps)}/s`;
  const amount = bytes === null ? '' : `, ${formatBytes(bytes)}${of}${speed}`;
  return `${named(definition, version)} on ${cloud}${image === null ? '' : ` [${image}]`}${amount}`;
}

function buildTitle({definition, version, gone}: BuildRecord): string {
  return `${named(definition, version)}${gone ? ', its files are gone' : ''}`;
}

function bootTitle({cloud, definition, version, image, cause, checks}: VerificationRecord): string {
  const failed = checks.filter(({outcome, severity}) => outcome === 'fail' && severity !== 'warn').map(({id}) => id);
  const more = [...(cause === null ? [] : [cause]), ...failed].join(', ');
  return `${named(definition, version)} on ${cloud} [${image}]${more === '' ? '' : `, ${more}`}`;
}

function named(definition: string, version: string | null): string {
  return version === null || version === '' ? definition : `${definition} (${version})`;
}

function logText({path, to, gone}: LogRecord): string {
  if (gone) return `${path} (gone)`;
  return to === null ? path : `${path} (${formatBytes(to)} so far)`;
}

/** A run of another host, with its images. */
export function elsewhereText(run: RunElsewhere, paint: Paint): string {
  return [
    paint.bold(clean(`run ${run.id} of another host, by the images on ${run.cloud}`)),
    line('images', `the first made ${run.firstAt}, the last changed ${run.lastAt}`),
    ...run.images.map(({image, name, definition, version, state, verdict}) =>
      line(
        '',
        `${image}  ${name ?? '(no name)'}: ${named(definition, version)}, ${state}${verdict ? `, ${verdict.kind} (${verdict.cause})` : ''}`,
      ),
    ),
    '',
  ].join('\n');
}

/** A word as a shell reads it. */
function quoted(word: string): string {
  return /^[\w./:=,@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

function line(label: string, text: string): string {
  return clean(`  ${label.padEnd(LABEL)}${text}`);
}
