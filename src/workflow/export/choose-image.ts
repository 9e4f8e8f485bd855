import type {Image} from '../../core/image/image.ts';
import {MANAGED_TAG, readStamp} from '../../core/image/stamp.ts';
import {ImgmgrError} from '../../errors.ts';
import type {ImageStore} from '../../ports/image-store.ts';

/** Which image is meant. */
export interface ImageChoice {
  /** A Glance id, the name of a definition, or the name of an image: the first that is there. */
  readonly target: string;
  /** Of a definition; absent: the current one. */
  readonly version?: string;
}

const ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** What failed its verification, or is not finished, is nobody's to use; by its id it can be had. */
const FINISHED: ReadonlySet<string | undefined> = new Set(['current', 'retired']);

/** The one image. NOT_FOUND where there is none, USAGE with the ids or versions where there are several. */
export async function chooseImage(
  {target, version}: ImageChoice,
  {store, projectId}: {readonly store: ImageStore; readonly projectId: string},
): Promise<Image> {
  const byId = ID.test(target) && version === undefined ? await store.get(target) : undefined;
  if (byId) return byId;
  const own = (await store.listTagged(MANAGED_TAG)).flatMap((image) => {
    const stamp = readStamp(image);
    const isMeant = stamp?.definition === target && image.owner === projectId && FINISHED.has(stamp.state);
    return stamp && isMeant ? [{image, version: stamp.version, isCurrent: stamp.state === 'current'}] : [];
  });
  if (own.length > 0) {
    const wanted = own.filter((each) => (version === undefined ? each.isCurrent : each.version === version));
    const [found, ...others] = wanted;
    if (found && others.length === 0) return found.image;
    const listed = (wanted.length > 0 ? wanted : own).map((each) => `${each.version} (${each.image.id})`).join(', ');
    const what = version === undefined ? 'current image' : `image of the version ${version}`;
    throw new ImgmgrError(
      wanted.length === 0 ? 'NOT_FOUND' : 'USAGE',
      `${target} has ${wanted.length === 0 ? 'no' : wanted.length} ${what}${wanted.length > 1 ? 's' : ''} on ${store.cloud}`,
      {hint: `give one of these versions with --image-version, or an id: ${listed}`},
    );
  }
  if (version !== undefined)
    throw new ImgmgrError('NOT_FOUND', `there is no image of a definition "${target}" on ${store.cloud}`, {
      hint: '--image-version chooses among the images of a definition; imgmgr status lists them',
    });
  return named(target, store);
}

async function named(target: string, store: ImageStore): Promise<Image> {
  const all = await store.listNamed([target]);
  const shown = all.filter(({osHidden}) => !osHidden);
  const found = shown.length > 0 ? shown : all;
  const [image, ...others] = found;
  if (image && others.length === 0) return image;
  if (image)
    throw new ImgmgrError('USAGE', `${found.length} images on ${store.cloud} are called "${target}"`, {
      hint: `give the id: ${found.map(({id}) => id).join(', ')}`,
    });
  throw new ImgmgrError('NOT_FOUND', `there is no image "${target}" on ${store.cloud}`, {
    hint: 'give an id, the name of a definition, or the whole name of an image',
  });
}
