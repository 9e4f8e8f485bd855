import type {CloudPorts} from '../types.ts';
import type {Emit} from '../../core/events.ts';
import type {Image} from '../../core/image/image.ts';
import type {Warning} from '../../core/warnings.ts';
import type {ImageUse} from '../../ports/server-host.ts';
import {ImgmgrError, asImgmgrError} from '../../errors.ts';

/** What a deletion works with. */
export interface DeleteContext {
  readonly ports: CloudPorts;
  readonly emit: Emit;
  /** Delete also what servers use, and where nobody may be asked. */
  readonly deleteInUse: boolean;
}

/** True when nothing stands against deleting; otherwise says so and the image stays. Asks the cloud for this image alone. */
export async function mayDelete(context: DeleteContext, image: Image): Promise<boolean> {
  const [may = false] = await whichMayDelete(context, [image]);
  return may;
}

/** {@link mayDelete} for several images at once, in their order. */
export async function whichMayDelete(context: DeleteContext, images: readonly Image[]): Promise<readonly boolean[]> {
  const {ports, emit, deleteInUse} = context;
  if (deleteInUse) return images.map(() => true);
  const uses = await ports.servers.imageUses({ids: images.map(({id}) => id)});
  return images.map((image) => {
    const use = uses.get(image.id);
    if (use?.kind === 'unused' || use?.kind === 'no-service') return true;
    emit({type: 'warning', cloud: ports.store.cloud, image: image.id, ...staying(image, use ?? NOT_ANSWERED)});
    return false;
  });
}

type Obstacle = Extract<ImageUse, {kind: 'unknown' | 'used-by'}>;

const NOT_ANSWERED: Obstacle = {kind: 'unknown', reason: 'the cloud gave no answer for it', hint: 'run again'};

function staying({id, name}: Image, use: Obstacle): Warning {
  const stays = `${name ?? ''} (${id}) stays`;
  if (use.kind === 'unknown')
    return {
      code: 'use-unknown',
      message: `${stays}: whether servers use it cannot be found out (${use.reason})`,
      hint: `${use.hint}, hide it with --hide, or delete it all the same with --delete-in-use`,
    };
  const shown = use.servers.map((server) => `${server.name} (${server.id})`);
  return {
    code: 'in-use',
    message: `${stays}: ${use.count} server(s) run on it: ${shown.join(', ')}`,
    hint: 'hide it with --hide, or delete it all the same with --delete-in-use',
  };
}

/**
 * Deletes a deletable image, lifting a protection of ours. When the cloud refuses, everything is put back as it was: Glance
 * deletes store by store, so a copy may be gone already. Returns false when it stays because it is in use.
 */
export async function deleteImage(context: DeleteContext, image: Image, unprotect: boolean): Promise<boolean> {
  const {store} = context.ports;
  const live = unprotect ? await store.update(image, {protected: false}) : image;
  try {
    await store.delete(image.id);
    return true;
  } catch (error) {
    await restore(context, image, live);
    const reason = asImgmgrError(error);
    if (reason.code !== 'IN_USE') throw error;
    context.emit({
      type: 'warning',
      code: 'delete-refused',
      cloud: store.cloud,
      image: image.id,
      message: `${image.name ?? ''} (${image.id}) stays: ${reason.message}`,
      hint: 'hide it with --hide',
    });
    return false;
  }
}

async function restore({ports, emit}: DeleteContext, before: Image, live: Image): Promise<void> {
  const {store} = ports;
  try {
    if (live.protected !== before.protected) await store.update(live, {protected: before.protected});
    const now = await store.get(before.id);
    const lost = now ? before.stores.filter((name) => !now.stores.includes(name)) : [];
    if (lost.length > 0) await store.copyToStores({id: before.id, stores: lost});
  } catch (error) {
    const reason = error instanceof ImgmgrError ? error.message : String(error);
    emit({
      type: 'warning',
      code: 'restore-failed',
      cloud: store.cloud,
      image: before.id,
      message: `after the refused delete, ${before.id} could not be put back as it was: ${reason}`,
      hint: 'look at its protection and at its stores',
    });
  }
}
