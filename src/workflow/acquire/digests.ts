import {formatDigest} from '../../core/release/digest.ts';
import type {Image} from '../../core/image/image.ts';
import type {Release} from '../../core/release/release.ts';
import {ImgmgrError, formatPosition} from '../../errors.ts';
import type {AcquireTask, DigestStrategy} from './types.ts';

/**
 * The sha512 is of use for the manifest of a build, and for an image of the command line that is converted and has no demanded digest:
 * only a digest of the source lets a second import recognise it.
 */
export function digestStrategy(input: {
  readonly task: Pick<AcquireTask, 'release' | 'artifact'>;
  readonly adHoc: boolean;
  readonly converts: boolean;
}): DigestStrategy {
  const {task, adHoc, converts} = input;
  const recordSha512 = adHoc && converts && task.release.digest === undefined;
  return {wantSha512: recordSha512 || task.artifact !== undefined, recordSha512};
}

/**
 * Compares the hash that Glance computed over what it fetched itself with the demanded digest: DIGEST_MISMATCH. Not for streamed bytes:
 * those are compared on the way, and may have been unpacked or converted before they reached Glance.
 */
export function verifyDigest(image: Image, {digest, place}: Pick<Release, 'digest' | 'place'>): void {
  if (!digest || (image.osHashAlgo === digest.algorithm && image.osHashValue === digest.hex)) return;
  const found = image.osHashAlgo === null ? 'no hash' : `${image.osHashAlgo}:${image.osHashValue ?? ''}`;
  throw new ImgmgrError(
    'DIGEST_MISMATCH',
    `image ${image.id} has ${found}, the definition demands ${formatDigest(digest)}`,
    {
      place: formatPosition(place),
      hint: 'the source serves other bytes, or the cloud converts or unpacks what it fetches',
    },
  );
}
