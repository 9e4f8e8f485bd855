import type {Digest} from '../../core/release/digest.ts';
import {formatDigest} from '../../core/release/digest.ts';
import type {Image} from '../../core/image/image.ts';
import {schemaOf} from '../../core/image/record.ts';
import type {OwnImage, Release} from '../../core/release/release.ts';
import {
  compareBytes,
  digestUnknown,
  heldDigests,
  holdsOtherBytes,
  recordedDigests,
} from '../../core/release/same-bytes.ts';
import type {Warning} from '../../core/warnings.ts';
import {ImgmgrError} from '../../errors.ts';

/** What was read of an image, and what is known and demanded of it. */
export interface ReadImage {
  readonly image: Image;
  /** The digests of the bytes that the store holds. */
  readonly digests: readonly Digest[];
  readonly own?: OwnImage;
  readonly release?: Release;
}

/** What came of it: an error (DIGEST_MISMATCH), or what could not be compared. */
export interface DigestJudgement {
  readonly error?: ImgmgrError;
  readonly notes: readonly Warning[];
}

/**
 * Compares the bytes of an image with the store's own digests, with those on record and with the demanded one. The last two are digests
 * of what the source served: they say nothing against bytes that were unpacked or converted on their way.
 */
export function judgeDigests({image, digests, own, release}: ReadImage): DigestJudgement {
  const damaged = differing(heldDigests({image}), digests);
  if (damaged)
    return failed(image, damaged, {
      than: "the cloud's own record of them says",
      hint: 'the store behind the cloud has damaged them: import the version again with manage --replace, or restore the store',
    });
  if (!own) return {notes: []};
  const isChanged = release !== undefined && holdsOtherBytes(own, release);
  const recorded = isChanged || own.stamp.bytes !== undefined ? undefined : differing(recordedDigests(own), digests);
  // Without a mark of format 2 they may have been converted: the cloud's own digest says that they are as they were brought.
  const mayBeConverted = schemaOf(image) === 1 && heldDigests({image}).length > 0;
  if (recorded && !mayBeConverted)
    return failed(image, recorded, {
      than: 'the digest recorded at the import says',
      hint: 'these are not the bytes that were imported: import the version again with manage --replace',
    });
  const demanded = release?.digest;
  if (!demanded) return {notes: []};
  if (compareBytes(own, release).kind === 'same') return {notes: []};
  if (isChanged || recorded) return {notes: [digestUnknown(own, {demanded, isChanged: true})]};
  const wrong = differing([demanded], digests);
  return wrong
    ? failed(image, wrong, {
        than: 'the definition demands',
        hint: 'give the new bytes a new version, or accept them under this one with manage --replace',
      })
    : {notes: []};
}

interface Difference {
  readonly known: Digest;
  readonly found: Digest;
}

function differing(known: readonly Digest[], found: readonly Digest[]): Difference | undefined {
  for (const digest of known) {
    const alike = found.find(({algorithm}) => algorithm === digest.algorithm);
    if (alike && alike.hex !== digest.hex) return {known: digest, found: alike};
  }
  return undefined;
}

function failed(
  image: Image,
  {known, found}: Difference,
  {than, hint}: {readonly than: string; readonly hint: string},
): DigestJudgement {
  const message = `image ${image.id}: its bytes have ${formatDigest(found)}, ${than} ${formatDigest(known)}`;
  return {error: new ImgmgrError('DIGEST_MISMATCH', message, {hint}), notes: []};
}
