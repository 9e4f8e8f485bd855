import type {Image} from '../../core/image/image.ts';
import {compact} from '../../core/image/patch.ts';
import {readStamp} from '../../core/image/stamp.ts';
import {LOST_HINT, LOST_KEY} from '../../core/phase/of-image.ts';
import {ImgmgrError} from '../../errors.ts';
import type {ImageResult, VerifyRun} from './existing-images.ts';
import {nameOf} from './existing-images.ts';

/**
 * Reports whether the bytes of an image are there, and keeps on images of ours that they are gone, or no longer are: in one PATCH, and only
 * where that is news.
 */
export async function reportPresence(run: VerifyRun, image: Image, present: boolean): Promise<ImageResult> {
  const {store} = run.ports;
  const isRecorded = await recordPresence(run, image, present);
  const version = readStamp(image)?.version;
  run.emit({
    type: 'presence',
    cloud: store.cloud,
    definition: nameOf(image),
    image: image.id,
    present,
    ...(version !== undefined && {version}),
  });
  if (present) return {counts: {passed: 1, ...(isRecorded && {updated: 1})}};
  return {
    failed: new ImgmgrError('IMAGE_LOST', `image ${image.id}: ${store.cloud} calls it active, and its bytes are gone`, {
      hint: LOST_HINT,
    }),
  };
}

/** Does the store have the bytes of an image that it calls active? Throws where that cannot be said, and for images that have none yet. */
export async function isPresent({ports, signal}: VerifyRun, image: Image): Promise<boolean> {
  const {store} = ports;
  if (image.status !== 'active' && image.status !== 'deactivated')
    throw new ImgmgrError('CONFLICT', `image ${image.id} has no bytes yet: it is ${image.status}`, {
      hint: 'wait until it is active, or have manage go on with it',
    });
  // Of an image of no bytes nothing can be lost.
  if (image.size === 0) return true;
  if (await store.hasBytes(image.id, signal)) return true;
  const now = await store.get(image.id);
  if (now) return false;
  throw new ImgmgrError('IMAGE_GONE', `image ${image.id} was deleted meanwhile`, {hint: 'run again'});
}

/** Takes down, or off, the image that its bytes are gone; true where that was news. */
export async function recordPresence(
  {ports, verification}: VerifyRun,
  image: Image,
  present: boolean,
): Promise<boolean> {
  const {store} = ports;
  const isMarked = image.properties[LOST_KEY] !== undefined;
  if (!verification.options.record || !readStamp(image) || isMarked !== present) return false;
  const {projectId} = await store.account();
  if (image.owner !== projectId) return false;
  const patch = present ? {remove: [LOST_KEY]} : {set: {[LOST_KEY]: store.now().toISOString()}};
  await store.update(image, compact(image, patch));
  return true;
}
