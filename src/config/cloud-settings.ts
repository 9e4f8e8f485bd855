import {didYouMean} from '../core/nearest.ts';
import {ImgmgrError} from '../errors.ts';
import type {CloudEntry} from './cloud-entry.ts';
import {isConfigMap, mergeCloud, withUnderscores} from './config-value.ts';
import type {ConfigDraft, ConfigMap, ConfigValue} from './config-value.ts';
import {fillIn} from './fill-in.ts';

/** A cloud's settings after everything that the SDK does to them; `auth` holds only what belongs there. */
export interface CloudSettings {
  readonly auth: ConfigMap;
  /** The rest, under keys with underscores. */
  readonly settings: ConfigMap;
  /** Empty when no region is configured. */
  readonly region: string;
  /** The further regions of the entry, where none was chosen and {@link region} is only the first. */
  readonly otherRegions: readonly string[];
}

/** A region that was asked for, and by what: `--region` or `OS_REGION_NAME`. */
export interface RegionChoice {
  readonly name: string;
  readonly by: string;
}

/**
 * An entry with its profile and its region merged in and the old spellings brought to the current ones, in the SDK's order.
 * Throws CONFIG for a chosen region that the entry does not list, with those that it lists.
 * https://opendev.org/openstack/openstacksdk/src/tag/0.101.0/openstack/config/loader.py#L1003
 */
export function mergeCloudSettings(entry: CloudEntry, chosen?: RegionChoice): CloudSettings {
  const {region, others} = chooseRegion(entry, chosen);
  const base = mergeCloud(mergeCloud(DEFAULTS, entry.profile ?? {}), entry.values);
  const config: ConfigMap = {...base, auth: authOf(base, entry)};
  const regional = mergeCloud(config, withoutNulls(region.values));
  const named: ConfigMap = {...regional, auth: authOf(regional, entry), region_name: region.name};
  const {auth, rest} = moveIntoAuth(useCurrentNames(named));
  const expanded =
    typeof auth.auth_url === 'string' ? fillIn(auth.auth_url, rest, entry.at('auth_url')) : auth.auth_url;
  const settings = withUnderscores(rest);
  return {
    auth: withUnderscores({...auth, ...(expanded !== undefined && {auth_url: expanded})}),
    settings,
    region: region.name,
    otherRegions: others,
  };
}

/** https://opendev.org/openstack/openstacksdk/src/tag/0.101.0/openstack/config/defaults.json, as far as it matters here. */
const DEFAULTS: ConfigMap = {auth_type: 'password', verify: true, interface: 'public', network_api_version: '2'};

interface Region {
  readonly name: string;
  readonly values: ConfigMap;
}

/**
 * The chosen region, as the `openstack` command takes it: one that the entry lists, any where it lists none. Without a choice the
 * first. The cloud of the environment has no list: its `OS_REGION_NAME` is its region, and `--region` goes before it.
 * https://opendev.org/openstack/openstacksdk/src/tag/0.101.0/openstack/config/loader.py#L474
 */
function chooseRegion(entry: CloudEntry, chosen?: RegionChoice): {region: Region; others: readonly string[]} {
  const listed = regionsOf(entry);
  const [first = {name: '', values: {}}, ...others] = listed;
  if (chosen === undefined) return {region: first, others: others.map(({name}) => name)};
  const found = listed.find(({name}) => name === chosen.name);
  if (found) return {region: found, others: []};
  if (!entry.fromEnvironment && listed.length > 0) throw unknownRegion(entry, chosen, listed);
  return {region: {name: chosen.name, values: {}}, others: []};
}

/** Those of `regions`, else of `region_name` (a list, or names joined by commas), of the entry or else of its profile. */
function regionsOf(entry: CloudEntry): readonly Region[] {
  const {regions, region_name: name} = withUnderscores(entry.values);
  if (regions !== undefined) return readRegions(regions, entry);
  if (typeof name === 'string') return named(name.split(','));
  if (name !== undefined && name !== null) return readRegions(name, entry);
  const {regions: offered, region_name: only} = entry.profile ?? {};
  if (Array.isArray(offered) && offered.length > 0) return readRegions(offered, entry);
  if (Array.isArray(only)) return readRegions(only, entry);
  return named(typeof only === 'string' ? [only] : []);
}

function named(names: readonly string[]): readonly Region[] {
  return names.filter((name) => name !== '').map((name) => ({name, values: {}}));
}

function readRegions(regions: ConfigValue, entry: CloudEntry): readonly Region[] {
  if (!Array.isArray(regions)) throw badRegions(entry);
  return (regions as readonly ConfigValue[]).map((region) => readRegion(region, entry));
}

function readRegion(region: ConfigValue, entry: CloudEntry): Region {
  if (typeof region === 'string') return {name: region, values: {}};
  if (!isConfigMap(region)) throw badRegions(entry);
  const {name, values, ...others} = region;
  const known = values === undefined || values === null || isConfigMap(values);
  if (typeof name !== 'string' || !known || Object.keys(others).length > 0) throw badRegions(entry);
  return {name, values: values ?? {}};
}

function unknownRegion(entry: CloudEntry, {name, by}: RegionChoice, listed: readonly Region[]): ImgmgrError {
  const names = listed.map((region) => region.name);
  const near = didYouMean(name, names);
  const written = ['regions', 'region_name'].find((key) => key in withUnderscores(entry.values));
  return new ImgmgrError('CONFIG', `${entry.subject} has no region "${name}", it lists ${names.join(', ')}`, {
    place: by,
    hint: `${near === undefined ? '' : `${near} `}choose one of them with --region${
      by === 'OS_REGION_NAME' ? ' or unset OS_REGION_NAME' : ''
    }, or add "${name}" to ${written ?? 'regions'} at ${entry.at(written ?? '')}`,
  });
}

function badRegions(entry: CloudEntry): ImgmgrError {
  return new ImgmgrError('CONFIG', `${entry.subject} has regions that cannot be read`, {
    place: entry.at('regions'),
    hint: 'write a list of names, or of entries that have "name" and "values" and nothing else',
  });
}

function authOf(config: ConfigMap, entry: CloudEntry): ConfigMap {
  const {auth} = config;
  if (auth === undefined || auth === null) return {};
  if (isConfigMap(auth)) return auth;
  throw new ImgmgrError('CONFIG', `auth of ${entry.subject} is no mapping`, {
    place: entry.at('auth'),
    hint: 'write auth_url, username, password and so on below "auth:", indented',
  });
}

function withoutNulls(values: ConfigMap): ConfigMap {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null));
}

/**
 * `endpoint_type` is `interface`, alone and behind a service's name. `auth_type` goes to the end, where it wins over an
 * `auth-type`, which the SDK therefore never sees; the same happens to `auth_plugin`, since `auth_type` always has a value.
 */
function useCurrentNames(config: ConfigMap): ConfigMap {
  const {endpoint_type: endpointType, auth_type: authType = null, ...rest} = config;
  const current: ConfigDraft = {...rest, ...(endpointType !== undefined && {interface: endpointType})};
  const renamed = Object.entries(current).map(([key, value]) => [key.replace(/endpoint_type$/, 'interface'), value]);
  return {...Object.fromEntries(renamed), auth_type: authType} as ConfigMap;
}

/** The names under which the scope may be written, the weakest first: the last one that is there wins. */
const SPELLINGS: Readonly<Record<string, readonly string[]>> = {
  domain_id: ['domain_id', 'domain-id'],
  domain_name: ['domain_name', 'domain-name'],
  user_domain_id: ['user_domain_id', 'user-domain-id'],
  user_domain_name: ['user_domain_name', 'user-domain-name'],
  project_domain_id: ['project_domain_id', 'project-domain-id'],
  project_domain_name: ['project_domain_name', 'project-domain-name'],
  token: ['auth-token', 'auth_token', 'token'],
  project_id: ['tenant_id', 'tenant-id', 'project_id', 'project-id'],
  project_name: ['tenant_name', 'tenant-name', 'project_name', 'project-name'],
};

/** Scope and token belong into `auth`, wherever they were written; a domain that is named once is both domains. */
function moveIntoAuth(config: ConfigMap): {auth: ConfigMap; rest: ConfigMap} {
  const rest: ConfigDraft = {...config};
  const auth: ConfigDraft = isConfigMap(config.auth) ? {...config.auth} : {};
  delete rest.auth;
  for (const [name, spellings] of Object.entries(SPELLINGS)) {
    const value = takeLast(spellings, rest, auth);
    if (value !== undefined && value !== null && value !== '') auth[name] = value;
  }
  shareDomain(auth);
  return {auth, rest};
}

function takeLast(spellings: readonly string[], ...places: readonly ConfigDraft[]): ConfigValue | undefined {
  let value: ConfigValue | undefined;
  for (const spelling of spellings)
    for (const place of places) {
      if (spelling in place) value = place[spelling];
      Reflect.deleteProperty(place, spelling);
    }
  return value;
}

function shareDomain(auth: ConfigDraft): void {
  if (!('project_id' in auth) && !('project_name' in auth)) return;
  for (const kind of ['id', 'name']) {
    const domain = auth[`domain_${kind}`];
    Reflect.deleteProperty(auth, `domain_${kind}`);
    if (domain === undefined) continue;
    auth[`user_domain_${kind}`] ??= domain;
    auth[`project_domain_${kind}`] ??= domain;
  }
}
