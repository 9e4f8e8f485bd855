import {z} from 'zod';
import type {Image, ImagePatch, NewImage} from '../core/image/image.ts';
import {applyPatch} from '../core/image/patch.ts';
import {ImgmgrError} from '../errors.ts';
import type {Received} from './receive.ts';

/** What `image.json` says: the image, and Glance's legacy md5 `checksum`. */
export interface ImageRecord {
  readonly image: Image;
  readonly checksum: string | null;
}

/** The one store of a local cloud. */
export const STORE = 'local';
/** The one project of a local cloud. */
export const PROJECT = 'local';

const Base = z.object({
  id: z.string(),
  name: z.string().nullable(),
  status: z.enum(['queued', 'active', 'deactivated']),
  visibility: z.enum(['public', 'private', 'shared', 'community']),
  os_hidden: z.boolean(),
  protected: z.boolean(),
  owner: z.string().nullable(),
  tags: z.array(z.string()),
  min_disk: z.int().nonnegative(),
  min_ram: z.int().nonnegative(),
  disk_format: z.string().nullable(),
  container_format: z.string().nullable(),
  size: z.int().nonnegative().nullable(),
  virtual_size: z.int().nonnegative().nullable(),
  checksum: z.string().nullable(),
  os_hash_algo: z.string().nullable(),
  os_hash_value: z.string().nullable(),
  created_at: z.iso.datetime(),
  updated_at: z.iso.datetime(),
  stores: z.string(),
});

const Properties = z.record(z.string(), z.string());

/** Names that Glance keeps for itself, so that no property may have them. */
const RESERVED: ReadonlySet<string> = new Set([
  ...Object.keys(Base.shape),
  ...['self', 'file', 'schema', 'locations', 'direct_url', 'deleted', 'deleted_at', 'is_public'],
]);

/** Reads `image.json`; whatever is not as imgmgr writes it (PROTOCOL) was edited by hand and must be mended by hand. */
export function parseRecord(text: string, expected: {readonly id: string; readonly file: string}): ImageRecord {
  const json = parseJson(text, expected.file);
  const base = Base.safeParse(json);
  if (!base.success) throw unreadable(expected.file, base.error);
  const record = base.data;
  if (record.id !== expected.id)
    throw broken(expected.file, `says that its id is ${record.id}, its folder is named ${expected.id}`);
  const properties = Properties.safeParse(omitBase(json));
  if (!properties.success) throw unreadable(expected.file, properties.error);
  return {image: toImage(record, properties.data), checksum: record.checksum};
}

/** The text of `image.json`: Glance's names, properties beside the fields, as `GET /v2/images/{id}` answers. */
export function formatRecord({image, checksum}: ImageRecord): string {
  const base: z.infer<typeof Base> = {
    id: image.id,
    name: image.name,
    status: z.enum(['queued', 'active', 'deactivated']).parse(image.status),
    visibility: image.visibility,
    os_hidden: image.osHidden,
    protected: image.protected,
    owner: image.owner,
    tags: [...image.tags],
    min_disk: image.minDisk,
    min_ram: image.minRam,
    disk_format: image.diskFormat,
    container_format: image.containerFormat,
    size: image.size,
    virtual_size: image.virtualSize,
    checksum,
    os_hash_algo: image.osHashAlgo,
    os_hash_value: image.osHashValue,
    created_at: image.createdAt,
    updated_at: image.updatedAt,
    stores: image.stores.join(','),
  };
  return `${JSON.stringify({...base, ...image.properties}, undefined, 2)}\n`;
}

/** A record without bytes, as a create call makes it; CLOUD_REFUSED for what Glance would refuse. */
export function newRecord(image: NewImage, id: string, now: Date): ImageRecord {
  const time = glanceTime(now);
  const made: Image = {
    id,
    name: image.name,
    status: 'queued',
    visibility: 'private',
    osHidden: image.osHidden,
    protected: false,
    owner: PROJECT,
    tags: uniqueTags(image.tags),
    minDisk: image.minDisk ?? 0,
    minRam: image.minRam ?? 0,
    diskFormat: image.diskFormat ?? null,
    containerFormat: image.diskFormat === undefined ? null : 'bare',
    size: null,
    virtualSize: null,
    osHashAlgo: null,
    osHashValue: null,
    createdAt: time,
    updatedAt: time,
    stores: [],
    properties: image.properties,
  };
  return {image: checked(made), checksum: null};
}

/** The record after a PATCH; CLOUD_REFUSED for what Glance would refuse. */
export function patchRecord({image, checksum}: ImageRecord, patch: ImagePatch, now: Date): ImageRecord {
  const patched: Image = {
    ...applyPatch(image, patch),
    ...(patch.tags && {tags: uniqueTags(patch.tags)}),
    updatedAt: glanceTime(now),
  };
  return {image: checked(patched), checksum};
}

/** The record once its bytes are there. */
export function completeRecord({image}: ImageRecord, received: Received, now: Date): ImageRecord {
  const {size, virtualSize, md5, sha512} = received;
  return {
    image: {
      ...image,
      status: 'active',
      size,
      virtualSize,
      osHashAlgo: 'sha512',
      osHashValue: sha512,
      stores: [STORE],
      updatedAt: glanceTime(now),
    },
    checksum: md5,
  };
}

/**
 * The record after (de)activation; FORBIDDEN where there are no bytes, as in Glance
 * (https://opendev.org/openstack/glance/src/branch/master/glance/domain/__init__.py).
 */
export function setStatus({image, checksum}: ImageRecord, status: 'active' | 'deactivated', now: Date): ImageRecord {
  if (image.status === 'queued')
    throw new ImgmgrError('FORBIDDEN', `image ${image.id} is queued, so it cannot be (de)activated`, {
      hint: 'upload its bytes first',
    });
  return {image: {...image, status, updatedAt: glanceTime(now)}, checksum};
}

/** Whole seconds, UTC, as Glance writes times. */
function glanceTime(time: Date): string {
  return `${time.toISOString().slice(0, 19)}Z`;
}

/** Glance's limit for names, keys and tags (`maxLength` in its image schema). */
const LONGEST = 255;

function checked(image: Image): Image {
  for (const text of [image.name ?? '', ...image.tags, ...Object.keys(image.properties)])
    if (text.length > LONGEST)
      throw new ImgmgrError(
        'CLOUD_REFUSED',
        `'${text.slice(0, 40)}…' has ${text.length} characters, ${LONGEST} are allowed`,
        {
          place: `image ${image.id}`,
          hint: 'shorten it in the definition',
        },
      );
  const reserved = Object.keys(image.properties).find((key) => RESERVED.has(key));
  if (reserved !== undefined)
    throw new ImgmgrError('CLOUD_REFUSED', `the property '${reserved}' has the name of an image's own field`, {
      place: `image ${image.id}`,
      hint: 'rename it in the definition',
    });
  return image;
}

function uniqueTags(tags: readonly string[]): readonly string[] {
  return [...new Set(tags)].sort();
}

function toImage(record: z.infer<typeof Base>, properties: Readonly<Record<string, string>>): Image {
  return {
    id: record.id,
    name: record.name,
    status: record.status,
    visibility: record.visibility,
    osHidden: record.os_hidden,
    protected: record.protected,
    owner: record.owner,
    tags: record.tags,
    minDisk: record.min_disk,
    minRam: record.min_ram,
    diskFormat: record.disk_format,
    containerFormat: record.container_format,
    size: record.size,
    virtualSize: record.virtual_size,
    osHashAlgo: record.os_hash_algo,
    osHashValue: record.os_hash_value,
    ...(record.checksum !== null && {checksum: record.checksum}),
    createdAt: record.created_at,
    updatedAt: record.updated_at,
    stores: record.stores.split(',').filter((store) => store !== ''),
    properties,
  };
}

function omitBase(json: unknown): Record<string, unknown> {
  return Object.fromEntries(Object.entries(json as object).filter(([key]) => !Object.hasOwn(Base.shape, key)));
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw broken(file, `is no JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function unreadable(file: string, error: z.ZodError): ImgmgrError {
  const [issue] = error.issues;
  const field = issue?.path.map(String).join('.') ?? '';
  return broken(
    file,
    field === '' ? (issue?.message ?? 'is no image') : `has a wrong ${field}: ${issue?.message ?? ''}`,
  );
}

function broken(file: string, what: string): ImgmgrError {
  return new ImgmgrError('PROTOCOL', `${file} ${what}`, {
    place: file,
    hint: 'it was changed by hand: mend it, or delete its folder',
  });
}
