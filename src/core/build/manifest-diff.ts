import type {Manifest, ManifestFile} from './manifest.ts';
import type {Package} from './packages.ts';
import type {BuildFormat} from './spec.ts';
import {BUILD_FORMATS} from './spec.ts';

/** What differs between two builds; names, times and digests of the files always do, so they are no difference. */
export interface ManifestDiff {
  readonly packages: {
    readonly added: readonly Package[];
    readonly removed: readonly Package[];
    readonly changed: readonly {readonly old: Package; readonly new: Package}[];
  };
  readonly elements: {
    readonly added: readonly string[];
    readonly removed: readonly string[];
    readonly changed: readonly string[];
  };
  /** One value each; `undefined`: that manifest has none. */
  readonly values: readonly {
    readonly name: 'machine' | 'diskimage-builder' | 'agent' | 'mirror';
    readonly old: string | undefined;
    readonly new: string | undefined;
  }[];
  /** Names of other inputs whose hash changed (`environment`, …); what they hold is not in a manifest. */
  readonly inputs: readonly string[];
  /** Bytes; `undefined`: that build has no file of the format. */
  readonly sizes: readonly {
    readonly format: BuildFormat;
    readonly what: 'file' | 'disk';
    readonly old: number | undefined;
    readonly new: number | undefined;
  }[];
}

/** Compares two manifests, mostly of one definition; everything in the order of the names. */
export function diffManifests(old: Manifest, now: Manifest): ManifestDiff {
  return {
    packages: diffPackages(old.packages, now.packages),
    elements: diffElements(old.elements, now.elements),
    values: diffValues(old, now),
    inputs: diffInputs(old, now),
    sizes: BUILD_FORMATS.flatMap((format) => diffSizes(format, {old: fileOf(old, format), new: fileOf(now, format)})),
  };
}

/** Lines for people: `+` only in the new one, `-` only in the old one, `~` changed; counts at the end, or `no difference`. */
export function renderDiff(diff: ManifestDiff): readonly string[] {
  const {packages, elements} = diff;
  const label = labeller([...packages.added, ...packages.removed, ...packages.changed.map((each) => each.new)]);
  const lines = [
    ...elements.removed.map((name) => `- element ${name}`),
    ...elements.added.map((name) => `+ element ${name}`),
    ...elements.changed.map((name) => `~ element ${name}`),
    ...diff.values.map((value) => pair(value.name, value)),
    ...diff.inputs.map((name) => `~ ${name}`),
    ...diff.sizes.map(({format, what, ...size}) => pair(`${format} ${what}, bytes`, size)),
    ...packages.removed.map((each) => `- ${label(each)} ${each.version}`),
    ...packages.added.map((each) => `+ ${label(each)} ${each.version}`),
    ...packages.changed.map((each) => `~ ${label(each.new)} ${changedVersion(each)}`),
  ];
  return lines.length === 0 ? ['no difference'] : [...lines, counts(diff)];
}

function diffPackages(old: readonly Package[], now: readonly Package[]): ManifestDiff['packages'] {
  const [olds, news] = [byName(old), byName(now)];
  const names = [...new Set([...olds.keys(), ...news.keys()])].sort();
  const parts = names.map((name) => diffOneName(olds.get(name) ?? [], news.get(name) ?? []));
  return {
    added: parts.flatMap(({added}) => added),
    removed: parts.flatMap(({removed}) => removed),
    changed: parts.flatMap(({changed}) => changed),
  };
}

/** One name may be there several times: for two architectures, or kernels of several versions. */
function diffOneName(old: readonly Package[], now: readonly Package[]): ManifestDiff['packages'] {
  const removed = without(old, now);
  const added = without(now, old);
  const [only, onlyNew] = [removed[0], added[0]];
  if (removed.length === 1 && added.length === 1 && only && onlyNew)
    return {added: [], removed: [], changed: [{old: only, new: onlyNew}]};
  const changed = removed.flatMap((each) => {
    const same = ({arch}: Package): boolean => arch === each.arch;
    const [partner, ...others] = added.filter(same);
    return partner && others.length === 0 && removed.filter(same).length === 1 ? [{old: each, new: partner}] : [];
  });
  const paired = new Set(changed.flatMap((each) => [each.old, each.new]));
  const isAlone = (each: Package): boolean => !paired.has(each);
  return {added: added.filter(isAlone), removed: removed.filter(isAlone), changed};
}

function byName(packages: readonly Package[]): Map<string, Package[]> {
  return Map.groupBy(packages, ({name}) => name);
}

function without(packages: readonly Package[], others: readonly Package[]): Package[] {
  return packages.filter(
    ({version, arch}) => !others.some((other) => other.version === version && other.arch === arch),
  );
}

function diffElements(old: Manifest['elements'], now: Manifest['elements']): ManifestDiff['elements'] {
  const [olds, news] = [Object.keys(old).sort(), Object.keys(now).sort()];
  return {
    added: news.filter((name) => !Object.hasOwn(old, name)),
    removed: olds.filter((name) => !Object.hasOwn(now, name)),
    changed: news.filter((name) => Object.hasOwn(old, name) && old[name] !== now[name]),
  };
}

function diffValues(old: Manifest, now: Manifest): ManifestDiff['values'] {
  const values: ManifestDiff['values'] = [
    {name: 'machine', old: old.machine, new: now.machine},
    {name: 'diskimage-builder', old: old.diskImageBuilder.version, new: now.diskImageBuilder.version},
    {name: 'agent', old: old.agent?.version, new: now.agent?.version},
    {name: 'mirror', old: old.mirror, new: now.mirror},
  ];
  return values.filter((value) => value.old !== value.new);
}

function diffInputs(old: Manifest, now: Manifest): readonly string[] {
  const [olds, news] = [old.inputs.parts, now.inputs.parts];
  const names = [...new Set([...Object.keys(olds), ...Object.keys(news)])].sort();
  return names.filter((name) => olds[name] !== news[name] && !TOLD_ELSEWHERE.test(name));
}

const TOLD_ELSEWHERE = /^elements\/|^diskimage-builder$/;

function fileOf({files}: Manifest, format: BuildFormat): ManifestFile | undefined {
  return files.find((file) => file.format === format);
}

interface Change<T> {
  readonly old: T | undefined;
  readonly new: T | undefined;
}

function diffSizes(format: BuildFormat, files: Change<ManifestFile>): ManifestDiff['sizes'] {
  const sizes: ManifestDiff['sizes'] = [
    {format, what: 'file', old: files.old?.bytes, new: files.new?.bytes},
    {format, what: 'disk', old: files.old?.virtualBytes, new: files.new?.virtualBytes},
  ];
  return sizes.filter((size) => size.old !== size.new);
}

/** Names a package with its architecture where the name alone would stand there twice. */
function labeller(shown: readonly Package[]): (each: Package) => string {
  const groups = byName(shown);
  return ({name, arch}) => ((groups.get(name)?.length ?? 0) > 1 ? `${name}:${arch}` : name);
}

function changedVersion({old, new: now}: {readonly old: Package; readonly new: Package}): string {
  if (old.arch === now.arch) return `${old.version} -> ${now.version}`;
  return `${old.version} (${old.arch}) -> ${now.version} (${now.arch})`;
}

function pair(name: string, {old, new: now}: Change<string | number>): string {
  if (old === undefined) return `+ ${name} ${now ?? ''}`;
  return now === undefined ? `- ${name} ${old}` : `~ ${name} ${old} -> ${now}`;
}

function counts({packages, elements, values, inputs, sizes}: ManifestDiff): string {
  const {added, removed, changed} = packages;
  const others = [elements.added, elements.removed, elements.changed, values, inputs, sizes];
  const other = others.reduce((sum, {length}) => sum + length, 0);
  return `packages: ${added.length} added, ${removed.length} removed, ${changed.length} changed; other differences: ${other}`;
}
