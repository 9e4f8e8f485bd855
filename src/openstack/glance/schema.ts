import {z} from 'zod';
import type {Image} from '../../core/image/image.ts';
import {resourceId} from '../id.ts';

const STATUSES = [
  'queued',
  'saving',
  'uploading',
  'importing',
  'active',
  'deactivated',
  'killed',
  'deleted',
  'pending_delete',
] as const;

// https://docs.openstack.org/api-ref/image/v2/#show-image
const base = z.object({
  id: resourceId,
  name: z.string().nullable().default(null),
  status: z.enum(STATUSES),
  visibility: z.enum(['public', 'private', 'shared', 'community']),
  // Absent before API v2.7.
  os_hidden: z.boolean().default(false),
  protected: z.boolean().default(false),
  owner: z.string().nullable().default(null),
  tags: z.array(z.string()).default([]),
  min_disk: z.number().default(0),
  min_ram: z.number().default(0),
  disk_format: z.string().nullable().default(null),
  container_format: z.string().nullable().default(null),
  size: z.number().nullable().default(null),
  virtual_size: z.number().nullable().default(null),
  os_hash_algo: z.string().nullable().default(null),
  os_hash_value: z.string().nullable().default(null),
  checksum: z.string().nullable().default(null),
  created_at: z.string(),
  updated_at: z.string(),
  // Ids joined by commas; only where several stores are enabled and the image has data.
  stores: z.string().default(''),
});

const NO_PROPERTIES: ReadonlySet<string> = new Set([
  ...Object.keys(base.shape),
  'self',
  'file',
  'schema',
  'locations',
  'direct_url',
  'validation_data',
]);

/** An image as Glance describes it, in our terms. */
export const image = base.catchall(z.unknown()).transform((raw): Image => ({
  id: raw.id,
  name: raw.name,
  status: raw.status,
  visibility: raw.visibility,
  osHidden: raw.os_hidden,
  protected: raw.protected,
  owner: raw.owner,
  // Glance keeps a set and answers in any order.
  tags: raw.tags.toSorted(),
  minDisk: raw.min_disk,
  minRam: raw.min_ram,
  diskFormat: raw.disk_format,
  containerFormat: raw.container_format,
  size: raw.size,
  virtualSize: raw.virtual_size,
  osHashAlgo: raw.os_hash_algo,
  osHashValue: raw.os_hash_value,
  ...(raw.checksum !== null && {checksum: raw.checksum}),
  createdAt: raw.created_at,
  updatedAt: raw.updated_at,
  stores: splitList(raw.stores),
  properties: propertiesOf(raw),
}));

/** One page of a listing; `next` is a path with a marker. */
export const imagePage = z.object({images: z.array(image), next: z.string().optional()});

// https://docs.openstack.org/api-ref/image/v2/#show-tasks-associated-with-image
export const tasks = z.object({
  tasks: z.array(
    z.object({
      id: z.string(),
      type: z.string().default(''),
      status: z.enum(['pending', 'processing', 'success', 'failure']),
      message: z.string().nullish(),
      created_at: z.string().default(''),
    }),
  ),
});

/** One import as its task describes it. */
export type ImportTask = z.infer<typeof tasks>['tasks'][number];

export const importInfo = z.object({'import-methods': z.object({value: z.array(z.string())})});

/** `default` is the text "true" where it is there at all. */
export const storeInfo = z.object({
  stores: z.array(z.object({id: z.string(), default: z.union([z.string(), z.boolean()]).optional()})),
});

const usageEntry = z.object({limit: z.number(), usage: z.number()}).optional();

/** Sizes are MiB; a limit of -1 is none (https://docs.openstack.org/api-ref/image/v2/#quota-usage). */
export const usage = z.object({usage: z.object({image_size_total: usageEntry, image_count_total: usageEntry})});

/** `a,b` → a, b; empty text is no entry. */
export function splitList(text: string | undefined): string[] {
  return (text ?? '').split(',').filter((each) => each !== '');
}

function propertiesOf(raw: Readonly<Record<string, unknown>>): Record<string, string> {
  const properties: Record<string, string> = {};
  for (const [key, value] of Object.entries(raw)) {
    if (NO_PROPERTIES.has(key) || value === null || value === undefined) continue;
    properties[key] = typeof value === 'string' ? value : JSON.stringify(value);
  }
  return properties;
}

/**
 * https://docs.openstack.org/api-ref/image/v2/#list-image-members; Glance takes any text as a member, and what is no id of a project is
 * left out, since it would lead elsewhere in the path of a call.
 */
export const members = z.object({
  members: z
    .array(
      z
        .object({member_id: z.string(), status: z.enum(['pending', 'accepted', 'rejected'])})
        .transform(({member_id, status}) => ({projectId: member_id, status})),
    )
    .transform((all) => all.filter(({projectId}) => resourceId.safeParse(projectId).success)),
});
