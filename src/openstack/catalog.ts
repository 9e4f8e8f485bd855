import {ImgmgrError} from '../errors.ts';
import type {OpenStackCloud} from './cloud.ts';

/** One service of the catalog that came with the token. */
export interface CatalogService {
  readonly type: string;
  readonly endpoints: readonly CatalogEndpoint[];
}

export interface CatalogEndpoint {
  readonly interface: string;
  readonly region: string;
  readonly url: string;
}

/** The services that we call. */
export type ServiceType = 'image' | 'compute' | 'network' | 'block-storage';

// Official types and their aliases: https://service-types.openstack.org/service-types.json
const ALIASES: Readonly<Record<ServiceType, readonly string[]>> = {
  image: ['image'],
  compute: ['compute'],
  network: ['network'],
  'block-storage': ['block-storage', 'volumev3', 'volume', 'block-store'],
};

/** How the endpoint is chosen: by region and interface as clouds.yaml says, unless it names the endpoint itself. */
export type EndpointChoice = Pick<
  OpenStackCloud,
  'name' | 'region' | 'interface' | 'endpointOverrides' | 'services'
> & {
  /** Fills `%(project_id)s` in an override, as the SDK does. */
  readonly projectId?: string;
};

/**
 * The base URL of a service without a slash at the end; undefined when the catalog does not have it in this region and interface.
 * Without a region the first one of the catalog is taken, as keystoneauth does.
 */
export function findEndpoint(
  catalog: readonly CatalogService[],
  type: ServiceType,
  choice: EndpointChoice,
): string | undefined {
  const override = choice.endpointOverrides[type];
  if (override !== undefined)
    return withoutSlash(override.replaceAll(/%\((?:project|tenant)_id\)s/g, choice.projectId ?? ''));
  const {region, interfaces} = wantedFrom(type, choice);
  for (const wanted of interfaces)
    for (const endpoint of endpointsOf(catalog, type, choice)) {
      if (region !== undefined && endpoint.region !== region) continue;
      if (interfaceName(endpoint.interface) === wanted) return withoutSlash(endpoint.url);
    }
  return undefined;
}

/** What to tell when {@link findEndpoint} found nothing: the regions and interfaces that exist. */
export function noEndpoint(catalog: readonly CatalogService[], type: ServiceType, choice: EndpointChoice): ImgmgrError {
  const {region, interfaces} = wantedFrom(type, choice);
  const wanted = `${interfaces.join(' or ')} ${type} endpoint${region === undefined ? '' : ` in region '${region}'`}`;
  const offers = endpointsOf(catalog, type, choice).map(
    (each) => `${interfaceName(each.interface)} in '${each.region}'`,
  );
  const types = [...new Set(catalog.map((service) => service.type))];
  return new ImgmgrError('CONFIG', `cloud '${choice.name}' has no ${wanted} in its catalog`, {
    hint:
      offers.length > 0
        ? `it has ${[...new Set(offers)].join(', ')}: correct region_name or interface in clouds.yaml`
        : `it has no ${type} service at all (${types.join(', ') || 'the catalog is empty'}): correct the cloud, or set ${type}_endpoint_override`,
  });
}

/** What to tell when the endpoint is no address, as a catalog with unfilled templates has it. */
export function badEndpoint(url: string, type: ServiceType, choice: EndpointChoice): ImgmgrError {
  return new ImgmgrError('CONFIG', `the ${type} endpoint of cloud '${choice.name}' is no address: '${url}'`, {
    hint: `have the catalog corrected, or set ${type}_endpoint_override in clouds.yaml`,
  });
}

/** `publicURL` → `public`. */
function interfaceName(name: string): string {
  return name.replace(/URL$/, '');
}

function wantedFrom(type: ServiceType, choice: EndpointChoice): {region: string | undefined; interfaces: string[]} {
  const own = choice.services?.[type];
  const interfaces = own?.interfaces ?? [choice.interface];
  return {region: own?.region ?? choice.region, interfaces: interfaces.map(interfaceName)};
}

function endpointsOf(catalog: readonly CatalogService[], type: ServiceType, choice: EndpointChoice): CatalogEndpoint[] {
  const own = choice.services?.[type]?.type;
  const types = own === undefined ? ALIASES[type] : [own];
  return types.flatMap((name) => catalog.filter((each) => each.type === name).flatMap((each) => each.endpoints));
}

function withoutSlash(url: string): string {
  return url.replace(/\/+$/, '');
}
