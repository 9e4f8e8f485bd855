import type {ImageStore} from '../../ports/image-store.ts';
import type {Image} from '../../core/image/image.ts';
import type {ObjectReference} from '../../core/object-reference.ts';
import {formatObjectReference} from '../../core/object-reference.ts';
import type {Digest} from '../../core/release/digest.ts';
import {formatDigest, parseDigest, sameDigest} from '../../core/release/digest.ts';
import {ImgmgrError} from '../../errors.ts';

type ImageReference = Extract<ObjectReference, {kind: 'image'}>;

/** Where images of a cloud that become others are looked up. */
export interface ImageOrigins {
  readonly store: ImageStore;
  readonly otherStore?: (cloud: string) => Promise<ImageStore>;
}

/** Reads the whole bytes of an image as a source of another one. */
export interface FoundImage {
  readonly store: ImageStore;
  readonly image: Image;
  /** `image:ID@CLOUD`. */
  readonly shown: string;
  /** As its Glance computed it over what it holds. */
  readonly digest?: Digest;
}

/** The store that has the image. */
export async function storeOf({cloud}: ImageReference, {store, otherStore}: ImageOrigins): Promise<ImageStore> {
  if (cloud === undefined || cloud === store.cloud) return store;
  if (otherStore) return otherStore(cloud);
  throw new ImgmgrError('UNSUPPORTED', `images of another cloud (${cloud}) cannot be read here`);
}

/** The image, which has bytes that can be read and are no secret of a key; SOURCE_REFUSED for any other. Reads nothing but its record. */
export async function lookAtImage(reference: ImageReference, store: ImageStore): Promise<FoundImage> {
  const shown = formatObjectReference(reference, store.cloud);
  const image = await store.get(reference.id);
  if (!image)
    throw refused(`${shown} is not there`, `it does not exist, or ${store.cloud} does not show it to our project`);
  const [reason, hint] = obstacleOf(image) ?? [];
  if (reason !== undefined) throw refused(`${shown} ${reason}`, hint);
  const digest = digestOf(image);
  return {store, image, shown, ...(digest && {digest})};
}

/** The digest of an image as its Glance knows it; undefined where it is not there, or has none. */
export async function digestOfImage(reference: ImageReference, store: ImageStore): Promise<Digest | undefined> {
  const image = await store.get(reference.id);
  return image && digestOf(image);
}

/** Throws DIGEST_MISMATCH where a demanded digest cannot be that of the image. */
export function compareDemanded({digest, shown}: FoundImage, demanded: Digest | undefined): void {
  if (!digest || !demanded || digest.algorithm !== demanded.algorithm || sameDigest(digest, demanded)) return;
  throw new ImgmgrError(
    'DIGEST_MISMATCH',
    `${shown} has ${formatDigest(digest)}, but ${formatDigest(demanded)} was demanded`,
    {hint: 'the digest is that of another image, or of bytes that its cloud has converted'},
  );
}

function digestOf({osHashAlgo, osHashValue}: Image): Digest | undefined {
  return parseDigest(`${osHashAlgo ?? ''}:${osHashValue ?? ''}`);
}

/** What keeps the image from being read, and what helps. */
function obstacleOf(image: Image): readonly [reason: string, hint: string] | undefined {
  const {status, properties, size} = image;
  if (status === 'deactivated')
    return ['is deactivated', 'reactivate it first, or use another image: somebody may have taken it out of use'];
  if (status !== 'active') return [`is ${status}, not active`, 'wait until it is complete, or use another image'];
  if (properties['block_device_mapping'] !== undefined || properties['bdm_v2'] !== undefined)
    return ['stands for snapshots of volumes and has no bytes', 'import one of them: imgmgr import volume-snapshot:ID'];
  if (size === 0) return ['has no bytes', 'use another image'];
  if (Object.keys(properties).some(isOfEncryption))
    return ['is encrypted, and only its own cloud has the key', 'use an image that is not encrypted'];
  return undefined;
}

// Cinder's and Glance's marks: https://docs.openstack.org/cinder/latest/configuration/block-storage/volume-encryption.html
function isOfEncryption(name: string): boolean {
  return name.startsWith('cinder_encryption_key_') || name.startsWith('os_encrypt_');
}

function refused(message: string, hint: string | undefined): ImgmgrError {
  return new ImgmgrError('SOURCE_REFUSED', message, {...(hint !== undefined && {hint})});
}
