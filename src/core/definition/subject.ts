import type {YamlMap, YamlNode, YamlPath} from './yaml-node.ts';
import {entryOf, nodeAt} from './yaml-node.ts';

/** One image definition in its file. */
export interface ImageSite {
  readonly root: YamlNode;
  readonly path: YamlPath;
  readonly image: YamlMap;
}

/** What a path leads into, in words: `version "1" of image "Debian 12"`, `meta of image number 3`, `the file`. */
export function subjectOf(root: YamlNode, path: YamlPath): string {
  const [, index, section, item, ...rest] = path;
  if (index === undefined) return 'the file';
  const image = named('image', 'name', nodeAt(root, path.slice(0, 2)), index);
  if (section === undefined) return image;
  if (section !== 'versions' || item === undefined) return `${path.slice(2).filter(isName).join('.')} of ${image}`;
  const version = `${named('version', 'version', nodeAt(root, path.slice(0, 4)), item)} of ${image}`;
  return rest.length === 0 ? version : `${rest.filter(isName).join('.')} of ${version}`;
}

/** The text under a key; undefined when it is absent or no text. */
export function textUnder(node: YamlNode | undefined, key: string): string | undefined {
  const value = entryOf(node, key)?.value;
  return value?.kind === 'scalar' && typeof value.value === 'string' ? value.value : undefined;
}

/** True when the key is there with any value but null. */
export function isGiven(node: YamlMap, key: string): boolean {
  const value = entryOf(node, key)?.value;
  return value !== undefined && !(value.kind === 'scalar' && value.type === 'null');
}

/** The mappings in the list under a key; what is no mapping is left out. */
export function mapsUnder(node: YamlNode | undefined, key: string): YamlMap[] {
  const list = entryOf(node, key)?.value;
  return list?.kind === 'list' ? list.items.filter((item) => item.kind === 'map') : [];
}

function named(kind: string, key: string, node: YamlNode | undefined, index: PropertyKey): string {
  const name = textUnder(node, key);
  return name === undefined ? `${kind} number ${Number(index) + 1}` : `${kind} "${name}"`;
}

function isName(step: PropertyKey): step is string {
  return typeof step === 'string';
}
