import {applyPatch} from '../image/patch.ts';
import type {Definition} from '../definition/definition.ts';
import {findDrift} from '../image/drift.ts';
import {currentForm, formContext} from '../image/form.ts';
import {isNewerSchema} from '../image/record.ts';
import {mayReturn} from '../plan/choose-current.ts';
import {DEFAULT_POLICY} from '../policy.ts';
import type {OwnImage, Release} from '../release/release.ts';
import {latestRelease, releaseOf, sortReleases} from '../release/release.ts';
import type {Revoked} from '../release/revoked.ts';
import {revokedOf} from '../release/revoked.ts';
import {compareVersions, LATEST} from '../release/version.ts';
import type {Origin} from './live-subject.ts';
import {liveSubject} from './live-subject.ts';
import type {By} from './rule-text.ts';
import type {Subject} from './subject.ts';

/** What is known around an image of ours, the same for all images of its definition on a cloud. */
export interface OwnContext {
  /** Its definition, disabled or not; undefined: in no file that was read. */
  readonly definition: Definition | undefined;
  /** All images of that definition on the same cloud. */
  readonly siblings: readonly OwnImage[];
  readonly revoked: Revoked;
  /** Who can bring a newer build. */
  readonly refreshes: By;
}

/** The context of the images of one definition, which may be in no file. */
export function ownContext(definition: Definition | undefined, siblings: readonly OwnImage[]): OwnContext {
  const revoked = revokedOf(definition ?? {versions: []}, siblings);
  return {definition, siblings, revoked, refreshes: refresherOf(definition, siblings, revoked)};
}

/** A live image of ours as a subject: with the exceptions of its definition, and with who can bring a newer build. */
export function ownSubject(own: OwnImage, context: OwnContext): Subject {
  const subject = liveSubject(own.image, originOf(own, context));
  return isRevokedCurrent(own, context) ? {...subject, revoked: true} : subject;
}

function isRevokedCurrent(own: OwnImage, {revoked}: OwnContext): boolean {
  return own.stamp.state === 'current' && revoked.image(own);
}

/** No other version can take the place of this one, which is revoked. */
function keepsItsPlace(own: OwnImage, {definition, siblings, revoked}: OwnContext): boolean {
  return (
    definition?.multi === true &&
    !siblings.some((other) => other.stamp.state === 'retired' && !revoked.image(other) && mayReturn(other, RETURN))
  );
}

const RETURN = {policy: DEFAULT_POLICY};

/**
 * The same image as the next `manage` leaves it, or the one that takes its place; undefined where `manage` leaves it as it is (superseded,
 * not published, its definition disabled or gone).
 */
export function mendedSubject(own: OwnImage, context: OwnContext): Subject | undefined {
  const {definition} = context;
  const release = releaseAhead(own, context);
  if (!definition || !release) return undefined;
  const form = currentForm(formContext({definition, release, policy: DEFAULT_POLICY, adHoc: false}));
  const image = applyPatch(own.image, findDrift(own, form, false).patch);
  // A newer version is an image that is made later.
  const stays = release.version === own.stamp.version;
  const createdAt = stays ? image.createdAt : '';
  const revoked = stays && isRevokedCurrent(own, context) && keepsItsPlace(own, context);
  return {
    ...liveSubject({...image, createdAt}, originOf(own, context)),
    kind: 'planned',
    ...(revoked && {revoked}),
  };
}

/** The newest version that the definition lists and does not revoke; undefined where it lists none, or where only a run knows it (`latest`, builds). */
export function newestListed({versions, build}: Definition): string | undefined {
  if (build !== undefined) return undefined;
  const wanted = versions.filter(({revoked}) => revoked === undefined);
  const newest = sortReleases(wanted.map((each) => releaseOf(each))).at(-1)?.version;
  return newest === LATEST ? undefined : newest;
}

function originOf({stamp}: OwnImage, context: OwnContext): Origin {
  const {definition, version} = stamp;
  const exceptions = context.definition?.exceptions ?? [];
  return {definition: {name: definition, version, exceptions}, mends: 'you', refreshes: context.refreshes};
}

/** Who can bring a newer build: a run, where a newer version is listed or only a run finds it; else a search upstream. */
function refresherOf(definition: Definition | undefined, siblings: readonly OwnImage[], revoked: Revoked): By {
  if (!definition?.enabled) return 'you';
  if (definition.build !== undefined || definition.versions.some(({version}) => version === LATEST)) return 'manage';
  const newest = newestListed(definition);
  // Who revoked the newest version decided that an older one stays.
  if (hasRevoked(definition, siblings, revoked)) return 'you';
  const published = siblings.filter(({stamp}) => stamp.state === 'current' || stamp.state === 'retired');
  if (newest === undefined || published.some(({stamp}) => compareVersions(stamp.version, newest) >= 0)) return 'update';
  return isQuarantined(newest, siblings) ? 'you' : 'manage';
}

/** Of all versions that are listed or were published, the newest is revoked. */
function hasRevoked(definition: Definition, siblings: readonly OwnImage[], revoked: Revoked): boolean {
  const versions = [
    ...definition.versions.map(({version, revoked: reason}) => ({version, isRevoked: reason !== undefined})),
    ...siblings.map((own) => ({version: own.stamp.version, isRevoked: revoked.image(own)})),
  ];
  const newest = versions.reduce<string | undefined>(
    (most, {version}) => (most === undefined || compareVersions(version, most) > 0 ? version : most),
    undefined,
  );
  return versions.some(({version, isRevoked}) => isRevoked && version === newest);
}

function isQuarantined(version: string, siblings: readonly OwnImage[]): boolean {
  return siblings.some(({stamp}) => stamp.state === 'quarantined' && stamp.version === version);
}

/** The release whose image has this one's place after the next run. */
function releaseAhead(own: OwnImage, {definition, siblings, revoked}: OwnContext): Release | undefined {
  if (!definition?.enabled || own.stamp.state !== 'current' || isNewerSchema(own.image)) return undefined;
  const same = releaseOfImage(own, definition);
  const newest = definition.multi ? newestListed(definition) : undefined;
  const listed = definition.versions.find(({version}) => version === newest);
  if (!listed || isQuarantined(listed.version, siblings)) return same;
  const release = releaseOf(listed);
  return revoked.release(release) ? same : release;
}

/** What the definition says of the version that the image has; undefined where it does not list it. */
export function releaseOfImage({image, stamp}: OwnImage, {build, versions, place}: Definition): Release | undefined {
  const {version} = stamp;
  if (build !== undefined) {
    const date = image.properties['image_build_date'];
    const made = {inputs: '', why: '', source: build.source ?? 'private', ...(date !== undefined && {date})};
    return {kind: 'build', version, place, build: made};
  }
  const listed = versions.find((each) => each.version === version);
  if (listed) return releaseOf(listed);
  const latest = versions.find((each) => each.version === LATEST);
  return latest && latestRelease(latest, version);
}
