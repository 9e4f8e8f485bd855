import {ImgmgrError} from '../../errors.ts';
import {formatDigest} from '../release/digest.ts';
import {findDrift} from '../image/drift.ts';
import {currentForm} from '../image/form.ts';
import type {ImagePatch} from '../image/image.ts';
import {changesOf} from '../image/patch.ts';
import type {OwnImage, Release} from '../release/release.ts';
import {byLastPublished, hasSameSource, isOfRelease} from '../release/find-image.ts';
import {compareBytes, describeDigests} from '../release/same-bytes.ts';
import type {Draft} from './draft.ts';
import {closeUnfinishedSwap} from './retire.ts';

/** What becomes of an image of the command line whose name and version are there already. */
export type ImportDecision =
  | {readonly kind: 'import'}
  /** The same bytes are there: nothing is to be done. */
  | {readonly kind: 'done'}
  | {readonly kind: 'refused'; readonly error: ImgmgrError};

/**
 * Decides about the one image of `import URL|FILE|-`. Under a name and version that exist nothing is imported, unless `--replace` says so;
 * where a digest shows that the same bytes are there, nothing is to be done.
 */
export function decideImport(draft: Draft): ImportDecision {
  const [release] = draft.sorted;
  if (!draft.input.adHoc || !release) return {kind: 'import'};
  if (draft.revoked.release(release)) return {kind: 'refused', error: revokedImport(draft, release)};
  const existing = draft
    .finished()
    .filter(({stamp}) => stamp.version === release.version)
    .sort(byLastPublished);
  const same = existing.find((own) => compareBytes(own, release).kind === 'same');
  if (same) return isOutOfUse(draft, same) ? {kind: 'import'} : done(draft, release, same);
  const [first] = [...existing, ...unpublished(draft, release)];
  if (!first || draft.input.policy.replace) return {kind: 'import'};
  return isInterrupted(draft, release, first)
    ? done(draft, release, first)
    : {kind: 'refused', error: refusal(draft, release, first)};
}

function revokedImport({definition}: Draft, {version}: Release): ImgmgrError {
  return new ImgmgrError('CONFLICT', `${definition.name} ${version} is revoked on this cloud`, {
    hint: 'import other bytes as another version with --image-version, or lift the revocation first (rollback --undo)',
  });
}

/** Complete images of this version that wait for their publication, and have other bytes as far as is known. */
function unpublished(draft: Draft, release: Release): OwnImage[] {
  return draft.images.filter(
    (own) =>
      own.stamp.version === release.version &&
      (own.stamp.state === 'ready' || own.stamp.state === 'pending') &&
      !isOfRelease(own, release),
  );
}

/** Retired, and no image bears the name: publishing it again is what the command asks for. */
function isOutOfUse(draft: Draft, {stamp}: OwnImage): boolean {
  return stamp.state === 'retired' && !draft.finished().some((own) => own.stamp.state === 'current');
}

/** A run published it and died before it retired the predecessor. */
function isInterrupted(draft: Draft, release: Release, own: OwnImage): boolean {
  const published = draft.finished().filter(({stamp}) => stamp.state === 'current');
  return own.stamp.state === 'current' && published.length > 1 && hasSameSource(own, release);
}

function done(draft: Draft, release: Release, own: OwnImage): ImportDecision {
  closeUnfinishedSwap(draft);
  warnOfDescription(draft, release, own);
  draft.decide(`${draft.definition.name} ${release.version} is there as ${own.image.id} with the same bytes`);
  if (draft.actions.length === 0) draft.unchanged.push(own.image.id);
  return {kind: 'done'};
}

/** What the command line says of the image and the image does not: left as it is, but not without a word. */
function warnOfDescription(draft: Draft, release: Release, own: OwnImage): void {
  if (own.stamp.state !== 'current') return;
  const {patch} = findDrift(own, currentForm(draft.context(release)), true);
  const {changes} = changesOf(own.image, withoutOrigin(patch));
  if (changes.length === 0) return;
  draft.warn({
    code: 'import-unchanged',
    image: own.image.id,
    message: `image ${own.image.id} has the same bytes and stays as it is, although the command line describes it in another way: ${changes.join('; ')}`,
    hint: `change it with openstack image set ${own.image.id}, or give the image a new version with --image-version`,
  });
}

/** Where the bytes came from, and when they were made, is no description of the image. */
function withoutOrigin({set = {}, remove = [], ...fields}: ImagePatch): ImagePatch {
  const others = Object.entries(set).filter(([key]) => !ORIGIN.has(key));
  return {...fields, set: Object.fromEntries(others), remove: remove.filter((key) => !ORIGIN.has(key))};
}

const ORIGIN: ReadonlySet<string> = new Set(['image_source', 'image_build_date']);

function refusal(draft: Draft, release: Release, own: OwnImage): ImgmgrError {
  const {image} = own;
  const compared = compareBytes(own, release);
  const {digest, file} = release;
  const demanded = digest ?? file?.served[0];
  const bytes =
    compared.kind === 'other' && demanded
      ? `with ${formatDigest(compared.known)}, these bytes have ${formatDigest(demanded)}`
      : `with ${describeDigests(own)}, and nothing shows that these are the same bytes`;
  return new ImgmgrError(
    compared.kind === 'other' ? 'DIGEST_CHANGED' : 'CONFLICT',
    `${draft.definition.name} ${release.version} is there as ${image.id} ${bytes}`,
    {
      hint: 'import it as another version with --image-version, or in place of the one that is there with --replace; with --checksum the same bytes are recognised',
    },
  );
}
