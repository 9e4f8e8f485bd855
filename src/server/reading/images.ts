import {byWorst, numbersOf} from '../../core/status/order.ts';
import type {Ranked} from '../../core/status/order.ts';
import type {StatusRow} from '../../core/status/row.ts';
import {unreachableRow} from '../../core/status/rows.ts';
import {seesCloud} from '../access/identity.ts';
import type {Identity} from '../access/identity.ts';
import type {ImagesAnswer} from '../contract/images.ts';
import {CallError, notFound} from '../errors.ts';
import {commandText, readLine} from '../verbs/command-line.ts';
import type {ServerFlags} from '../verbs/command-line.ts';
import type {KnownCloud} from './clouds.ts';
import {cloudReading} from './clouds.ts';

/** What is asked of the list of images. */
export interface ImagesQuery {
  readonly cloud: readonly string[];
  readonly definition: readonly string[];
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/** The clouds that a call is about: those that are named, or all that this user sees. NOT_FOUND for one that there is not, or that is not seen. */
export function cloudsOf(asked: readonly string[], all: readonly string[], identity: Identity): readonly string[] {
  const seen = all.filter((cloud) => seesCloud(identity, cloud));
  const unknown = asked.find((cloud) => !seen.includes(cloud));
  if (unknown !== undefined) throw notFound(`cloud "${unknown}"`, `clouds: ${seen.slice(0, 10).join(', ') || 'none'}`);
  return asked.length === 0 ? seen : seen.filter((cloud) => asked.includes(cloud));
}

/** The table of `status` over these clouds, the worst first, one page of it. */
export function imagesAnswer(
  known: readonly KnownCloud[],
  query: ImagesQuery,
  about: {readonly now: Date; readonly profile: string; readonly flags: ServerFlags},
): Omit<ImagesAnswer, 'offers'> {
  const {definition: names, limit, cursor} = query;
  const rows = known.flatMap(rowsOf).filter((row) => names.length === 0 || names.includes(row.definition ?? ''));
  const ranked = rows.map(rankedRow).sort(byWorst);
  const from = cursor === undefined ? 0 : startOf(cursor);
  return {
    asOf: about.now.toISOString(),
    profile: about.profile,
    clouds: known.map((one) => cloudReading(one.cloud, one)),
    summary: summaryOf(known, rows),
    rows: ranked.slice(from, from + limit).map(({row}) => row),
    next: from + limit < ranked.length ? `r${from + limit}` : null,
    command: commandText(readLine('status', about.flags, {clouds: known.map(({cloud}) => cloud), names})),
  };
}

function rankedRow(row: StatusRow): Ranked & {readonly row: StatusRow} {
  const {cloud, definition, name, state, redOn, offending} = row;
  return {row, cloud, definition, name, state, redOn, offending, ...numbersOf(row)};
}

/** Rows that were read before stay, with the age that is said, where the cloud does not answer now. */
function rowsOf({cloud, value = [], error}: KnownCloud): readonly StatusRow[] {
  return error ? [unreachableRow(cloud, error.message), ...value] : value;
}

function summaryOf(known: readonly KnownCloud[], rows: readonly StatusRow[]): ImagesAnswer['summary'] {
  const count = (is: (row: StatusRow) => boolean): number => rows.filter(is).length;
  return {
    clouds: known.length,
    unreachable: known.filter(({error}) => error !== undefined).length,
    rows: rows.length,
    offending: count(({offending}) => offending),
    red: count(({redOn}) => redOn?.now === true),
    due: count(({redOn}) => redOn?.now === false),
    quarantined: count(({state}) => state === 'quarantined'),
  };
}

/** A page begins at a number of rows; what changes in between moves rows from one page to another. */
function startOf(cursor: string): number {
  const [, digits] = /^r(\d{1,9})$/.exec(cursor) ?? [];
  if (digits === undefined)
    throw new CallError(400, {code: 'USAGE', message: 'cursor is not one that an answer gave as "next"'});
  return Number(digits);
}
