import type {Hold, HoldRecord} from '../hold.ts';
import {holdOfAll, latestHold} from '../hold.ts';
import {publishedAt} from '../image/publication.ts';
import type {ImageState} from '../image/stamp.ts';
import {LOST_KEY} from '../phase/of-image.ts';
import type {OwnImage} from '../release/release.ts';
import type {Definition} from '../definition/definition.ts';
import {countsAs} from '../rules/finding.ts';
import type {Profile} from '../rules/profile.ts';
import type {By, Severity} from '../rules/rule-text.ts';
import {SEVERITIES} from '../rules/rule-text.ts';
import {readDate} from '../rules/scs-0102/dates.ts';
import type {StatusRow} from '../status/row.ts';
import {readVerdict} from '../verdict/record.ts';

/** What one look at a cloud showed, as far as metrics tell it. Times: milliseconds since 1970. */
export interface Observation {
  /** By the clock of this host. */
  readonly atMs: number;
  readonly current: readonly CurrentImage[];
  /** How many images of ours are in each state. */
  readonly states: Readonly<Record<CountedState, number>>;
  /** How many of them are known to have lost their bytes. */
  readonly lost: number;
  /** Holds of the definitions that have one, over or not; without a definition: of every one. */
  readonly holds: readonly HeldUntil[];
  /** How many versions each enabled definition wants and has not as current images. */
  readonly missing: ReadonlyMap<string, number>;
  /** Absent: nothing was judged. */
  readonly judged?: Judgement;
  /** When the credential ends; null: never. Absent: not known. */
  readonly credentialExpiresMs?: number | null;
}

/** An image that bears the name of its definition. */
export interface CurrentImage {
  readonly definition: string;
  readonly version: string;
  /** Glance id. */
  readonly id: string;
  readonly builtMs?: number;
  readonly publishedMs?: number;
  /** When it passed. */
  readonly verifiedMs?: number;
}

/** The end of a hold; Infinity: until it is lifted. */
export interface HeldUntil {
  readonly definition?: string;
  readonly untilMs: number;
}

/** What the rules of the audit say of the images of a cloud. */
export interface Judgement {
  /** The built-in profile that decides. */
  readonly profile: string;
  readonly red: readonly {readonly id: string; readonly atMs: number; readonly by: By}[];
  readonly findings: Readonly<Record<Severity, number>>;
}

const COUNTED_STATES = ['importing', 'pending', 'ready', 'current', 'retired', 'quarantined'] as const;
/** States of an image, the locks of runs left out. */
export type CountedState = Exclude<ImageState, 'lease'>;

/** What an observation is made from. */
export interface ObservationInput {
  readonly atMs: number;
  /** Images of ours. */
  readonly own: readonly OwnImage[];
  /** All definitions that were read. */
  readonly definitions: readonly Definition[];
  readonly holds: readonly HoldRecord[];
  /** The rows of `status` of the whole cloud. */
  readonly rows: readonly StatusRow[];
  /** By which they were judged; absent: by none. */
  readonly profile?: Pick<Profile, 'deciding'>;
  readonly credentialExpiresMs?: number | null;
}

/** What metrics tell of a cloud that was looked at. */
export function observationOf(input: ObservationInput): Observation {
  const {atMs, own, rows, profile, credentialExpiresMs} = input;
  const states = Map.groupBy(own, ({stamp}) => stamp.state);
  return {
    atMs,
    current: (states.get('current') ?? []).map(currentImage),
    lost: own.filter(({image}) => image.properties[LOST_KEY] !== undefined).length,
    states: Object.fromEntries(
      COUNTED_STATES.map((state) => [state, states.get(state)?.length ?? 0]),
    ) as Observation['states'],
    holds: holdsOf(input),
    missing: missingOf(input),
    ...(profile && {judged: judgementOf(rows, profile)}),
    ...(credentialExpiresMs !== undefined && {credentialExpiresMs}),
  };
}

function currentImage({image, stamp}: OwnImage): CurrentImage {
  const built = readDate(image.properties['image_build_date'] ?? '')?.ms;
  const published = publishedAt(image);
  const verdict = readVerdict(image);
  const verified = verdict?.kind === 'pass' ? Date.parse(verdict.at) : Number.NaN;
  return {
    definition: stamp.definition,
    version: stamp.version,
    id: image.id,
    ...(built !== undefined && {builtMs: built}),
    ...(published !== undefined && {publishedMs: published}),
    ...(!Number.isNaN(verified) && {verifiedMs: verified}),
  };
}

function holdsOf({definitions, holds}: ObservationInput): readonly HeldUntil[] {
  const single = holds.filter(({definition}) => definition !== undefined);
  const names = new Set([...definitions.map(({name}) => name), ...single.flatMap(({definition}) => definition ?? [])]);
  const byName = new Map(definitions.map((definition) => [definition.name, definition]));
  const until = (hold: Hold | undefined, definition?: string): readonly HeldUntil[] =>
    hold ? [{untilMs: hold.untilMs, ...(definition !== undefined && {definition})}] : [];
  return [
    ...until(holdOfAll(holds)),
    ...[...names].flatMap((name) => until(latestHold(byName.get(name) ?? {name}, single), name)),
  ];
}

function missingOf({definitions, rows}: ObservationInput): ReadonlyMap<string, number> {
  const missing = new Map<string, number>(
    definitions.flatMap(({name, enabled}) => (enabled ? [[name, 0] as const] : [])),
  );
  for (const {definition, state, newer} of rows) {
    const count = missing.get(definition ?? '');
    if (count !== undefined && (state === 'missing' || newer !== null)) missing.set(definition ?? '', count + 1);
  }
  return missing;
}

function judgementOf(rows: readonly StatusRow[], {deciding}: Pick<Profile, 'deciding'>): Judgement {
  const findings = rows.flatMap((row) => row.findings);
  const count = (severity: Severity): number =>
    findings.filter((finding) => finding.severity === severity && countsAs(finding, severity)).length;
  return {
    profile: deciding.at(-1) ?? '',
    red: rows.flatMap(({image, redOn}) =>
      image === null || redOn === null ? [] : [{id: image, atMs: Date.parse(redOn.at), by: redOn.by}],
    ),
    findings: Object.fromEntries(SEVERITIES.map((severity) => [severity, count(severity)])) as Judgement['findings'],
  };
}
