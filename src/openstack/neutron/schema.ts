import {z} from 'zod';
import {resourceId} from '../id.ts';
import {links} from '../nova/schema.ts';

/** https://docs.openstack.org/api-ref/network/v2/#list-networks */
export const networkPage = z.object({
  networks: z.array(
    z.object({
      id: z.string(),
      name: z.string().default(''),
      project_id: z.string().default(''),
      shared: z.boolean().default(false),
      'router:external': z.boolean().default(false),
      subnets: z.array(z.string()).default([]),
    }),
  ),
  networks_links: links,
});

/** A network that we see. */
export type Network = z.infer<typeof networkPage>['networks'][number];

export const subnetPage = z.object({subnets: z.array(z.object({id: z.string(), cidr: z.string()}))});

const port = z.object({
  id: resourceId,
  name: z.string().default(''),
  description: z.string().nullish(),
  project_id: z.string().default(''),
  mac_address: z.string(),
  fixed_ips: z.array(z.object({ip_address: z.string()})).default([]),
  // Empty where the network has no port security, absent where Neutron has no security groups.
  security_groups: z.array(z.string()).default([]),
});

/** A port as Neutron describes it. */
export type Port = z.infer<typeof port>;

export const onePort = z.object({port});
export const portPage = z.object({ports: z.array(port), ports_links: links});

const securityGroup = z.object({
  id: resourceId,
  name: z.string().default(''),
  description: z.string().nullish(),
  project_id: z.string().default(''),
  security_group_rules: z
    .array(
      z.object({
        direction: z.string(),
        ethertype: z.string().nullish(),
        protocol: z.union([z.string(), z.number()]).nullish(),
        port_range_min: z.number().nullish(),
        remote_ip_prefix: z.string().nullish(),
        remote_group_id: z.string().nullish(),
        remote_address_group_id: z.string().nullish(),
      }),
    )
    .default([]),
});

/** A security group with its rules. */
export type SecurityGroup = z.infer<typeof securityGroup>;

export const oneGroup = z.object({security_group: securityGroup});
export const groupPage = z.object({security_groups: z.array(securityGroup), security_groups_links: links});
