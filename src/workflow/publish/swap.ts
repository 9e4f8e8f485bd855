import type {Image, ImagePatch} from '../../core/image/image.ts';
import type {AcquireContext} from '../acquire/types.ts';
import {patchSurely} from '../sure-writes.ts';

/** What retiring works with: the image, its PATCH, and the publication that is taken back when the PATCH is refused for good. */
export interface Retirement {
  readonly image: Image;
  readonly patch: ImagePatch;
  readonly undo?: {readonly before: Image; readonly after: Image};
}

/** Retires; where that is refused for good, the successor's publication is undone, so that never two stay under one name. */
export async function retireOrUndo(context: AcquireContext, {image, patch, undo}: Retirement): Promise<Image> {
  try {
    return await patchSurely(context, image, patch);
  } catch (error) {
    if (undo) await unpublish(context, undo);
    throw error;
  }
}

/** Back to what it was before: private and hidden, but `ready`, so that the next run publishes it again without importing. */
async function unpublish(
  context: AcquireContext,
  {before, after}: {readonly before: Image; readonly after: Image},
): Promise<void> {
  const added = Object.keys(after.properties).filter((key) => !(key in before.properties));
  const wasFinished = before.properties['imgmgr_state'] === 'retired';
  await patchSurely(context, after, {
    ...(before.name !== null && {name: before.name}),
    visibility: before.visibility,
    osHidden: before.osHidden,
    protected: before.protected,
    tags: before.tags,
    set: {...before.properties, ...(!wasFinished && {imgmgr_state: 'ready'})},
    remove: added,
  });
  context.emit({
    type: 'warning',
    code: 'publication-undone',
    cloud: context.store.cloud,
    image: after.id,
    message: `the predecessor could not be retired, so the publication of ${after.id} was taken back`,
    hint: 'the next run tries again without importing',
  });
}
