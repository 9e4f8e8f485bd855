import {remembered, SOURCE_FACT} from '../image/record.ts';
import type {Digest} from './digest.ts';
import {formatDigest, parseDigest, sameDigest} from './digest.ts';
import type {OwnImage, Release} from './release.ts';
import type {Warning} from '../warnings.ts';

/**
 * Whether an image was made from the bytes that a release demands. `other`: `known` disproves it. `unknown`: no digest of the
 * image can be compared with the demanded one; `held` says whether reading what the store holds could show it.
 */
export type Comparison =
  | {readonly kind: 'same'}
  | {readonly kind: 'other'; readonly known: Digest}
  | {readonly kind: 'unknown'; readonly held: 'as-served' | 'changed'};

/** Compares a release with every digest that is known of an image: those on record, and those that the store computed. */
export function compareBytes(own: OwnImage, release: Release): Comparison {
  const {digest, file} = release;
  const held = holdsOtherBytes(own, release) ? 'changed' : 'as-served';
  if (digest) return compareDigest(own, digest, held);
  const served = (file?.served ?? []).map((each) => compareWith(recordedDigests(own), each));
  const stored = file?.stored && held === 'as-served' ? [compareWith(heldDigests(own), file.stored)] : [];
  return [...served, ...stored].find((each) => each !== undefined) ?? {kind: 'unknown', held};
}

/** The digests on record: the one demanded at the import, then those that were found out later. */
export function recordedDigests({stamp}: OwnImage): readonly Digest[] {
  return [...(stamp.digest ? [stamp.digest] : []), ...(stamp.moreDigests ?? [])];
}

/** The digests of what the store holds, as the store computed them (Glance's `os_hash_value`, and `checksum`, an md5). */
export function heldDigests({image}: Pick<OwnImage, 'image'>): readonly Digest[] {
  const texts = [`${image.osHashAlgo ?? ''}:${image.osHashValue ?? ''}`, `md5:${image.checksum ?? ''}`];
  return texts.flatMap((text) => parseDigest(text) ?? []);
}

/**
 * True when the store holds, or may hold, other bytes than the source served: unpacked or converted on their way. Then a digest of
 * what it holds says nothing against a digest of the source.
 */
export function holdsOtherBytes(own: OwnImage, {listed, format}: Release): boolean {
  const {image, stamp} = own;
  if (stamp.bytes !== undefined) return true;
  const held = heldDigests(own);
  for (const digest of recordedDigests(own)) {
    const known = held.find(({algorithm}) => algorithm === digest.algorithm);
    if (known) return !sameDigest(known, digest);
  }
  const isConverted = format !== undefined && image.diskFormat !== null && image.diskFormat !== format;
  const addresses = [
    ...[listed?.url, listed?.mirrorUrl, image.properties['image_source']],
    remembered(image, SOURCE_FACT),
  ];
  return isConverted || addresses.some((address) => address !== undefined && PACKED.test(address));
}

/** The demanded digest can be compared with none of the image; `isChanged`: its bytes were unpacked or converted on their way. */
export function digestUnknown(
  own: OwnImage,
  {demanded, isChanged}: {readonly demanded: Digest; readonly isChanged: boolean},
): Warning {
  const {image, stamp} = own;
  return {
    code: 'digest-unknown',
    message: `${stamp.definition} ${stamp.version}: the definition demands ${formatDigest(demanded)}, image ${image.id} has ${describeDigests(own)}: ${isChanged ? 'it was unpacked or converted on its way, so that a digest of what the cloud holds cannot be compared' : 'these cannot be compared'}`,
    hint: isChanged
      ? 'manage --replace imports it again and records the digest'
      : 'verify --deep reads the bytes once and records the digest; manage --replace imports it again',
  };
}

/** All digests that are known of an image, `algorithm:hex`, for a message. */
export function describeDigests(own: OwnImage): string {
  const known = [...new Set([...recordedDigests(own), ...heldDigests(own)].map(formatDigest))];
  return known.length === 0 ? 'no known digest' : known.join(', ');
}

const PACKED = /\.(?:gz|xz|zst|bz2)(?:[?#]|$)/i;

function compareDigest(own: OwnImage, digest: Digest, held: 'as-served' | 'changed'): Comparison {
  const recorded = compareWith(recordedDigests(own), digest);
  if (recorded) return recorded;
  const stored = compareWith(heldDigests(own), digest);
  // Equal is equal, however the bytes got there; only a difference may come from unpacking or converting.
  if (stored?.kind === 'same' || (stored && held === 'as-served')) return stored;
  return {kind: 'unknown', held};
}

/** Undefined where no known digest has that algorithm. */
function compareWith(known: readonly Digest[], digest: Digest): Comparison | undefined {
  const alike = known.filter(({algorithm}) => algorithm === digest.algorithm);
  const [first] = alike;
  if (first === undefined) return undefined;
  return alike.some((each) => sameDigest(each, digest)) ? {kind: 'same'} : {kind: 'other', known: first};
}
