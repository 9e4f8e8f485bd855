import type {Definition} from './definition/definition.ts';
import type {Image, NewImage} from './image/image.ts';
import {MANAGED_TAG, isSnapshot} from './image/stamp.ts';
import {formatPosition} from '../errors.ts';
import {momentText} from './time-text.ts';
import type {Warning} from './warnings.ts';

/** Until when nothing of a definition is published, retired, deactivated or deleted, and who says so. */
export interface Hold {
  /** Milliseconds since 1970; Infinity where the date on the cloud cannot be read, so that it holds until it is lifted. */
  readonly untilMs: number;
  /** `definition`: its file; `cloud`: a record on the cloud, for the one definition; `all`: one for all definitions there. */
  readonly by: 'definition' | 'cloud' | 'all';
  /** Where it stands in the file, or the run and the host that set it. */
  readonly origin: string;
  /** Absent: none is known here. */
  readonly reason?: string;
}

/** A hold as it is kept on a cloud: a queued record without data, private and hidden; every host finds it in the listings. */
export interface HoldRecord {
  readonly image: Image;
  /** Absent: it holds every definition. */
  readonly definition?: string;
  readonly hold: Hold;
}

/** The answer of `hold` and `unhold`, for one cloud. */
export interface HoldAnswer {
  readonly type: 'hold';
  readonly cloud: string;
  /** Null: every definition. */
  readonly definition: string | null;
  /** `none`: there was none to lift. */
  readonly change: 'set' | 'changed' | 'unchanged' | 'lifted' | 'none';
  /** Its end, ISO 8601; null: it is lifted. */
  readonly until: string | null;
  /** As it was given; on the cloud only with `--public-reason`. */
  readonly reason?: string;
  /** Glance id of the record. */
  readonly image?: string;
}

/** A hold as `status` and `show` say it. */
export interface ShownHold {
  /** ISO 8601; null: it cannot be read, and the hold lasts until it is lifted. */
  readonly until: string | null;
  /** False: it is over. */
  readonly lasts: boolean;
  readonly by: Hold['by'];
  readonly origin: string;
  /** Null: none is known here. */
  readonly reason: string | null;
}

/** The hold as it is shown; null where there is none. */
export function shownHold(hold: Hold | undefined, now: Date): ShownHold | null {
  if (!hold) return null;
  const {untilMs, by, origin, reason = null} = hold;
  const until = Number.isFinite(untilMs) ? new Date(untilMs).toISOString() : null;
  return {until, lasts: inForce(hold, now) !== undefined, by, origin, reason};
}

/** The longest text that a reason on the cloud may have. */
export const LONGEST_REASON = 255;
const LONGEST_NAME = 255;
const STATE = 'hold';

/** What a hold says; everything else about its record follows from that. */
export interface HoldChoice {
  readonly untilMs: number;
  /** Only where everybody who can read images of the project may read it. */
  readonly publicReason?: string;
}

/**
 * The record to create. It has no `imgmgr_definition` and no `imgmgr_version`, so that versions before it take it for no image, no
 * lease and nothing that a dead run left.
 */
export function newHold(
  choice: HoldChoice,
  by: {readonly id: string; readonly definition: string | undefined; readonly run: string; readonly host: string},
): NewImage & {readonly id: string} {
  const {id, definition} = by;
  return {
    id,
    name: `imgmgr hold ${definition ?? 'of every definition'}`.slice(0, LONGEST_NAME),
    osHidden: true,
    tags: [MANAGED_TAG],
    properties: {
      imgmgr_state: STATE,
      imgmgr_hold: definition === undefined ? 'all' : 'definition',
      ...(definition !== undefined && {imgmgr_hold_definition: definition}),
      ...holdProperties(choice, by).set,
    },
  };
}

/** The part of a record that a later `hold` changes; `remove`: what is in it no more. */
export function holdProperties(
  {untilMs, publicReason}: HoldChoice,
  {run, host}: {readonly run: string; readonly host: string},
): {readonly set: Readonly<Record<string, string>>; readonly remove: readonly string[]} {
  return {
    set: {
      imgmgr_hold_until: new Date(untilMs).toISOString(),
      ...(publicReason !== undefined && {imgmgr_hold_reason: publicReason}),
      imgmgr_run: run,
      imgmgr_host: host,
    },
    remove: publicReason === undefined ? ['imgmgr_hold_reason'] : [],
  };
}

/** True for the record of a hold, of whatever project. */
export function isHoldRecord({properties}: Pick<Image, 'properties'>): boolean {
  return properties['imgmgr_state'] === STATE;
}

/** All holds among the images of a project; one that says neither which definition nor that it means all of them holds all. */
export function readHolds(images: readonly Image[], projectId: string): readonly HoldRecord[] {
  return images.flatMap((image) => {
    const {properties, owner} = image;
    if (owner !== projectId || !isHoldRecord(image) || isSnapshot(image)) return [];
    const named = properties['imgmgr_hold'] === 'definition' ? properties['imgmgr_hold_definition'] : undefined;
    const until = Date.parse(properties['imgmgr_hold_until'] ?? '');
    const reason = properties['imgmgr_hold_reason'];
    const hold: Hold = {
      untilMs: Number.isNaN(until) ? Infinity : until,
      by: named === undefined ? 'all' : 'cloud',
      origin: `run ${properties['imgmgr_run'] ?? '(none)'} on ${properties['imgmgr_host'] ?? '(no host)'}`,
      ...(reason !== undefined && {reason}),
    };
    return [{image, hold, ...(named !== undefined && {definition: named})}];
  });
}

/** The hold of a definition that lasts longest, of its file and of the cloud, over or not; undefined where there is none. */
export function latestHold(
  {name, hold}: Pick<Definition, 'name' | 'hold'>,
  records: readonly HoldRecord[],
): Hold | undefined {
  const own: readonly Hold[] = hold
    ? [{untilMs: hold.untilMs, by: 'definition', origin: formatPosition(hold.place), reason: hold.reason}]
    : [];
  const onCloud = records.filter(({definition}) => definition === undefined || definition === name);
  return longest([...own, ...onCloud.map((record) => record.hold)]);
}

/** The hold of all definitions of a cloud that lasts longest, over or not. */
export function holdOfAll(records: readonly HoldRecord[]): Hold | undefined {
  return longest(records.flatMap(({definition, hold}) => (definition === undefined ? [hold] : [])));
}

/** The hold where it still lasts; undefined where it is over. */
export function inForce(hold: Hold | undefined, now: Date): Hold | undefined {
  return hold !== undefined && hold.untilMs > now.getTime() ? hold : undefined;
}

function longest(holds: readonly Hold[]): Hold | undefined {
  return holds.reduce<Hold | undefined>(
    (found, hold) => (found === undefined || hold.untilMs > found.untilMs ? hold : found),
    undefined,
  );
}

/** `until 2026-12-25 00:00 UTC`, or that nobody can say until when. */
function untilText({untilMs}: Pick<Hold, 'untilMs'>): string {
  return Number.isFinite(untilMs) ? `until ${momentText(untilMs)}` : 'until it is lifted (its date cannot be read)';
}

/** That something is held, by whom and why, and what waits for the end; of a definition, or of all on a cloud. */
export function heldWarning(hold: Hold, definition: string | undefined, waiting: readonly string[] = []): Warning {
  const by = hold.by === 'definition' ? `its definition, ${hold.origin}` : hold.origin;
  const why = hold.reason === undefined ? '' : `: ${hold.reason}`;
  const what =
    waiting.length === 0
      ? 'nothing of it is published, retired, deactivated or deleted before'
      : `${waiting.join(', ')} ${waiting.length === 1 ? 'waits' : 'wait'} for that`;
  return {
    code: 'held',
    message: `${definition ?? 'every definition'} is held ${untilText(hold)} (${by}${why}); ${what}`,
    hint: liftHint(hold, definition),
  };
}

function liftHint({by}: Hold, definition: string | undefined): string {
  if (by === 'definition') return 'to lift it, take hold out of the definition';
  return by === 'all' ? 'imgmgr unhold --all lifts it' : `imgmgr unhold "${definition ?? ''}" lifts it`;
}
