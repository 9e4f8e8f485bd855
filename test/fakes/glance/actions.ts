import {Refusal} from '../exchange.ts';
import type {FakeRequest, Reply} from '../exchange.ts';
import type {FakeAccount} from '../keystone.ts';
import {ownImage, visibleImage} from './context.ts';
import type {GlanceContext} from './context.ts';

/** `POST …/actions/deactivate` and `…/reactivate`: 403 from any other state, nothing to do when already there. */
export function setActive(
  context: GlanceContext,
  caller: FakeAccount,
  id: string,
  action: 'deactivate' | 'reactivate',
): Reply {
  const {status} = ownImage(context, id, caller);
  const [from, to] = action === 'deactivate' ? ['active', 'deactivated'] : ['deactivated', 'active'];
  if (status === to) return {status: 204};
  if (status !== from) throw new Refusal(403, `Not allowed to ${action} image in status '${status}'`);
  context.table.change(id, action, (image) => {
    image.status = to;
  });
  return {status: 204};
}

/** `DELETE /v2/images/{id}` */
export function deleteImage(context: GlanceContext, request: FakeRequest, caller: FakeAccount, id: string): Reply {
  const record = ownImage(context, id, caller);
  if (record.protected) throw new Refusal(403, `Image ${id} is protected and cannot be deleted.`);
  const partly = context.misbehaviours.take(request, ['deletePartlyDone']);
  if (partly !== undefined) {
    context.table.change(id, 'delete partly done', (image) => {
      const lost = partly.options.store ?? image.stores[0];
      image.stores = image.stores.filter((store) => store !== lost);
    });
    throw new Refusal(
      partly.options.status ?? 409,
      `Image ${id} could not be deleted because it is in use: the image has snapshots`,
    );
  }
  context.payloads.delete(id);
  context.staged.delete(id);
  context.table.remove(id, 'delete');
  return {status: 204};
}

/** `DELETE /v2/stores/{store}/{id}` */
export function deleteFromStore(context: GlanceContext, caller: FakeAccount, store: string, id: string): Reply {
  if (!context.options.multiStore) throw new Refusal(404, 'The resource could not be found.');
  if (!context.options.stores.includes(store))
    throw new Refusal(409, `The selected store ${store} is not available on this node.`);
  const record = visibleImage(context, id, caller);
  if (!caller.roles.includes('admin'))
    throw new Refusal(403, 'You are not authorized to complete delete_image_location action.');
  if (record.status !== 'active')
    throw new Refusal(409, "It's not allowed to remove image data from store if image status is not 'active'");
  if (record.stores.length === 1) throw new Refusal(403, 'Cannot delete image data from the only store containing it.');
  if (!record.stores.includes(store)) throw new Refusal(404, `Image ${id} is not stored in store ${store}.`);
  context.table.change(id, `delete from ${store}`, (image) => {
    image.stores = image.stores.filter((name) => name !== store);
  });
  return {status: 204};
}

/** `PUT` and `DELETE /v2/images/{id}/tags/{tag}` */
export function changeTag(
  context: GlanceContext,
  request: FakeRequest,
  caller: FakeAccount,
  {id, tag}: {id: string; tag: string},
): Reply {
  const record = ownImage(context, id, caller);
  const removing = request.method === 'DELETE';
  if (removing && !record.tags.includes(tag)) throw new Refusal(404, 'The resource could not be found.');
  if (!removing && tag.length > 255) throw new Refusal(400, 'Provided object does not match schema');
  context.table.change(id, removing ? 'untag' : 'tag', (image) => {
    const others = image.tags.filter((known) => known !== tag);
    image.tags = removing ? others : [...others, tag];
  });
  return {status: 204};
}
