import type {OpenStackCloud} from '../../src/core/resolved-cloud.ts';

/** A cloud as clouds.yaml would describe it: name and login, and what differs from the simplest entry. */
export function cloudEntry(given: Pick<OpenStackCloud, 'name' | 'auth'> & Partial<OpenStackCloud>): OpenStackCloud {
  return {
    kind: 'openstack',
    interface: 'public',
    interfaces: ['public'],
    tls: {verify: true},
    endpointOverrides: {},
    apiVersions: {},
    serviceRegions: {},
    serviceInterfaces: {},
    catalogTypes: {},
    catalogNames: {},
    origin: ['clouds.yaml'],
    ...given,
  };
}
