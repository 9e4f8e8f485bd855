import {z} from 'zod';
import {resourceId} from '../id.ts';

/** `next` of a paged listing, as Nova, Neutron and Cinder have it. */
export const links = z.array(z.object({rel: z.string(), href: z.string()})).default([]);

/** A server that boots from a volume has the empty text in place of its image. */
const listedServer = z.object({
  id: resourceId,
  name: z.string(),
  tenant_id: z.string(),
  image: z.union([z.object({id: z.string()}).transform(({id}) => id), z.literal('')]),
});

/** A server of a list, with the id of its image or ''. */
export type ListedServer = z.infer<typeof listedServer>;

/** `GET /servers/detail`, the fields that we use (https://docs.openstack.org/api-ref/compute/#list-servers-detailed). */
export const listedServers = z.object({servers: z.array(listedServer), servers_links: links});

/** One server; `fault` is there in ERROR only. */
const server = z.object({
  id: resourceId,
  name: z.string(),
  status: z.string(),
  tenant_id: z.string(),
  metadata: z.record(z.string(), z.string()).default({}),
  fault: z.object({message: z.string().default(''), code: z.number().optional()}).optional(),
  'OS-EXT-STS:task_state': z.string().nullish(),
  /** '' where it boots from a volume. */
  image: z.union([z.object({id: z.string()}).transform(({id}) => id), z.literal('')]).optional(),
});

/** A server as Nova describes it. */
export type NovaServer = z.infer<typeof server>;

export const oneServer = z.object({server});
export const serverPage = z.object({servers: z.array(server), servers_links: links});
export const createdServer = z.object({server: z.object({id: resourceId})});

/** https://docs.openstack.org/api-ref/compute/#list-flavors-with-details; extra specs since 2.61, where policy shows them. */
export const flavorPage = z.object({
  flavors: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      vcpus: z.number(),
      ram: z.number(),
      disk: z.number(),
      extra_specs: z.record(z.string(), z.string()).default({}),
    }),
  ),
  flavors_links: links,
});

/** A flavor as Nova describes it; RAM is MiB, disk GiB. */
export type NovaFlavor = z.infer<typeof flavorPage>['flavors'][number];

/** https://docs.openstack.org/api-ref/compute/#show-rate-and-absolute-limits; -1 is no limit, RAM is MiB. */
export const limits = z.object({
  limits: z.object({
    absolute: z.object({
      maxTotalInstances: z.number().default(-1),
      totalInstancesUsed: z.number().default(0),
      maxTotalCores: z.number().default(-1),
      totalCoresUsed: z.number().default(0),
      maxTotalRAMSize: z.number().default(-1),
      totalRAMUsed: z.number().default(0),
    }),
  }),
});

/** What the project may have of servers, and has. */
export type ServerLimits = z.infer<typeof limits>['limits']['absolute'];

/** https://docs.openstack.org/api-ref/compute/#list-compute-services; since 2.69 hosts of cells that do not answer have the status UNKNOWN. */
export const services = z.object({services: z.array(z.object({host: z.string(), status: z.string()}))});

export const consoleOutput = z.object({output: z.string().nullable()});

/** https://docs.openstack.org/api-ref/compute/#list-actions-for-server */
export const instanceActions = z.object({
  instanceActions: z.array(z.object({action: z.string(), request_id: z.string()})),
});

/** https://docs.openstack.org/api-ref/compute/#create-image-createimage-action, since 2.45 */
export const createdImage = z.object({image_id: resourceId});

/** https://docs.openstack.org/api-ref/compute/#list-volume-attachments-for-an-instance */
export const volumeAttachments = z.object({
  volumeAttachments: z.array(z.object({volumeId: resourceId, device: z.string().nullish()})),
});
