import type {Definition, Version} from '../definition/definition.ts';
import {
  REVOKED_PROPERTY,
  REVOKED_REASON_PROPERTY,
  formatRevocation,
  isMarkedRevoked,
  isPulled,
} from '../image/revocation.ts';
import type {Digest} from './digest.ts';
import {sameDigest} from './digest.ts';
import {isOfRelease} from './find-image.ts';
import type {OwnImage, Release} from './release.ts';
import {compareBytes, heldDigests, recordedDigests} from './same-bytes.ts';
import {compareVersions} from './version.ts';

/** The properties that revoke an image of ours; the reason only where everybody may read it. */
export function revocationProperties(
  own: OwnImage,
  how: {readonly date: string; readonly pulled: boolean; readonly publicReason?: string},
): Record<string, string> {
  const {date, pulled, publicReason} = how;
  const [digest] = [...recordedDigests(own), ...heldDigests(own)];
  const revocation = {version: own.stamp.version, date, pulled, ...(digest && {digest})};
  return {
    [REVOKED_PROPERTY]: formatRevocation(revocation),
    ...(publicReason !== undefined && {[REVOKED_REASON_PROPERTY]: publicReason}),
  };
}

/** What is revoked of one definition on one cloud. */
export interface Revoked {
  /**
   * True when the release is not wanted: its definition says `revoked`, also of another entry with the same digest, or an image is
   * revoked that is its own as far as is known.
   */
  readonly release: (release: Release) => boolean;
  /** True when the image is of a revoked version: marked, named by its definition, or of the same version and bytes as a marked one. */
  readonly image: (own: OwnImage) => boolean;
  /** True when the definition itself says so of the image, so that no image has to remember it. */
  readonly isListed: (own: OwnImage) => boolean;
  /** The newest version that was pulled: nothing that is not newer takes its place. */
  readonly pulled?: string;
}

/** Reads what is revoked from a definition and all its images on a cloud, in whatever state. */
export function revokedOf({versions}: Pick<Definition, 'versions'>, images: readonly OwnImage[]): Revoked {
  const listed = versions.filter(({revoked}) => revoked !== undefined);
  const digests = listed.flatMap(({checksum}) => checksum ?? []);
  const marked = images.filter(({image}) => isMarkedRevoked(image));
  const isListed = (own: OwnImage): boolean =>
    listed.some(({version}) => version === own.stamp.version) ||
    (digests.length > 0 && recordedDigests(own).some((each) => digests.some((digest) => sameDigest(each, digest))));
  const pulled = marked
    .filter(({image}) => isPulled(image))
    .map(({stamp}) => stamp.version)
    .sort(compareVersions)
    .at(-1);
  return {
    isListed,
    release: (release) => isRevoked(release, {listed, digests, marked}),
    image: (own) =>
      isMarkedRevoked(own.image) ||
      isListed(own) ||
      marked.some((other) => other.stamp.version === own.stamp.version && !differ(own, other)),
    ...(pulled !== undefined && {pulled}),
  };
}

function isRevoked(
  release: Release,
  {
    listed,
    digests,
    marked,
  }: {readonly listed: readonly Version[]; readonly digests: readonly Digest[]; readonly marked: readonly OwnImage[]},
): boolean {
  const {digest, kind, version} = release;
  if (kind === 'listed' && release.listed.revoked !== undefined) return true;
  if (digest && digests.some((each) => sameDigest(each, digest))) return true;
  // Bytes that cannot be compared with the revoked ones count as those, with --replace too.
  if (kind === 'latest' && listed.some((each) => each.version === version && !isDisproved(each.checksum, digest)))
    return true;
  const isUnknown = (own: OwnImage): boolean =>
    kind === 'latest' && own.stamp.version === version && compareBytes(own, release).kind === 'unknown';
  return marked.some((own) => isPublished(own) && (isOfRelease(own, {...release, exact: false}) || isUnknown(own)));
}

/** Two digests of one algorithm that are not the same. */
function isDisproved(one: Digest | undefined, other: Digest | undefined): boolean {
  return one !== undefined && other !== undefined && one.algorithm === other.algorithm && !sameDigest(one, other);
}

/** Digests of the source decide, else what the store computed; where nothing can be compared, they count as the same. */
function differ(a: OwnImage, b: OwnImage): boolean {
  const recorded = comparisons(recordedDigests(a), recordedDigests(b));
  const pairs = recorded.length > 0 ? recorded : comparisons(heldDigests(a), heldDigests(b));
  return pairs.length > 0 && !pairs.includes(true);
}

function comparisons(a: readonly Digest[], b: readonly Digest[]): readonly boolean[] {
  return a.flatMap((one) =>
    b.filter(({algorithm}) => algorithm === one.algorithm).map((other) => sameDigest(one, other)),
  );
}

function isPublished({stamp}: OwnImage): boolean {
  return stamp.state === 'current' || stamp.state === 'retired';
}
