import type {Problem} from '../../errors.ts';
import {rivalClaims, repeatedNames} from './conflicts.ts';
import {convertImage} from './convert.ts';
import {readMeta} from './meta.ts';
import {problemsOf} from './problems.ts';
import type {ImageSite} from './subject.ts';
import {brokenRules} from './rules.ts';
import {fileShape, imageSchema, keysOfImage} from './schema.ts';
import {subjectOf} from './subject.ts';
import type {Definition} from './definition.ts';
import type {YamlMap, YamlNode, YamlPath} from './yaml-node.ts';
import {entryOf, nodeAt, plainValue} from './yaml-node.ts';

/** What was read: the definitions that are right, in the order of the files, and all problems of all files. */
export interface ReadDefinitions {
  readonly definitions: readonly Definition[];
  /** Each definition with the mapping that it was read from. */
  readonly written: readonly WrittenDefinition[];
  readonly problems: readonly Problem[];
}

/** A definition with the mapping of its file that it was read from. */
export interface WrittenDefinition {
  readonly definition: Definition;
  readonly node: YamlMap;
}

type ReadPart = Pick<ReadDefinitions, 'written' | 'problems'>;

/** Reads the trees of all files at once, so that what contradicts across files is found too. Never throws. */
export function readDefinitions(roots: readonly YamlNode[]): ReadDefinitions {
  const files = roots.map(readFile);
  const written = files.flatMap((file) => file.written);
  const definitions = written.map(({definition}) => definition);
  const sites = roots.flatMap(sitesOf);
  const problems = files.flatMap((file) => file.problems);
  return {definitions, written, problems: [...problems, ...repeatedNames(sites), ...rivalClaims(definitions)]};
}

function readFile(root: YamlNode): ReadPart {
  const shape = fileShape.safeParse(shallowValue(root));
  const checked = {root, base: [], knownKeys: () => ['images']};
  const images = entriesOf(root).map((_, index) => readImage(root, index));
  return {
    written: images.flatMap((image) => image.written),
    problems: [...problemsOf(shape.error?.issues ?? [], checked), ...images.flatMap((image) => image.problems)],
  };
}

/** The file, with nothing in its images. */
function shallowValue(root: YamlNode): unknown {
  if (root.kind !== 'map') return plainValue(root);
  const images = entryOf(root, 'images')?.value;
  const empty = images?.kind === 'list' && {images: images.items.map(() => null)};
  const others = root.entries.filter(({key}) => !empty || key.source !== 'images');
  return {...Object.fromEntries(others.map(({key, value}) => [key.source, plainValue(value)])), ...empty};
}

function readImage(root: YamlNode, index: number): ReadPart {
  const base: YamlPath = ['images', index];
  const node = nodeAt(root, base);
  const parsed = imageSchema.safeParse(node && plainValue(node));
  const checked = {root, base, knownKeys: keysOfImage};
  const misfits = problemsOf(parsed.error?.issues ?? [], checked);
  if (node?.kind !== 'map') return {written: [], problems: misfits};
  const site = {root, path: base, image: node};
  const problems = [...misfits, ...brokenRules(site), ...metaProblems(site)];
  if (!parsed.success || problems.length > 0) return {written: [], problems};
  return {written: [{definition: convertImage(parsed.data, node), node}], problems};
}

function metaProblems({root, path, image}: ImageSite): Problem[] {
  const versions = entryOf(image, 'versions')?.value;
  const items = versions?.kind === 'list' ? versions.items.map((_, index) => [...path, 'versions', index]) : [];
  return [path, ...items].flatMap((owner) => {
    const section = entryOf(nodeAt(root, owner), 'meta')?.value;
    return section?.kind === 'map' ? readMeta(section, subjectOf(root, [...owner, 'meta'])).problems : [];
  });
}

function sitesOf(root: YamlNode): ImageSite[] {
  return entriesOf(root).flatMap((image, index) =>
    image.kind === 'map' ? [{root, path: ['images', index], image}] : [],
  );
}

function entriesOf(root: YamlNode): readonly YamlNode[] {
  const images = entryOf(root, 'images')?.value;
  return images?.kind === 'list' ? images.items : [];
}
