import {z} from 'zod';
import {resourceId} from '../id.ts';
import {links} from '../nova/schema.ts';

// https://docs.openstack.org/api-ref/block-storage/v3/#show-a-volume-s-details
const volume = z.object({
  id: resourceId,
  name: z.string().nullish(),
  status: z.string(),
  metadata: z.record(z.string(), z.string()).default({}),
  /** GiB. */
  size: z.number().default(0),
  encrypted: z.boolean().default(false),
  attachments: z.array(z.object({server_id: z.string().nullish()})).default([]),
  'os-vol-tenant-attr:tenant_id': z.string().nullish(),
});

/** A volume as Cinder describes it. */
export type Volume = z.infer<typeof volume>;

export const oneVolume = z.object({volume});
export const volumePage = z.object({volumes: z.array(volume), volumes_links: links});

// https://docs.openstack.org/api-ref/block-storage/v3/#show-a-snapshot-s-details
const snapshot = z.object({
  id: resourceId,
  name: z.string().nullish(),
  status: z.string(),
  metadata: z.record(z.string(), z.string()).default({}),
  size: z.number().default(0),
  volume_id: z.string(),
  created_at: z.string().nullish(),
  'os-extended-snapshot-attributes:project_id': z.string().nullish(),
});

/** A snapshot as Cinder describes it. */
export type Snapshot = z.infer<typeof snapshot>;

export const oneSnapshot = z.object({snapshot});
export const snapshotPage = z.object({snapshots: z.array(snapshot), snapshots_links: links});

/** https://docs.openstack.org/api-ref/block-storage/v3/#upload-volume-to-image */
export const uploadedVolume = z.object({'os-volume_upload_image': z.object({image_id: resourceId})});
