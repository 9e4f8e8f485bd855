import {ImgmgrError, formatPosition} from '../../errors.ts';
import type {Image, ImagePatch} from '../image/image.ts';
import {applyPatch, compact, saidTwice} from '../image/patch.ts';
import {
  REVOKED_PROPERTY,
  REVOKED_REASON_PROPERTY,
  formatRevocation,
  isMarkedRevoked,
  isPulled,
  readRevocation,
} from '../image/revocation.ts';
import {formatApplied, readStamp} from '../image/stamp.ts';
import {didYouMean} from '../nearest.ts';
import type {OwnImage} from '../release/release.ts';
import {revocationProperties, revokedOf} from '../release/revoked.ts';
import {about} from './draft.ts';
import type {Rearrangement} from './plan.ts';
import {retirePatch} from './retire.ts';
import type {RevocationInput} from './rollback-target.ts';
import {chooseTarget, newestFirst, publishedOf} from './rollback-target.ts';

/** What `rollback` is asked. `date`: ISO 8601, whole seconds, decided once for all clouds. */
export type RevocationRequest =
  | {
      readonly kind: 'rollback';
      readonly to?: string;
      readonly date: string;
      readonly reason: string;
      readonly isPublic: boolean;
    }
  | {readonly kind: 'pull'; readonly date: string; readonly reason: string; readonly isPublic: boolean}
  | {readonly kind: 'undo'; readonly version: string};

/** What is written first, and the images as they are then. */
export interface Revoking {
  readonly revocation: Rearrangement;
  readonly images: readonly OwnImage[];
}

type First = Rearrangement['first'][number];

/**
 * Decides which images are revoked, or no longer so, and which one takes the name. USAGE where the version that was asked for cannot be
 * meant, NOT_FOUND where nothing is there that could take the name.
 */
export function planRevocation(input: RevocationInput, request: RevocationRequest): Revoking {
  switch (request.kind) {
    case 'rollback':
      return rollback(input, request);
    case 'pull':
      return pull(input, request);
    case 'undo':
      return lift(input, request.version);
  }
}

type Asked<Kind extends RevocationRequest['kind']> = Extract<RevocationRequest, {kind: Kind}>;

/**
 * What keeps the name from older versions goes last, the pull and then the current image: until then nothing has happened, and from then on
 * every run goes on to the same target.
 */
function rollback(input: RevocationInput, request: Asked<'rollback'>): Revoking {
  const {target, revoke, subject, release} = chooseTarget(input, request.to);
  const marked = (own: OwnImage): {own: OwnImage; patch: ImagePatch} => ({
    own,
    patch: compact(own.image, {set: markOf(own, request)}),
  });
  const first = [
    ...revoke.map(marked),
    ...release.map((own) => ({own, patch: notPulled(own)})),
    ...(subject ? [marked(subject)] : []),
  ].map(({own, patch}) => revokeStep(own, {patch, reason: request.reason, pulls: false}));
  return {revocation: {first, target: target.image.id}, images: imagesAfter(input.images, first)};
}

function pull(input: RevocationInput, request: Asked<'pull'>): Revoking {
  const {definition, policy} = input;
  const published = publishedOf(input);
  const versions = new Set(published.filter(({stamp}) => stamp.state === 'current').map(({stamp}) => stamp.version));
  const subjects = newestFirst(published.filter(({stamp, image}) => versions.has(stamp.version) && !isPulled(image)));
  if (subjects.length === 0 && !published.some(({image}) => isPulled(image)))
    throw new ImgmgrError('NOT_FOUND', `nothing is published under ${definition.name}, so nothing can be pulled`, {
      place: formatPosition(definition.place),
      hint: `imgmgr show "${definition.name}" lists what is there`,
    });
  const first = subjects.map((own) => {
    const pulled = markOf(own, request);
    const name = own.image.name ?? definition.name;
    const patch = retirePatch({own, name, way: 'hidden', oldPurpose: policy.oldPurpose, promise: undefined, pulled});
    return revokeStep(own, {patch, reason: request.reason, pulls: true});
  });
  return {revocation: {first}, images: imagesAfter(input.images, first)};
}

function markOf(own: OwnImage, {kind, date, reason, isPublic}: Asked<'rollback' | 'pull'>): Record<string, string> {
  return revocationProperties(own, {date, pulled: kind === 'pull', ...(isPublic && {publicReason: reason})});
}

/** From now on an older version may take the place of a pulled one. */
function notPulled({image}: OwnImage): ImagePatch {
  const mark = readRevocation(image);
  if (mark.kind !== 'revoked') return {};
  return compact(image, {set: {[REVOKED_PROPERTY]: formatRevocation({...mark.revocation, pulled: false})}});
}

function lift(input: RevocationInput, version: string): Revoking {
  const marked = newestFirst(
    input.images.filter(({image, stamp}) => stamp.version === version && isMarkedRevoked(image)),
  );
  refuseLift(input, version, marked);
  const first = marked.flatMap((own): First[] => {
    const {image, stamp} = own;
    const wasPulled = isPulled(image);
    const active = stamp.applied && formatApplied({...stamp.applied, status: 'active'});
    const patch = compact(image, {
      remove: [REVOKED_PROPERTY, REVOKED_REASON_PROPERTY],
      ...(wasPulled && active !== undefined && {set: {imgmgr_applied: active}}),
    });
    const reason = 'the revocation is lifted (--undo)';
    const lifted: First = {
      step: {kind: 'lift', image, patch, counts: 'updated'},
      summary: {...about(own), reason, ...said(image, patch)},
    };
    if (!wasPulled || image.status !== 'deactivated') return [lifted];
    // Killed in between, the image is a pulled one again in the next run, and nothing has happened.
    return [{step: {kind: 'reactivate', target: {image}}, summary: {...about(own), reason}}, lifted];
  });
  return {revocation: {first}, images: imagesAfter(input.images, first)};
}

function refuseLift({definition, images}: RevocationInput, version: string, marked: readonly OwnImage[]): void {
  const {name, versions} = definition;
  const entry = versions.find(
    (each) =>
      each.revoked !== undefined &&
      (each.version === version || marked.some((own) => revokedOf({versions: [each]}, []).isListed(own))),
  );
  if (entry)
    throw new ImgmgrError(
      'USAGE',
      `the definition says that ${name} ${version} is revoked ("${entry.revoked ?? ''}")`,
      {
        place: formatPosition(entry.place),
        hint: 'take the line "revoked" out of the definition first',
      },
    );
  if (marked.length > 0) return;
  const known = new Set(images.map(({stamp}) => stamp.version));
  const revoked = [...new Set(images.filter(({image}) => isMarkedRevoked(image)).map(({stamp}) => stamp.version))];
  throw new ImgmgrError('USAGE', `${name} ${version} is ${known.has(version) ? 'not revoked' : 'not there'}`, {
    hint:
      didYouMean(version, revoked) ??
      (revoked.length > 0 ? `revoked: ${revoked.join(', ')}` : 'no version of it is revoked here'),
  });
}

function revokeStep(
  own: OwnImage,
  how: {readonly patch: ImagePatch; readonly reason: string; readonly pulls: boolean},
): First {
  const {patch, reason, pulls} = how;
  const {image} = own;
  return {
    step: {kind: 'revoke', image, patch, counts: pulls ? 'retired' : 'updated'},
    summary: {...about(own), reason, ...said(image, patch)},
  };
}

/** What the PATCH changes that people look at: the fields that everybody has, and the revocation. */
function said(image: Image, {set = {}, remove = [], osHidden}: ImagePatch): ReturnType<typeof saidTwice> {
  const before = image.properties[REVOKED_PROPERTY] ?? null;
  const after = remove.includes(REVOKED_PROPERTY) ? null : (set[REVOKED_PROPERTY] ?? before);
  return saidTwice([
    {field: REVOKED_PROPERTY, from: before, to: after},
    ...(osHidden === undefined ? [] : [{field: 'os_hidden', from: image.osHidden, to: osHidden}]),
  ]);
}

/** The images as the first actions leave them, with their stamps read again. */
function imagesAfter(images: readonly OwnImage[], first: readonly First[]): readonly OwnImage[] {
  return images.map((own) => {
    let {image} = own;
    for (const {step} of first) {
      if ('patch' in step && 'image' in step && step.image.id === image.id) image = applyPatch(image, step.patch);
      if (step.kind === 'reactivate' && 'image' in step.target && step.target.image.id === image.id)
        image = {...image, status: 'active'};
    }
    const stamp = readStamp(image);
    return stamp && image !== own.image ? {image, stamp} : own;
  });
}
