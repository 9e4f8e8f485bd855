import {z} from 'zod';

/** `GET /servers/detail`, the fields that we use (https://docs.openstack.org/api-ref/compute/#list-servers-detailed). */
export const servers = z.object({
  servers: z.array(z.object({id: z.string(), name: z.string(), tenant_id: z.string()})),
});
