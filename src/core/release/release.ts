import {byCharacters} from '../order.ts';
import {unsignedUrl} from '../public-url.ts';
import type {Definition, Version} from '../definition/definition.ts';
import type {Digest} from './digest.ts';
import type {Image} from '../image/image.ts';
import type {FileDigests} from './same-bytes.ts';
import {compareBytes} from './same-bytes.ts';
import type {Stamp} from '../image/stamp.ts';
import {compareVersions} from './version.ts';

/** A listed version, resolved: for `version: latest` the upstream digest and the label that stands for the version. */
export interface Release {
  /** The version as names and `internal_version` show it. */
  readonly version: string;
  readonly digest?: Digest;
  /** True for `version: latest`: then the digest is the identity, not the version. */
  readonly latest: boolean;
  readonly listed: Version;
  /** Without a demanded digest: digests of the local file that is listed. */
  readonly file?: FileDigests;
  /** The disk format of its source. */
  readonly format?: string;
  /** Only an image that is known to have its bytes is its image (`--replace`). */
  readonly exact?: boolean;
  /** It comes from the command line, where each run may name other bytes under the same version. */
  readonly adHoc?: boolean;
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
 * Is this image the release's? For `latest`: the same digest. Else the same version, and no known digest that disproves it; an image
 * that was never published needs one that agrees, where a digest is demanded.
 */
export function isOfRelease(own: OwnImage, release: Release): boolean {
  if (!release.latest && own.stamp.version !== release.version) return false;
  const {kind} = compareBytes(own, release);
  if (kind !== 'unknown') return kind === 'same';
  if (release.latest) return false;
  if (isFinished(own)) return release.exact !== true;
  if (release.adHoc === true) return release.digest === undefined && hasSameSource(own, release);
  return release.digest === undefined;
}

/** True when the image is of the release's version, but not its image: made from other bytes, or not known to be made from these. */
export function hasOtherBytes(own: OwnImage, release: Release): boolean {
  return !release.latest && own.stamp.version === release.version && !isOfRelease(own, release);
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
    byCharacters(b.image.createdAt, a.image.createdAt) ||
    byCharacters(a.image.id, b.image.id)
  );
}

/** The release that bears the plain name (`multi: true`), or every release (`multi: false`). */
export function currentReleases(definition: Definition, sorted: readonly Release[]): readonly Release[] {
  return definition.multi ? sorted.slice(-1) : sorted;
}

/** Published once. */
function isFinished({stamp}: OwnImage): boolean {
  return stamp.state === 'current' || stamp.state === 'retired';
}

/** Made from the same address, which is all that is known of an image without digests. */
export function hasSameSource({image}: OwnImage, {listed}: Release): boolean {
  return /^https?:/i.test(listed.url) && image.properties['image_source'] === unsignedUrl(listed.url);
}
