import {byCharacters} from '../order.ts';
import {unsignedUrl} from '../public-url.ts';
import type {OwnImage, Release} from './release.ts';
import {compareBytes} from './same-bytes.ts';

/**
 * Is this image the release's? For `latest`: the same digest. Else the same version, and no known digest that disproves it; an image
 * that was never published needs one that agrees, where a digest is demanded.
 */
export function isOfRelease(own: OwnImage, release: Release): boolean {
  if (release.kind !== 'latest' && own.stamp.version !== release.version) return false;
  const {kind} = compareBytes(own, release);
  if (kind !== 'unknown') return kind === 'same';
  if (release.kind === 'latest') return false;
  if (isFinished(own)) return release.exact !== true;
  if (release.adHoc === true) return release.digest === undefined && hasSameSource(own, release);
  return release.digest === undefined;
}

/** True when the image is of the release's version, but not its image: made from other bytes, or not known to be made from these. */
export function hasOtherBytes(own: OwnImage, release: Release): boolean {
  return release.kind !== 'latest' && own.stamp.version === release.version && !isOfRelease(own, release);
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

/** Made from the same address, which is all that is known of an image without digests. */
export function hasSameSource({image}: OwnImage, {listed}: Release): boolean {
  return (
    listed !== undefined && /^https?:/i.test(listed.url) && image.properties['image_source'] === unsignedUrl(listed.url)
  );
}

/** Published once. */
function isFinished({stamp}: OwnImage): boolean {
  return stamp.state === 'current' || stamp.state === 'retired';
}
