import type {Image, Visibility} from '../../core/image/image.ts';
import {ImgmgrError} from '../../errors.ts';
import {wordsOf} from '../answers.ts';
import type {GlanceApi} from './api.ts';

/**
 * One PATCH that Glance must refuse: the visibility, then the removal of a property that is not there. Operations are taken in
 * order and saved after the last one, so 403 means that the visibility was refused, 409 that it would have been allowed.
 * https://opendev.org/openstack/glance/src/branch/stable/zed/glance/api/v2/images.py (update, _do_replace, _do_remove)
 */
export async function mayPublish(
  glance: Pick<GlanceApi, 'patch'>,
  live: Image,
  visibility: Visibility,
): Promise<boolean | undefined> {
  const absent = `imgmgr_absent_${live.id}`;
  try {
    await glance.patch(live.id, [
      {op: 'replace', path: '/visibility', value: visibility},
      {op: 'remove', path: `/${absent}`},
    ]);
  } catch (error) {
    if (!(error instanceof ImgmgrError)) throw error;
    if (error.code === 'FORBIDDEN') return false;
    // Only its message says which operation it refused.
    if (error.code === 'CONFLICT' && wordsOf(error).includes(absent)) return true;
    if (error.code === 'CONFLICT' || error.code === 'CLOUD_REFUSED') return undefined;
    throw error;
  }
  // No Glance that we know of accepts it; whatever does has changed our record, which must be taken back.
  await glance.patch(live.id, [{op: 'replace', path: '/visibility', value: live.visibility}]);
  return true;
}

/**
 * Asks for an image with the id of one that is there. Policies of images and of the visibility are looked at first (403), then the quota
 * (413), the id last (409). Glance hands out no id again unless its database was purged in this moment: then what it made goes at once.
 * https://opendev.org/openstack/glance/src/branch/stable/zed/glance/api/v2/images.py (create)
 */
export async function mayCreate(
  glance: Pick<GlanceApi, 'anyId' | 'probe' | 'delete'>,
  visibility: Visibility,
): Promise<boolean | undefined> {
  const id = await glance.anyId();
  if (id === undefined) return undefined;
  try {
    await glance.probe({id, visibility});
  } catch (error) {
    if (!(error instanceof ImgmgrError)) throw error;
    if (error.code === 'FORBIDDEN') return false;
    if (error.code === 'CONFLICT' || error.code === 'QUOTA') return true;
    if (error.code === 'CLOUD_REFUSED') return undefined;
    throw error;
  }
  await glance.delete(id);
  return true;
}

/**
 * Asks for an import of bytes that were never staged, which no Glance does: it answers 409 where imports are allowed.
 * https://opendev.org/openstack/glance/src/branch/stable/zed/glance/api/v2/images.py (import_image)
 */
export async function mayImport(glance: Pick<GlanceApi, 'import'>, id: string): Promise<boolean> {
  try {
    await glance.import(id, {method: {name: 'glance-direct'}});
    return true;
  } catch (error) {
    if (!(error instanceof ImgmgrError)) throw error;
    return error.code !== 'FORBIDDEN' && error.code !== 'NOT_FOUND';
  }
}
