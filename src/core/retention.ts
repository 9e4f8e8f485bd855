import {byCharacters} from './order.ts';
import type {Image} from './image/image.ts';
import type {OwnImage} from './release/release.ts';
import {isCalendarDate} from './time-text.ts';
import {compareVersions} from './release/version.ts';

/** What `uuid_validity` promises (SCS-0102: how long an image stays usable under its id). */
export type Validity =
  | {readonly kind: 'none'}
  | {readonly kind: 'forever'}
  | {readonly kind: 'notice'}
  | {readonly kind: 'last'; readonly count: number}
  | {readonly kind: 'date'; readonly day: string};

/** Reads `uuid_validity`; absent promises nothing, unreadable is kept until somebody looks (as `notice`). */
export function parseValidity(text: string | undefined): Validity {
  if (text === undefined || text === '' || text === 'none') return {kind: 'none'};
  if (text === 'forever') return {kind: 'forever'};
  const last = /^last-([0-9]+)$/.exec(text);
  if (last) return {kind: 'last', count: Number(last[1])};
  if (isCalendarDate(text)) return {kind: 'date', day: text};
  return {kind: 'notice'};
}

/** Why an image stays, or that nothing protects it. */
export type Retention =
  {readonly stays: true; readonly reason: string} | {readonly stays: false; readonly reason: string};

/** What decides about one superseded image. */
export interface RetentionFacts {
  readonly image: Image;
  /** The definition's `uuid_validity`. */
  readonly wanted: string | undefined;
  /** 1 for the newest superseded image; the current one is 0. */
  readonly rank: number;
  readonly now: Date;
  /** `--include-none`. */
  readonly includeNone: boolean;
  /** The definition's `keep`. */
  readonly keep: boolean;
}

/** An image stays when its own stored promise or the definition's protects it. `provided_until` never shortens. */
export function judgeRetention(facts: RetentionFacts): Retention {
  const {image, wanted, rank, now, includeNone, keep} = facts;
  if (keep) return {stays: true, reason: 'the definition says keep: true'};
  const own = parseValidity(image.properties['uuid_validity']);
  const definition = parseValidity(wanted);
  for (const [promise, whose] of [
    [own, 'its own'],
    [definition, "the definition's"],
  ] as const) {
    const reason = protects(promise, rank, now);
    if (reason !== undefined) return {stays: true, reason: `${whose} uuid_validity ${reason}`};
  }
  if (own.kind === 'none' && definition.kind === 'none' && !includeNone)
    return {
      stays: true,
      reason: 'uuid_validity none on both sides promises nothing and asks for nothing (--include-none)',
    };
  return {
    stays: false,
    reason: `retention over: ${keptBy(formatValidity(own), formatValidity(definition))}`,
  };
}

function keptBy(own: string, definition: string): string {
  return own === definition ? `keeps ${own}` : `the image keeps ${own}, its definition ${definition}`;
}

/** Superseded images, the newest version first; of one version the newest record first. */
export function rankSuperseded(images: readonly OwnImage[]): OwnImage[] {
  return [...images].sort(
    (a, b) =>
      compareVersions(b.stamp.version, a.stamp.version) ||
      byCharacters(b.image.createdAt, a.image.createdAt) ||
      byCharacters(a.image.id, b.image.id),
  );
}

/** True when the second promise clearly lasts longer; promises of different kinds are compared only where that is certain. */
export function isLonger(than: string | undefined, candidate: string | undefined): boolean {
  const old = parseValidity(than);
  const next = parseValidity(candidate);
  if (old.kind === 'last' && next.kind === 'last') return next.count > old.count;
  if (old.kind === 'date' && next.kind === 'date') return next.day > old.day;
  return STRENGTH[next.kind] > STRENGTH[old.kind] && !(old.kind === 'last' && next.kind === 'date');
}

const STRENGTH: Readonly<Record<Validity['kind'], number>> = {none: 0, last: 1, date: 2, notice: 3, forever: 4};

function protects(promise: Validity, rank: number, now: Date): string | undefined {
  switch (promise.kind) {
    case 'none':
      return undefined;
    case 'forever':
    case 'notice':
      return promise.kind;
    case 'last':
      return rank < promise.count ? `last-${promise.count} (it is number ${rank + 1})` : undefined;
    case 'date':
      return now.toISOString().slice(0, 10) <= promise.day ? promise.day : undefined;
  }
}

function formatValidity(promise: Validity): string {
  if (promise.kind === 'last') return `last-${promise.count}`;
  return promise.kind === 'date' ? promise.day : promise.kind;
}
