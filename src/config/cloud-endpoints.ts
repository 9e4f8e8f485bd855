import {didYouMean} from '../core/nearest.ts';
import type {Interface, OpenStackCloud, PerService, Service} from '../core/resolved-cloud.ts';
import {ImgmgrError} from '../errors.ts';
import {textOf} from './cloud-entry.ts';
import type {CloudEntry} from './cloud-entry.ts';
import type {ConfigMap, ConfigValue} from './config-value.ts';
import {fillIn} from './fill-in.ts';

/** The part of a cloud that says how its services are found. */
export type Endpoints = Pick<
  OpenStackCloud,
  | 'interface'
  | 'interfaces'
  | 'endpointOverrides'
  | 'apiVersions'
  | 'serviceRegions'
  | 'serviceInterfaces'
  | 'catalogTypes'
  | 'catalogNames'
>;

/**
 * Reads interface, overrides, versions and the settings that differ per service. Throws CONFIG for an unknown interface, an
 * override that is no URL, and an image API that is not version 2.
 */
export function readEndpoints(settings: ConfigMap, entry: CloudEntry): Endpoints {
  const text = (key: string): string | undefined => {
    const value = textOf(settings[key], key, entry);
    return value === undefined ? undefined : fillIn(value, settings, entry.at(key));
  };
  const interfaces = readInterfaces(settings.interface, 'interface', entry) ?? ['public'];
  refuseOldImages(perService(settings, ['api_version'], text).image, entry);
  return {
    interface: interfaces[0] ?? 'public',
    interfaces,
    endpointOverrides: perService(settings, ['endpoint_override', 'endpoint'], (key) =>
      requireUrl(text(key), key, entry),
    ),
    apiVersions: perService(settings, ['api_version'], (key) => numeric(text(key))),
    serviceRegions: perService(settings, ['region_name'], text),
    serviceInterfaces: perService(settings, ['interface'], (key) => readInterfaces(settings[key], key, entry)),
    catalogTypes: perService(settings, ['service_type'], text),
    catalogNames: perService(settings, ['service_name'], text),
  };
}

/**
 * The prefixes of each service's settings; of those that are there the first counts.
 * https://service-types.openstack.org/service-types.json
 */
const PREFIXES: Readonly<Record<Service, readonly string[]>> = {
  image: ['image'],
  compute: ['compute'],
  network: ['network'],
  identity: ['identity'],
  'block-storage': ['block_storage', 'volumev3', 'volumev2', 'volume', 'block_store'],
  placement: ['placement'],
};

function perService<Value>(
  settings: ConfigMap,
  suffixes: readonly string[],
  read: (key: string) => Value | undefined,
): PerService<Value> {
  const found: Partial<Record<Service, Value>> = {};
  for (const [service, prefixes] of Object.entries(PREFIXES) as [Service, readonly string[]][])
    for (const suffix of suffixes) {
      const key = prefixes.map((prefix) => `${prefix}_${suffix}`).find((name) => isGiven(settings[name]));
      const value = key === undefined ? undefined : read(key);
      if (value !== undefined) found[service] ??= value;
    }
  return found;
}

function isGiven(value: ConfigValue | undefined): boolean {
  return value !== undefined && value !== null;
}

/** One name or a list of them, each also in the older form `publicURL`; undefined when there is none. */
function readInterfaces(
  value: ConfigValue | undefined,
  key: string,
  entry: CloudEntry,
): readonly Interface[] | undefined {
  const values = Array.isArray(value) ? (value as readonly ConfigValue[]) : [value];
  const names = values.map((each) => textOf(each, key, entry)).filter((name) => name !== undefined);
  return names.length === 0 ? undefined : [...new Set(names.map((name) => readInterface(name, key, entry)))];
}

function readInterface(written: string, key: string, entry: CloudEntry): Interface {
  const name = written.replace(/URL$/, '');
  const known = INTERFACES.find((candidate) => candidate === name);
  if (known !== undefined) return known;
  throw new ImgmgrError('CONFIG', `${entry.spell(key)} of ${entry.subject} is "${written}"`, {
    place: entry.at(key),
    hint: didYouMean(written, INTERFACES) ?? `it is one of ${INTERFACES.join(', ')}`,
  });
}

const INTERFACES: readonly Interface[] = ['public', 'internal', 'admin'];

function requireUrl(value: string | undefined, key: string, entry: CloudEntry): string | undefined {
  if (value === undefined || /^https?:\/\/[^/]/.test(value)) return value;
  throw new ImgmgrError('CONFIG', `${entry.spell(key)} of ${entry.subject} is no http or https URL`, {
    place: entry.at(key),
    hint: 'write it like https://glance.example.com:9292',
  });
}

/** The SDK looks at versions only when they are numbers; `latest` and the like mean nothing there. */
function numeric(version: string | undefined): string | undefined {
  return version !== undefined && /^\d+(?:\.\d+)?$/.test(version) ? version : undefined;
}

function refuseOldImages(version: string | undefined, entry: CloudEntry): void {
  if (version === undefined || numeric(version) === undefined || version.split('.')[0] === '2') return;
  throw new ImgmgrError('CONFIG', `${entry.spell('image_api_version')} of ${entry.subject} is ${version}`, {
    place: entry.at('image_api_version'),
    hint: 'only version 2 of the image API is supported: set 2, or remove the setting',
  });
}
