import {codeOf} from '../host/fs-error.ts';
import {IrregularFileError} from '../host/regular-file.ts';
import {join, resolve} from 'node:path';
import {ImgmgrError} from '../errors.ts';
import {readConfigFile} from './config-file.ts';
import type {ConfigFile} from './config-file.ts';
import {isConfigMap, mergeDeep} from './config-value.ts';
import type {ConfigMap, ConfigValue} from './config-value.ts';
import {variable, xdgFolder} from './config-context.ts';
import type {ConfigContext} from './config-context.ts';

/** clouds.yaml with secure.yaml over it. */
export interface CloudFiles {
  /** The entries under `clouds`, in the order of the file, whatever they are. */
  readonly clouds: ReadonlyMap<string, ConfigValue>;
  /** The files that were read, the one with the clouds first. */
  readonly files: readonly string[];
  /** Folders and named files in which clouds.yaml was looked for. */
  readonly searched: readonly string[];
  /** Files that exist but could not be read; the SDK passes them over. */
  readonly unreadable: readonly Unreadable[];
  /** Where something of a cloud's entry is written. */
  placeOf(cloud: string, keys: readonly string[]): string | undefined;
}

/** A file that could not be read: why, and what to do about it. */
export interface Unreadable {
  readonly path: string;
  readonly reason: string;
  readonly hint: string;
}

/** One profile of clouds-public.yaml. */
export interface Profile {
  readonly values: ConfigMap;
  readonly file: string;
}

/**
 * Reads the files that openstacksdk would read: of each kind the first that exists, a file named by the environment before all.
 * https://opendev.org/openstack/openstacksdk/src/tag/0.101.0/openstack/config/loader.py#L36
 * Throws CONFIG when a file is broken, or when one that the environment names cannot be read.
 */
export function loadCloudFiles(context: ConfigContext): CloudFiles {
  const clouds = find('clouds', 'OS_CLIENT_CONFIG_FILE', context);
  const secure = find('secure', 'OS_CLIENT_SECURE_FILE', context);
  const merged = mergeDeep(clouds.file?.content ?? {}, secure.file?.content ?? {});
  const files = [clouds.file, secure.file].filter((file) => file !== undefined);
  return {
    clouds: entriesOf(merged.clouds, files),
    files: files.map(({path}) => path),
    searched: clouds.searched,
    unreadable: [...clouds.unreadable, ...secure.unreadable],
    placeOf: (cloud, keys) =>
      files
        .toReversed()
        .map((file) => file.placeOf(['clouds', cloud, ...keys]))
        .find((place) => place !== undefined),
  };
}

/** The profile of that name in clouds-public.yaml; undefined when it is not there. Throws like {@link loadCloudFiles}. */
export function findProfile(name: string, context: ConfigContext): Profile | undefined {
  const {file} = find('clouds-public', 'OS_CLIENT_VENDOR_FILE', context);
  const profiles = file?.content['public-clouds'];
  const values = isConfigMap(profiles) && Object.hasOwn(profiles, name) ? profiles[name] : undefined;
  return file && isConfigMap(values) ? {values, file: file.path} : undefined;
}

/** The folders that are searched, in order, each once. */
function searchFolders({env, cwd, home}: ConfigContext): string[] {
  const sites = (variable(env, 'XDG_CONFIG_DIRS') ?? '/etc/xdg').split(':');
  return [
    ...new Set([
      cwd,
      join(xdgFolder(env, 'XDG_CONFIG_HOME', join(home, '.config')), 'openstack'),
      // A snap has a home of its own; the user's files are in the real one.
      join(variable(env, 'SNAP_REAL_HOME') ?? home, '.config', 'openstack'),
      // The SDK looks for the whole list as if it were one path, so only a single folder is ever found.
      ...(sites.length === 1 ? sites.map((site) => join(site, 'openstack')) : []),
      '/etc/openstack',
    ]),
  ];
}

interface Found {
  readonly file?: ConfigFile;
  readonly searched: readonly string[];
  readonly unreadable: readonly Unreadable[];
}

function find(base: string, override: string, context: ConfigContext): Found {
  const named = variable(context.env, override);
  const folders = searchFolders(context);
  const searched = [...(named === undefined ? [] : [`${named} (${override})`]), ...folders];
  const unreadable: Unreadable[] = [];
  if (named !== undefined) {
    const file = readNamed(resolve(context.cwd, named), override, context);
    if (file) return {file, searched, unreadable};
  }
  for (const path of folders.flatMap((folder) => SUFFIXES.map((suffix) => join(folder, base + suffix)))) {
    const read = tryRead(path, context);
    if (read.text !== undefined) return {file: readConfigFile(read.text, path), searched, unreadable};
    if (read.unreadable) unreadable.push(read.unreadable);
  }
  return {searched, unreadable};
}

const SUFFIXES = ['.yaml', '.yml', '.json'];

function readNamed(path: string, override: string, context: ConfigContext): ConfigFile | undefined {
  const {text, unreadable} = tryRead(path, context);
  if (unreadable)
    throw new ImgmgrError('CONFIG', `cannot read ${path}: ${unreadable.reason}`, {
      place: override,
      hint: `${unreadable.hint}, or unset ${override}`,
    });
  return text === undefined ? undefined : readConfigFile(text, path);
}

function tryRead(path: string, {readFile}: ConfigContext): {text?: string; unreadable?: Unreadable} {
  try {
    const text = readFile(path);
    return text === undefined ? {} : {text};
  } catch (error) {
    return {unreadable: unreadableFile(path, error)};
  }
}

function unreadableFile(path: string, error: unknown): Unreadable {
  const code = codeOf(error);
  const hint = `look at it: ls -l ${path}`;
  if (error instanceof IrregularFileError)
    return {path, reason: `it ${error.message}`, hint: 'put a regular file in its place'};
  return {path, ...(FAULTS[code] ?? {reason: code === '' ? 'it cannot be read' : code, hint})};
}

const DENIED = {reason: 'permission denied', hint: 'let this user read it'};
const FAULTS: Readonly<Record<string, Omit<Unreadable, 'path'>>> = {
  EACCES: DENIED,
  EPERM: DENIED,
  EISDIR: {reason: 'it is a directory', hint: 'put the file in its place'},
  ERR_ENCODING_INVALID_ENCODED_DATA: {reason: 'it is not UTF-8 text', hint: 'save it as UTF-8'},
};

function entriesOf(clouds: ConfigValue | undefined, files: readonly ConfigFile[]): ReadonlyMap<string, ConfigValue> {
  if (clouds === undefined || clouds === null) return new Map();
  const place = files.findLast((file) => file.placeOf(['clouds']) !== undefined)?.placeOf(['clouds']);
  if (!isConfigMap(clouds))
    throw new ImgmgrError('CONFIG', 'clouds is no mapping of names to clouds', {
      ...(place !== undefined && {place}),
      hint: 'write "clouds:", and below it each name with its settings indented',
    });
  return new Map(Object.entries(clouds));
}
