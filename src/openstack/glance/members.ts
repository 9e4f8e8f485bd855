import {ImgmgrError} from '../../errors.ts';
import type {ErrorCode} from '../../errors.ts';
import type {GlanceApi} from './api.ts';

/** An image and the one project that it is lent to. */
export interface Loan {
  readonly id: string;
  readonly projectId: string;
}

/**
 * Makes a private image shared and the project its member; FORBIDDEN where policy keeps images to themselves. Members can only be
 * added to images of visibility `shared`.
 * https://opendev.org/openstack/glance/src/branch/stable/zed/glance/api/v2/image_members.py (_check_visibility_and_ownership)
 */
export async function lend(glance: GlanceApi, {id, projectId}: Loan): Promise<void> {
  const image = await glance.get(id);
  if (image === undefined)
    throw new ImgmgrError('NOT_FOUND', `image ${id} is gone and cannot be shared`, {hint: 'look at who deleted it'});
  if (image.visibility === 'private') await glance.patch(id, [{op: 'replace', path: '/visibility', value: 'shared'}]);
  await forgiving(glance.addMember(id, projectId), 'CONFLICT');
}

/** Removes the member and makes the image private again; an image that was published meanwhile stays so. */
export async function takeBack(glance: GlanceApi, {id, projectId}: Loan): Promise<void> {
  const image = await glance.get(id);
  if (image?.visibility !== 'shared') return;
  await forgiving(glance.removeMember(id, projectId), 'NOT_FOUND');
  await forgiving(glance.patch(id, [{op: 'replace', path: '/visibility', value: 'private'}]), 'NOT_FOUND');
}

async function forgiving(call: Promise<unknown>, code: ErrorCode): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof ImgmgrError) || error.code !== code) throw error;
  }
}
