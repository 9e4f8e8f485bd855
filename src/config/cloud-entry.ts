import {ImgmgrError} from '../errors.ts';
import {findProfile} from './cloud-files.ts';
import type {CloudFiles} from './cloud-files.ts';
import {isConfigMap} from './config-value.ts';
import type {ConfigMap, ConfigValue} from './config-value.ts';
import {environmentCloudName} from './cloud-environment.ts';
import type {ConfigContext} from './config-context.ts';

/** One cloud as it was written, with what is needed to name the place. */
export interface CloudEntry {
  readonly name: string;
  /** `cloud "x"`, the subject of sentences. */
  readonly subject: string;
  readonly values: ConfigMap;
  /** The values of the vendor profile that the entry names. */
  readonly profile?: ConfigMap;
  /** The files, or `environment (OS_*)`. */
  readonly origin: readonly string[];
  readonly fromEnvironment: boolean;
  /** How a setting is called where this cloud comes from: `password` or `OS_PASSWORD`. */
  spell(key: string): string;
  /** Where a setting is written; the entry's own place when it is not. */
  at(key: string): string;
}

/** The entry of a cloud in the files, its profile looked up. Throws CONFIG when the profile cannot be had. */
export function entryFromFiles(name: string, files: CloudFiles, context: ConfigContext): CloudEntry {
  const values = files.clouds.get(name) ?? {};
  const file = files.files[0] ?? 'clouds.yaml';
  const placeOf = (...keys: string[]): string | undefined => files.placeOf(name, keys);
  const written = (key: string): string | undefined => placeOf('auth', key) ?? placeOf(key);
  const at = (key: string): string =>
    written(key.replace(/interface$/, 'endpoint_type')) ?? written(key) ?? placeOf() ?? file;
  if (!isConfigMap(values))
    throw new ImgmgrError('CONFIG', `the entry of cloud "${name}" is no mapping`, {
      place: at(''),
      hint: 'write its settings below its name, indented, each as "key: value"',
    });
  const spell = (key: string): string => key;
  const entry = {name, subject: `cloud "${name}"`, values, origin: files.files, fromEnvironment: false, spell, at};
  return withProfile(entry, context);
}

/** The cloud that the environment describes. Throws like {@link entryFromFiles}. */
export function entryFromEnvironment(values: ConfigMap, context: ConfigContext): CloudEntry {
  const spell = (key: string): string => `OS_${key.toUpperCase()}`;
  const entry = {
    name: environmentCloudName(context.env),
    subject: 'the cloud of the OS_* environment',
    values,
    origin: ['environment (OS_*)'],
    fromEnvironment: true,
    spell,
    at: (key: string) => (key in values ? `environment variable ${spell(key)}` : 'environment'),
  };
  return withProfile(entry, context);
}

/** The text of a setting; undefined when it is absent or empty. Throws CONFIG for anything that is not text or a number. */
export function textOf(value: ConfigValue | undefined, key: string, entry: CloudEntry): string | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value === 'string') return value;
  const found = typeof value === 'boolean' ? `the truth value ${value}` : isConfigMap(value) ? 'a mapping' : 'a list';
  throw new ImgmgrError('CONFIG', `${entry.spell(key)} of ${entry.subject} is ${found}, not a text`, {
    place: entry.at(key),
    hint: typeof value === 'boolean' ? 'put the value into quotes' : 'write a single value',
  });
}

function withProfile(entry: CloudEntry, context: ConfigContext): CloudEntry {
  // A null is as good as nothing, but the older spelling is only looked at when the newer one is absent.
  const key = 'profile' in entry.values ? 'profile' : 'cloud';
  const name = textOf(entry.values[key], key, entry);
  if (name === undefined || name === environmentCloudName(context.env)) return entry;
  if (name.includes('://'))
    throw new ImgmgrError('CONFIG', `${entry.subject} takes its profile from a URL, which is not supported`, {
      place: entry.at(key),
      hint: `write auth_url and region_name into the entry, and remove ${entry.spell(key)}`,
    });
  const profile = findProfile(name, context);
  if (profile) return {...entry, profile: profile.values, origin: [...entry.origin, profile.file]};
  throw new ImgmgrError('CONFIG', `${entry.subject} names the unknown profile "${name}"`, {
    place: entry.at(key),
    hint: `no vendors are built in: add it to clouds-public.yaml under "public-clouds", or write auth_url and region_name into the entry and remove ${entry.spell(key)}`,
  });
}
