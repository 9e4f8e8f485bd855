import type {Image, ImagePatch, NewImage} from '../../core/image/image.ts';

/** One operation of Glance's `application/openstack-images-v2.1-json-patch`. */
export type PatchOperation =
  | {readonly op: 'add' | 'replace'; readonly path: string; readonly value: unknown}
  | {readonly op: 'remove'; readonly path: string};

/** The content type that makes `add` overwrite and knows whole-list `tags`. */
export const PATCH_TYPE = 'application/openstack-images-v2.1-json-patch';

/**
 * The operations of one change; all or nothing, since Glance saves after the last one.
 * Base fields are always there, so `replace`; a property is set by `add`, which Glance takes for present ones too, so that a
 * stale `live` does no harm; `remove` of an absent one would be a 409, so only present ones are named.
 * https://opendev.org/openstack/glance/src/branch/stable/zed/glance/api/v2/images.py (ImagesController.update, _do_add)
 */
export function patchOperations(live: Image, patch: ImagePatch): PatchOperation[] {
  const fields: Readonly<Record<string, unknown>> = {
    visibility: patch.visibility,
    os_hidden: patch.osHidden,
    name: patch.name,
    protected: patch.protected,
    disk_format: patch.diskFormat,
    min_disk: patch.minDisk,
    min_ram: patch.minRam,
    tags: patch.tags,
  };
  return [
    ...Object.entries(fields)
      .filter(([, value]) => value !== undefined)
      .map(([field, value]) => ({op: 'replace' as const, path: `/${field}`, value})),
    ...Object.entries(patch.set ?? {}).map(([key, value]) => ({op: 'add' as const, path: pointer(key), value})),
    ...(patch.remove ?? [])
      .filter((key) => Object.hasOwn(live.properties, key))
      .map((key) => ({op: 'remove' as const, path: pointer(key)})),
  ];
}

/** The body of a create call: private whatever the cloud's default is (Glance's own is `shared`). */
export function createBody(image: NewImage): Record<string, unknown> {
  return {
    ...image.properties,
    ...(image.id === undefined ? {} : {id: image.id}),
    name: image.name,
    visibility: 'private',
    os_hidden: image.osHidden,
    tags: image.tags,
    ...(image.diskFormat === undefined ? {} : {disk_format: image.diskFormat, container_format: 'bare'}),
    ...(image.minDisk === undefined ? {} : {min_disk: image.minDisk}),
    ...(image.minRam === undefined ? {} : {min_ram: image.minRam}),
  };
}

// RFC 6901: `~` and `/` are escaped.
function pointer(key: string): string {
  return `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}
