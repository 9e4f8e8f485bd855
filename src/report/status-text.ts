import {byWorst, numbersOf} from '../core/status/order.ts';
import type {Ranked} from '../core/status/order.ts';
import type {StatusRow, StatusSummary} from '../core/status/row.ts';
import {formatCount} from './amounts.ts';
import {holdStanding} from './answer.ts';
import {clean} from './clean.ts';
import type {Paint} from './paint.ts';
import type {Verbosity} from './sentences.ts';
import {fitted, layOut} from './table.ts';

/** How the table is shown. */
export interface StatusStyle {
  readonly verbosity: Verbosity;
  /** With ids, and all findings below their rows. */
  readonly wide: boolean;
  readonly paint: Paint;
}

/** The answer of `status` for people: of each row only its cells are kept. */
export interface StatusTable {
  add(row: StatusRow): void;
  text(summary: StatusSummary): string;
}

/** Above so many clouds each definition has one row. */
const MOST_CLOUDS = 3;
const DAY_MS = 86_400_000;
const NONE = '–';

const COLUMNS = ['CLOUD', 'DEFINITION', 'VERSION', 'BUILT', 'NEWER', 'VERIFIED', 'RED ON', 'BY', 'STATE', 'FINDINGS'];
const WIDE_COLUMNS = ['IMAGE', 'NAME'];

/** Quiet shows only rows about which something has to be done. */
export function createStatusTable(style: StatusStyle): StatusTable {
  const lines: Line[] = [];
  return {
    add(row) {
      if (style.verbosity !== 'quiet' || row.offending) lines.push(lineOf(row, style));
    },
    text: (summary) => tableText(lines, summary, style),
  };
}

/** How a row is called where nothing else stands beside it. */
export function rowTitle({state, definition, name, image, version, cloud}: StatusRow): string {
  const what = definition ?? name ?? image ?? (state === 'cloud' ? 'all images' : cloud);
  return version === null ? what : `${what} (${version})`;
}

interface Line extends Ranked {
  /** Without the first, the cloud. */
  readonly times: Pick<StatusRow, 'built' | 'verified'>;
  readonly cells: readonly string[];
  readonly details: readonly string[];
}

function lineOf(row: StatusRow, {wide, paint}: StatusStyle): Line {
  const {cloud, definition, name, state, redOn, offending, built, verified} = row;
  const numbers = numbersOf(row);
  return {
    ...{cloud, definition, name, state, redOn, offending, ...numbers},
    times: {built, verified},
    cells: [
      definition ?? (state === 'cloud' ? 'all images' : (name ?? row.image)) ?? NONE,
      row.version ?? NONE,
      NONE,
      row.newer ?? NONE,
      NONE,
      NONE,
      redOn?.by ?? NONE,
      row.hold === null ? state : `${state}, ${row.hold.lasts ? 'held' : 'hold over'}`,
      findingsText(numbers),
      ...(wide ? [row.image ?? NONE, name ?? NONE] : []),
    ],
    details: detailsOf(row, wide, paint),
  };
}

function findingsText({errors, warnings}: ReturnType<typeof numbersOf>): string {
  const parts = [...(errors > 0 ? [`${errors}e`] : []), ...(warnings > 0 ? [`${warnings}w`] : [])];
  return parts.join(' ') || NONE;
}

function detailsOf(
  {state, detail, hold, owner, findings, ahead, superseded}: StatusRow,
  wide: boolean,
  paint: Paint,
): string[] {
  if (!wide) return detail === null || state !== 'unreachable' ? [] : [`    ${clean(detail)}`];
  return [
    ...(detail === null ? [] : [`    ${clean(`${state}: ${detail}`)}`]),
    ...(hold === null ? [] : [`    ${clean(holdStanding(hold))}`]),
    ...(owner === null ? [] : [`    ${clean(`project ${owner}`)}`]),
    ...superseded.map(({image, name, version, revoked}) =>
      paint.dim(`    ${clean(`superseded: ${version}${revoked ? ' (revoked)' : ''}, ${image}, ${name ?? ''}`)}`),
    ),
    ...findings.flatMap(({severity, rule, message, remedy, by, ignored}) => [
      `    ${clean(`${ignored ? `ignored until ${ignored.until}` : severity} ${rule}: ${message}`)}`,
      paint.dim(`      ${clean(`hint (${by}): ${remedy}`)}`),
    ]),
    ...ahead.map(({from, severity, rule, message, by}) =>
      paint.dim(`    ${clean(`from ${from.slice(0, 10)} on (${by}): ${severity} ${rule}: ${message}`)}`),
    ),
  ];
}

function tableText(lines: readonly Line[], summary: StatusSummary, style: StatusStyle): string {
  const {wide, paint} = style;
  const clouds = new Set(lines.map(({cloud}) => cloud));
  const sorted = lines.toSorted(byWorst).map((line) => withTimes(line, summary.asOf));
  const shown =
    clouds.size > MOST_CLOUDS ? byDefinition(sorted) : sorted.map((line) => ({line, cloud: line.cloud, outliers: []}));
  const head = [...COLUMNS, ...(wide ? WIDE_COLUMNS : [])];
  const cells = shown.map(({line, cloud}) => [cloud, ...line.cells].map((cell) => fitted(cell, wide)));
  const [titles = '', ...laidOut] = layOut(head, cells);
  return [
    ...(shown.length === 0 ? [] : [paint.bold(titles)]),
    ...shown.flatMap(({line, outliers}, index) => [
      brushOf(line, paint)(laidOut[index] ?? ''),
      ...outliers.map((text) => `    ${clean(text)}`),
      ...line.details,
    ]),
    paint.bold(summaryText(summary)),
    '',
  ].join('\n');
}

function brushOf({state, redOn, offending}: Line, paint: Paint): (text: string) => string {
  if (state === 'unreachable' || redOn?.now === true) return paint.red;
  return offending || redOn ? paint.yellow : (text) => text;
}

/** Ages count from the time by which rules judged, which only the summary says. */
function withTimes(line: Line, asOf: string): Line {
  const now = Date.parse(asOf);
  const {built, verified} = line.times;
  const cells = line.cells.with(2, built === null ? NONE : age(built, now, ' d'));
  const seen = verified === null ? 'never' : `${verified.kind} ${age(verified.at, now, 'd')}`.trim();
  const hasImage = line.cells[1] !== NONE;
  return {
    ...line,
    cells: cells.with(4, hasImage ? seen : NONE).with(5, redText(line.redOn, asOf)),
  };
}

function age(time: string, now: number, unit: string): string {
  const days = Math.floor((now - Date.parse(time)) / DAY_MS);
  return Number.isNaN(days) ? '' : `${days}${unit}`;
}

/** `NOW`, `12-05`, in another year `2027-01-05`. */
function redText(redOn: StatusRow['redOn'], asOf: string): string {
  if (redOn === null) return NONE;
  if (redOn.now) return 'NOW';
  const day = redOn.at.slice(0, 10);
  return day.startsWith(asOf.slice(0, 4)) ? day.slice(5) : day;
}

interface Shown {
  readonly line: Line;
  readonly cloud: string;
  readonly outliers: readonly string[];
}

/** Where a definition stands on several clouds: what most of them have, and below it each that has something else. */
function byDefinition(sorted: readonly Line[]): readonly Shown[] {
  const groups = Map.groupBy(sorted, (line) => line.definition ?? line);
  return [...groups.values()].flatMap((group) => onePerCloud(group).flatMap(ofMost));
}

/** A definition whose versions are images side by side, or one with a candidate, has several rows on a cloud: those of each version. */
function onePerCloud(group: readonly Line[]): readonly (readonly Line[])[] {
  if (new Set(group.map(({cloud}) => cloud)).size === group.length) return [group];
  return [...Map.groupBy(group, ({cells: [, version]}) => version).values()];
}

function ofMost(group: readonly Line[]): readonly Shown[] {
  const alike = [...Map.groupBy(group, signature).values()].toSorted((a, b) => cloudsOf(b).size - cloudsOf(a).size);
  const [most = []] = alike;
  const [line] = most;
  if (!line) return [];
  const others = alike.slice(1).flat();
  const {size} = cloudsOf(most);
  const cloud = size === 1 ? line.cloud : formatCount(size, 'cloud');
  return [{line, cloud, outliers: others.map((other) => `${other.cloud}: ${signature(other)}`)}];
}

function cloudsOf(lines: readonly Line[]): ReadonlySet<string> {
  return new Set(lines.map(({cloud}) => cloud));
}

/** What two clouds can differ in, in words. */
function signature({cells}: Line): string {
  const [, version = NONE, , newer = NONE, , red = NONE, by = NONE, state = NONE, numbers = NONE] = cells;
  return [
    ...(version === NONE ? [] : [version]),
    state,
    ...(newer === NONE ? [] : [`newer ${newer}`]),
    ...(red === NONE ? [] : [`red on ${red} (${by})`]),
    ...(numbers === NONE ? [] : [numbers]),
  ].join(', ');
}

function summaryText({rows, offending, unreachable, due}: StatusSummary): string {
  return [
    formatCount(rows, 'row'),
    `${offending} to look at`,
    ...(unreachable > 0 ? [`${formatCount(unreachable, 'cloud')} not reached`] : []),
    ...(due === undefined ? [] : [`${due} due`]),
  ].join(', ');
}
