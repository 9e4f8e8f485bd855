import type {FilePosition} from '../../errors.ts';

/** A value of a YAML file together with the place where it is written; the same node can stand in several spots (aliases). */
export type YamlNode = YamlScalar | YamlList | YamlMap;

/** What a scalar means under YAML 1.1, the meaning that PyYAML gives it. */
export type ScalarKind = 'text' | 'integer' | 'float' | 'boolean' | 'null' | 'timestamp';

/** One scalar. A timestamp's value is its text; an integer beyond 2^53 loses digits in `value`, never in `source`. */
export interface YamlScalar {
  readonly kind: 'scalar';
  readonly type: ScalarKind;
  readonly value: string | number | boolean | null;
  /** As written, without quotes: `1.10`, `yes`, `0644`. */
  readonly source: string;
  readonly place: FilePosition;
}

export interface YamlList {
  readonly kind: 'list';
  readonly items: readonly YamlNode[];
  readonly place: FilePosition;
}

/** A mapping with its merge keys applied, in PyYAML's order: merged entries first. */
export interface YamlMap {
  readonly kind: 'map';
  readonly entries: readonly YamlEntry[];
  readonly place: FilePosition;
}

/** One pair; `key.source` is the key as written. */
export interface YamlEntry {
  readonly key: YamlScalar;
  readonly value: YamlNode;
}

/** Steps into a tree: keys of mappings and indexes of lists. */
export type YamlPath = readonly PropertyKey[];

/** The entry of a mapping under this key; undefined for other nodes too. */
export function entryOf(node: YamlNode | undefined, key: PropertyKey): YamlEntry | undefined {
  if (node?.kind !== 'map') return undefined;
  let index = indexes.get(node);
  if (index === undefined) {
    // Of several keys with the same source the first counts.
    index = new Map(node.entries.toReversed().map((entry) => [entry.key.source, entry]));
    indexes.set(node, index);
  }
  return index.get(key);
}

/** A hostile file has as many unknown keys as it likes, and each is looked for. */
const indexes = new WeakMap<YamlMap, ReadonlyMap<PropertyKey, YamlEntry>>();

/** The node at the end of a path; undefined when a step leads nowhere. */
export function nodeAt(root: YamlNode, path: YamlPath): YamlNode | undefined {
  let node: YamlNode | undefined = root;
  for (const step of path)
    node = node?.kind === 'list' && typeof step === 'number' ? node.items[step] : entryOf(node, step)?.value;
  return node;
}

/** The tree as plain JavaScript values; keys become their source text. */
export function plainValue(node: YamlNode): unknown {
  if (node.kind === 'scalar') return node.value;
  if (node.kind === 'list') return node.items.map(plainValue);
  return Object.fromEntries(node.entries.map(({key, value}) => [key.source, plainValue(value)]));
}
