import type {Interface, OpenStackCloud, Service} from '../core/resolved-cloud.ts';
import {withoutSlashes} from '../core/without-slashes.ts';
import {ImgmgrError} from '../errors.ts';

/** One service of the catalog that came with the token. */
export interface CatalogService {
  readonly type: string;
  /** Absent in catalogs of old or unusual Keystones. */
  readonly name?: string;
  readonly endpoints: readonly CatalogEndpoint[];
}

export interface CatalogEndpoint {
  readonly interface: string;
  readonly region: string;
  readonly url: string;
}

/** The services that we call. */
export type ServiceType = Extract<Service, 'image' | 'compute' | 'network' | 'block-storage' | 'identity'>;

// Official types and their aliases: https://service-types.openstack.org/service-types.json
const ALIASES: Readonly<Record<ServiceType, readonly string[]>> = {
  image: ['image'],
  identity: ['identity'],
  compute: ['compute'],
  network: ['network'],
  'block-storage': ['block-storage', 'volumev3', 'volume', 'block-store'],
};

/** How the endpoint is chosen: by region and interface as clouds.yaml says, unless it names the endpoint itself. */
export type EndpointChoice = Pick<
  OpenStackCloud,
  | 'name'
  | 'region'
  | 'interfaces'
  | 'endpointOverrides'
  | 'serviceRegions'
  | 'serviceInterfaces'
  | 'catalogTypes'
  | 'catalogNames'
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
    return withoutSlashes(override.replaceAll(/%\((?:project|tenant)_id\)s/g, choice.projectId ?? ''));
  const found = usable(catalog, type, choice)[0];
  return found && withoutSlashes(found.url);
}

/** The region that a service is used in; `others` are further ones that have it, where none was chosen. */
export function regionOf(
  catalog: readonly CatalogService[],
  type: ServiceType,
  choice: EndpointChoice,
): {readonly region: string | undefined; readonly others: readonly string[]} {
  const {region} = wantedFrom(type, choice);
  if (region !== undefined || choice.endpointOverrides[type] !== undefined) return {region, others: []};
  const [first, ...others] = new Set(usable(catalog, type, choice).map((endpoint) => endpoint.region));
  return {region: first, others};
}

/** The same choice for another region: what clouds.yaml says for the region of its own does not hold there. */
export function inRegion<Choice extends EndpointChoice>(choice: Choice, region: string): Choice {
  return {...choice, region, endpointOverrides: {}, serviceRegions: {}};
}

/** The regions, ours among them, whose image service is the one that we use, by any of its addresses. */
export function regionsWithSameImages(catalog: readonly CatalogService[], choice: EndpointChoice): readonly string[] {
  const {region} = regionOf(catalog, 'image', choice);
  const override = choice.endpointOverrides.image;
  const endpoints = endpointsOf(catalog, 'image', choice);
  const ours = new Set(endpoints.filter((each) => each.region === region).map(({url}) => withoutSlashes(url)));
  if (override !== undefined) ours.add(withoutSlashes(override));
  return [...new Set(endpoints.filter(({url}) => ours.has(withoutSlashes(url))).map((each) => each.region))];
}

/** The endpoints that fit, the best interface first, each interface in the order of the catalog. */
function usable(catalog: readonly CatalogService[], type: ServiceType, choice: EndpointChoice): CatalogEndpoint[] {
  const {region, interfaces} = wantedFrom(type, choice);
  const there = endpointsOf(catalog, type, choice).filter((each) => region === undefined || each.region === region);
  return interfaces.flatMap((wanted) => there.filter((each) => interfaceName(each.interface) === wanted));
}

/** The error where {@link findEndpoint} found nothing: the regions and interfaces that exist. */
export function noEndpoint(catalog: readonly CatalogService[], type: ServiceType, choice: EndpointChoice): ImgmgrError {
  const {region, interfaces} = wantedFrom(type, choice);
  const serviceName = choice.catalogNames[type];
  const named = serviceName === undefined ? '' : ` of a service named '${serviceName}'`;
  const wanted = `${interfaces.join(' or ')} ${type} endpoint${named}${region === undefined ? '' : ` in region '${region}'`}`;
  const offers = endpointsOf(catalog, type, choice).map(
    (each) => `${interfaceName(each.interface)} in '${each.region}'`,
  );
  const types = [...new Set(catalog.map((service) => service.type))];
  return new ImgmgrError('CONFIG', `cloud '${choice.name}' has no ${wanted} in its catalog`, {
    hint:
      offers.length > 0
        ? `it has ${[...new Set(offers)].join(', ')}: correct --region, OS_REGION_NAME or region_name, or interface in clouds.yaml`
        : (otherNames(catalog, type, choice) ??
          `it has no ${type} service at all (${types.join(', ') || 'the catalog is empty'}): correct the cloud, or set ${type}_endpoint_override`),
  });
}

/** The hint where services of the type are there, but none of the configured name. */
function otherNames(catalog: readonly CatalogService[], type: ServiceType, choice: EndpointChoice): string | undefined {
  const serviceName = choice.catalogNames[type];
  const types = typesOf(type, choice);
  const names = catalog.filter((each) => types.includes(each.type)).map((each) => `'${each.name ?? ''}'`);
  if (serviceName === undefined || names.length === 0) return undefined;
  const setting = `${type.replace('-', '_')}_service_name`;
  return `its ${type} services are named ${names.join(', ')}: correct ${setting} in clouds.yaml, or remove it`;
}

/** The error where the endpoint is no address, as a catalog with unfilled templates has it. */
export function badEndpoint(url: string, type: ServiceType, choice: EndpointChoice): ImgmgrError {
  return new ImgmgrError('CONFIG', `the ${type} endpoint of cloud '${choice.name}' is no address: '${url}'`, {
    hint: `have the catalog corrected, or set ${type}_endpoint_override in clouds.yaml`,
  });
}

/** `publicURL` → `public`. */
function interfaceName(name: string): string {
  return name.replace(/URL$/, '');
}

function wantedFrom(
  type: ServiceType,
  choice: EndpointChoice,
): {readonly region: string | undefined; readonly interfaces: readonly Interface[]} {
  return {
    region: choice.serviceRegions[type] ?? choice.region,
    interfaces: choice.serviceInterfaces[type] ?? choice.interfaces,
  };
}

/** What the catalog may call the service. */
function typesOf(type: ServiceType, choice: EndpointChoice): readonly string[] {
  const own = choice.catalogTypes[type];
  return own === undefined ? ALIASES[type] : [own];
}

function endpointsOf(catalog: readonly CatalogService[], type: ServiceType, choice: EndpointChoice): CatalogEndpoint[] {
  const serviceName = choice.catalogNames[type];
  const types = typesOf(type, choice);
  return types.flatMap((name) =>
    catalog.filter((each) => each.type === name && hasName(each, serviceName)).flatMap((each) => each.endpoints),
  );
}

/** As keystoneauth: https://opendev.org/openstack/keystoneauth/src/tag/5.0.0/keystoneauth1/access/service_catalog.py#L175 */
function hasName(service: CatalogService, wanted: string | undefined): boolean {
  return wanted === undefined || service.name === undefined || service.name === '' || service.name === wanted;
}
