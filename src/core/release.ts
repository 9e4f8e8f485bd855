import type {Definition, Version} from './definition.ts';
import type {Digest} from './digest.ts';
import {sameDigest} from './digest.ts';
import type {Image} from './image.ts';
import type {Stamp} from './stamp.ts';
import {compareVersions} from './version.ts';

/** A listed version, resolved: for `version: latest` the upstream digest and the label that stands for the version. */
export interface Release {
  /** The version as names and `internal_version` show it. */
  readonly version: string;
  readonly digest?: Digest;
  /** True for `version: latest`: then the digest is the identity, not the version. */
  readonly latest: boolean;
  readonly listed: Version;
  /** A build of ours: made on this host where no image and no artifact of it is there; `why`, one clause. */
  readonly build?: {readonly inputs: string; readonly why: string};
}

/** An image of ours with its stamp read. */
export interface OwnImage {
  readonly image: Image;
  readonly stamp: Stamp;
}

/** The releases, oldest first; `latest` counts as the newest. */
export function sortReleases(releases: readonly Release[]): Release[] {
  return [...releases].sort((a, b) => Number(a.latest) - Number(b.latest) || compareVersions(a.version, b.version));
}

/** Resolved without asking anybody: what a version that is not `latest` says by itself. */
export function releaseOf(version: Version): Release {
  return {
    version: version.version,
    latest: false,
    listed: version,
    ...(version.checksum && {digest: version.checksum}),
  };
}

/**
 * Is this image the release's? Same version and no contradicting digest; for `latest` the same digest. A digest of another
 * algorithm contradicts nothing.
 */
export function isOfRelease(own: OwnImage, release: Release): boolean {
  if (release.latest) return release.digest !== undefined && carriesDigest(own, release.digest);
  return own.stamp.version === release.version && !contradicts(own, release);
}

/** True when the image is of the release's version but was made from other bytes than the definition now demands. */
export function hasOtherDigest(own: OwnImage, release: Release): boolean {
  return !release.latest && own.stamp.version === release.version && contradicts(own, release);
}

/** The image of a release: of several the current one, else the one made last. */
export function findImage(release: Release, images: readonly OwnImage[]): OwnImage | undefined {
  const found = images.filter((own) => isOfRelease(own, release));
  return found.sort(byLastPublished)[0];
}

/** Current before retired, then the newest record first, then by id so that the order is total. */
export function byLastPublished(a: OwnImage, b: OwnImage): number {
  return (
    Number(b.stamp.state === 'current') - Number(a.stamp.state === 'current') ||
    b.image.createdAt.localeCompare(a.image.createdAt) ||
    a.image.id.localeCompare(b.image.id)
  );
}

/** The release that bears the plain name (`multi: true`), or every release (`multi: false`). */
export function currentReleases(definition: Definition, sorted: readonly Release[]): readonly Release[] {
  return definition.multi ? sorted.slice(-1) : sorted;
}

function carriesDigest({image, stamp}: OwnImage, digest: Digest): boolean {
  if (stamp.digest && stamp.digest.algorithm === digest.algorithm) return sameDigest(stamp.digest, digest);
  return image.osHashAlgo === digest.algorithm && image.osHashValue === digest.hex;
}

function contradicts({stamp}: OwnImage, release: Release): boolean {
  const {digest} = release;
  return !!digest && !!stamp.digest && stamp.digest.algorithm === digest.algorithm && !sameDigest(stamp.digest, digest);
}
