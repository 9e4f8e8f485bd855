import {builtMeta} from '../build/claims.ts';
import type {BuildSpec, ContainerSpec} from '../build/spec.ts';
import {BUILD_FORMATS} from '../build/spec.ts';
import {readMeta} from './meta.ts';
import type {RawAudit, RawBuild, RawImage, RawLimits, RawShare, RawVerify, RawVersion} from './schema.ts';
import {mapsUnder} from './subject.ts';
import type {Definition, DefinitionHold, Share, VerifySettings, Version} from './definition.ts';
import {parseDigest} from '../release/digest.ts';
import type {SizeLimits} from '../limits.ts';
import {parseSize} from '../limits.ts';
import type {Exception} from '../rules/profile.ts';
import {parseDuration, parseUntil} from '../time-text.ts';
import type {YamlMap} from './yaml-node.ts';
import {entryOf} from './yaml-node.ts';

/** A whole build, downloads and all; nodepool and its like give as much. */
const BUILD_TIMEOUT_SECONDS = 3600;

/** An entry of `images` that fits the schema as a {@link Definition}; `node` is where it was read from. */
export function convertImage(raw: RawImage, node: YamlMap): Definition {
  const versions = mapsUnder(node, 'versions');
  return {
    name: raw.name,
    enabled: raw.enable ?? true,
    format: raw.format,
    login: raw.login,
    minDiskGib: raw.min_disk ?? 0,
    minRamMib: raw.min_ram,
    status: raw.status,
    visibility: raw.visibility,
    multi: raw.multi,
    separator: raw.separator ?? ' ',
    keep: raw.keep ?? false,
    protected: raw.protected ?? false,
    tags: [...new Set(raw.tags)],
    meta: {...(raw.build && builtMeta(raw.build)), ...definitionMeta(node)},
    versions: (raw.versions ?? []).map((version, index) => convertVersion(version, versions[index] ?? node)),
    place: placeOf(node, 'name'),
    ...given('password', raw.password),
    ...given('imageDescription', raw.image_description),
    ...given('retireAs', raw.retire_as),
    ...given('stores', raw.stores && [...new Set(raw.stores)]),
    ...given('share', raw.share ? convertShare(raw.share) : undefined),
    ...given('build', raw.build && convertBuild(raw.build, raw.format)),
    ...given('verify', raw.verify && convertVerify(raw.verify)),
    ...given('limits', raw.limits ? convertLimits(raw.limits) : undefined),
    ...given('exceptions', raw.audit && convertExceptions(raw.audit, node)),
    ...given('hold', raw.hold ? convertHold(raw.hold, node) : undefined),
  };
}

function convertVersion(raw: RawVersion, node: YamlMap): Version {
  return {
    version: raw.version,
    url: raw.url,
    meta: metaOf(node),
    place: placeOf(node, 'version'),
    ...given('mirrorUrl', raw.mirror_url),
    ...given('checksum', parseDigest(raw.checksum ?? '')),
    ...given('checksumsUrl', raw.checksums_url),
    ...given('checksumUrl', raw.checksum_url),
    ...given('allowHttpRedirect', raw.allow_http_redirect),
    ...given('buildDate', raw.build_date?.slice(0, 10)),
    ...given('visibility', raw.visibility),
    ...given('hidden', raw.hidden),
    ...given('osVersion', raw.os_version),
    ...given('imageDescription', raw.image_description),
    ...given('source', raw.source),
    ...given('id', raw.id),
    ...given('revoked', raw.revoked),
  };
}

function convertBuild(raw: RawBuild, format: RawImage['format']): BuildSpec {
  const own = BUILD_FORMATS.find((known) => known === format);
  return {
    elements: [...new Set(raw.elements)],
    environment: Object.fromEntries(
      Object.entries(raw.environment ?? {}).map(([name, value]) => [name, String(value)]),
    ),
    packages: [...new Set(raw.packages)],
    formats: [...new Set(raw.formats ?? (own ? [own] : []))],
    compress: raw.compress ?? true,
    timeoutSeconds: parseDuration(raw.timeout ?? '') ?? BUILD_TIMEOUT_SECONDS,
    ...given('release', raw.release),
    ...given('sizeGib', raw.size),
    ...given('mkfsOptions', raw.mkfs_options),
    ...given('elementsPath', raw.elements_path),
    ...given('container', convertContainer(raw)),
    ...given('source', raw.source),
  };
}

function convertContainer({containerfile, context, build_args: args}: RawBuild): ContainerSpec | undefined {
  if (containerfile === undefined || containerfile === null) return undefined;
  return {
    file: containerfile,
    ...given('context', context),
    args: Object.fromEntries(Object.entries(args ?? {}).map(([name, value]) => [name, String(value)])),
  };
}

function convertShare({projects, domains}: RawShare): Share {
  const ids = (projects ?? []).map((id) => id.replaceAll('-', ''));
  return {projects: [...new Set(ids)], domains: [...new Set(domains)]};
}

function convertLimits({download, unpacked, virtual}: RawLimits): Partial<SizeLimits> {
  const bytes = (value: string | number | null | undefined): number | undefined => parseSize(String(value ?? ''));
  return {
    ...given('download', bytes(download)),
    ...given('unpacked', bytes(unpacked)),
    ...given('virtual', bytes(virtual)),
  };
}

function convertExceptions({ignore}: RawAudit, node: YamlMap): readonly Exception[] {
  const places = mapsUnder(entryOf(node, 'audit')?.value, 'ignore');
  return ignore.map((exception, index) => ({...exception, place: placeOf(places[index] ?? node, 'until')}));
}

function convertHold({until, reason}: NonNullable<RawImage['hold']>, node: YamlMap): DefinitionHold {
  const section = entryOf(node, 'hold')?.value;
  const place = section?.kind === 'map' ? placeOf(section, 'until') : node.place;
  return {untilMs: parseUntil(until) ?? 0, reason, place};
}

function convertVerify(raw: RawVerify): VerifySettings {
  const {checks, datasource} = raw;
  const switches =
    checks && Object.fromEntries(Object.entries(checks).map(([check, setting]) => [check, switchOf(setting ?? true)]));
  return {
    ...given('mode', raw.mode),
    ...given('deadlineSeconds', parseDuration(raw.deadline ?? '')),
    ...given('flavor', raw.flavor),
    ...given('network', raw.network),
    ...given('root', raw.root),
    ...given('start', raw.start),
    ...given('ready', raw.ready),
    ...given('console', raw.console),
    ...given('port', raw.port),
    ...given('checks', switches),
    ...given('datasources', typeof datasource === 'string' ? [datasource] : datasource),
  };
}

/** `'on'` and `'off'` in quotes mean what they mean without. */
function switchOf(setting: boolean | 'on' | 'off' | 'fail' | 'warn' | 'info'): boolean | 'fail' | 'warn' | 'info' {
  if (setting === 'on') return true;
  return setting === 'off' ? false : setting;
}

function definitionMeta(node: YamlMap): Record<string, string> {
  const entries = Object.entries(metaOf(node));
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => entry[1] !== null));
}

function metaOf(node: YamlMap): Readonly<Record<string, string | null>> {
  const section = entryOf(node, 'meta')?.value;
  return section?.kind === 'map' ? readMeta(section, 'meta').values : {};
}

function placeOf(node: YamlMap, key: string): YamlMap['place'] {
  return entryOf(node, key)?.value.place ?? node.place;
}

/** A field that is left out when the file leaves it out or empty. */
function given<K extends string, V>(key: K, value: V | null | undefined | ''): Partial<Record<K, Exclude<V, ''>>> {
  if (value === null || value === undefined || value === '') return {};
  return {[key]: value} as Partial<Record<K, Exclude<V, ''>>>;
}
