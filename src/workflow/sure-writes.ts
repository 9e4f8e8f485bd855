import type {ImageStore} from '../ports/image-store.ts';
import {compact, isEmptyPatch} from '../core/image/patch.ts';
import type {Image, ImagePatch, NewImage} from '../core/image/image.ts';
import {ImgmgrError, asImgmgrError, isRetryable} from '../errors.ts';
import type {Runtime} from './types.ts';

/** Where a write goes, and what lets time pass between two tries. */
export interface SureContext {
  readonly store: ImageStore;
  readonly runtime: Pick<Runtime, 'sleep'>;
}

const PATCH_TRIES = 3;

/**
 * Creates a record under an id of our choice, so that an answer may get lost: when the call fails without an
 * answer, the record is looked up by it.
 */
export async function createSurely(store: ImageStore, image: NewImage & {readonly id: string}): Promise<Image> {
  try {
    return await store.create(image);
  } catch (error) {
    if (!(error instanceof ImgmgrError) || (error.code !== 'UNAVAILABLE' && error.code !== 'TIMEOUT')) throw error;
    const there = await store.get(image.id);
    if (!there) throw error;
    return there;
  }
}

/**
 * One PATCH, tried again when the cloud gave no usable answer. Where an answer got lost, the live image shows whether the PATCH
 * took effect.
 */
export async function patchSurely(context: SureContext, image: Image, patch: ImagePatch): Promise<Image> {
  const {store, runtime} = context;
  let live = image;
  for (let n = 1; ; n++) {
    try {
      const rest = compact(live, patch);
      return isEmptyPatch(rest) ? live : await store.update(live, rest);
    } catch (error) {
      if (n === PATCH_TRIES || !isRetryable(asImgmgrError(error).code)) throw error;
      // Not interruptible: between publishing and retiring, a Ctrl-C waits for the end of the swap.
      await runtime.sleep(100 * n);
      live = (await store.get(image.id)) ?? live;
    }
  }
}

/** A write of which twice is once, tried again when the cloud gave no usable answer. */
export async function surely<T>({runtime}: Pick<SureContext, 'runtime'>, write: () => Promise<T>): Promise<T> {
  for (let n = 1; ; n++)
    try {
      return await write();
    } catch (error) {
      if (n === PATCH_TRIES || !isRetryable(asImgmgrError(error).code)) throw error;
      await runtime.sleep(100 * n);
    }
}

/**
 * Asks the cloud for copies, unless those are there or under way already: a killed run may have asked. While another task has the image, as an
 * import has it for a moment after its end, Glance takes no copy: it is asked again, until the deadline.
 */
export async function copySurely(
  {store, runtime, signal}: SureContext & {readonly runtime: Runtime; readonly signal: AbortSignal},
  {id, stores, deadlineMs}: {readonly id: string; readonly stores: readonly string[]; readonly deadlineMs: number},
): Promise<void> {
  for (let n = 1, lacking = stores; ; n++)
    try {
      await store.copyToStores({id, stores: lacking});
      return;
    } catch (error) {
      if (!['CONFLICT', 'CLOUD_REFUSED'].includes(asImgmgrError(error).code)) throw error;
      const live = await store.get(id);
      lacking = stores.filter((name) => !live?.stores.includes(name));
      const coming = new Set(live?.properties['os_glance_importing_to_stores']?.split(','));
      if (lacking.every((name) => coming.has(name))) return;
      if (!(live && isLocked(live)) || runtime.monotonic() > deadlineMs) throw error;
      await runtime.sleep(Math.min(LOCK_PAUSE_MS * n, LONGEST_PAUSE_MS), signal);
    }
}

const LOCK_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 3000;

/** Until its import task has ended, Glance may save the image as it read it earlier, and a PATCH would be lost. */
export function isLocked(image: Image): boolean {
  return image.properties['os_glance_import_task'] !== undefined;
}
