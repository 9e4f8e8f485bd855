import {z} from 'zod';
import {resourceId} from '../id.ts';
import {links} from '../nova/schema.ts';

// https://docs.openstack.org/api-ref/block-storage/v3/#show-a-volume-s-details
const volume = z.object({
  id: resourceId,
  name: z.string().nullish(),
  status: z.string(),
  metadata: z.record(z.string(), z.string()).default({}),
});

/** A volume as Cinder describes it. */
export type Volume = z.infer<typeof volume>;

export const oneVolume = z.object({volume});
export const volumePage = z.object({volumes: z.array(volume), volumes_links: links});
