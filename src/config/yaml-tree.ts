import type {YamlEntry, YamlList, YamlMap, YamlNode, YamlScalar} from '../core/definition/yaml-node.ts';
import type {Problem} from '../errors.ts';
import {formatPosition} from '../errors.ts';
import type {PositionFinder} from './yaml-position.ts';
import {meaningOfPlain, meaningUnderTag} from './yaml-scalar.ts';
import type {AliasToken, NodeMarks, OpenToken, ScalarToken, YamlToken} from './yaml-token.ts';
import {YamlStop} from './yaml-token.ts';

/**
 * The tree of the one document, aliases and merge keys resolved; absent when there is none. Throws {@link YamlStop} where
 * reading on makes no sense.
 */
export function buildTree(
  tokens: Iterable<YamlToken>,
  places: PositionFinder,
): {root?: YamlNode; problems: readonly Problem[]} {
  const builder = new TreeBuilder([...tokens], places);
  const root = builder.document();
  return {...(root && {root}), problems: builder.problems};
}

/** Values in a file once every alias and merge key is written out; a catalogue of 10,000 images has half as many. */
const MAX_EXPANDED = 1_000_000;

/** A node, where it begins, and how many values it stands for. */
interface Weighed<T extends YamlNode = YamlNode> {
  readonly node: T;
  readonly start: number;
  readonly weight: number;
}

class TreeBuilder {
  readonly problems: Problem[] = [];
  private readonly tokens: readonly YamlToken[];
  private readonly places: PositionFinder;
  /** Undefined while the anchor's own node is being read. */
  private readonly anchors = new Map<string, Weighed | undefined>();
  private next = 0;
  /** Where the last thing began that has a place: the place of a value that is not written. */
  private last = 0;
  private merged = 0;

  constructor(tokens: readonly YamlToken[], places: PositionFinder) {
    this.tokens = tokens;
    this.places = places;
  }

  document(): YamlNode | undefined {
    if (this.tokens[this.next++]?.kind !== 'document') return undefined;
    const {node} = this.node();
    this.next++;
    const [, more] = this.tokens.slice(this.next);
    if (more) {
      const start = 'start' in more && more.start >= 0 ? more.start : this.last;
      throw new YamlStop(start, 'the file holds more than one document', 'keep one document per file, without ---');
    }
    return node.kind === 'scalar' && node.type === 'null' && node.source === '' ? undefined : node;
  }

  private node(): Weighed {
    const token = this.tokens[this.next++];
    if (token?.kind === 'alias') return this.alias(token);
    if (token?.kind !== 'scalar' && token?.kind !== 'list' && token?.kind !== 'map')
      throw new Error('the tokens of the YAML parser broke off');
    if (token.start >= 0) this.last = token.start;
    const start = this.last;
    this.announce(token, start);
    const weighed = token.kind === 'scalar' ? {node: this.scalar(token), start, weight: 1} : this.collection(token);
    if (weighed.weight + this.merged > MAX_EXPANDED) throw this.hasAliases() ? tooMany(start) : tooLarge(start);
    if (token.anchor !== undefined) this.anchors.set(token.anchor, weighed);
    return weighed;
  }

  private announce({anchor}: NodeMarks, start: number): void {
    if (anchor === undefined) return;
    if (this.anchors.has(anchor))
      throw new YamlStop(start, `anchor &${anchor} is defined twice`, 'give each anchor a name of its own');
    this.anchors.set(anchor, undefined);
  }

  private hasAliases(): boolean {
    return this.tokens.some(({kind}) => kind === 'alias');
  }

  private alias({name, start}: AliasToken): Weighed {
    this.last = start;
    const found = this.anchors.get(name);
    if (found) return found;
    if (this.anchors.has(name))
      throw new YamlStop(start, `alias *${name} stands inside the value that it names`, 'remove the alias');
    throw new YamlStop(start, `alias *${name} has no anchor`, `define &${name} before it, or quote the value`);
  }

  private scalar({text: source, plain, tag}: ScalarToken): YamlScalar {
    const place = this.places.at(this.last);
    if (tag === undefined && !plain) return {kind: 'scalar', type: 'text', value: source, source, place};
    // PyYAML resolves a scalar behind the bare tag `!` as if it were unquoted.
    const meaning = tag === undefined || tag === '!' ? meaningOfPlain(source) : meaningUnderTag(tag, source);
    if (meaning) return {kind: 'scalar', ...meaning, source, place};
    const message =
      tag === undefined ? `${source} has no meaning without quotes` : `${source} under the tag ${tag} cannot be read`;
    this.problems.push({message, place, hint: tag === undefined ? `quote it: '${source}'` : 'remove the tag'});
    return {kind: 'scalar', type: 'text', value: source, source, place};
  }

  private collection(token: OpenToken): Weighed {
    const own = token.kind === 'list' ? '!!seq' : '!!map';
    if (token.tag !== undefined && token.tag !== '!' && token.tag !== own)
      throw new YamlStop(token.start, `tag ${token.tag} is not supported here`, 'remove the tag');
    return token.kind === 'list' ? this.list(token.start) : this.map(token.start);
  }

  private list(start: number): Weighed<YamlList> {
    const items: YamlNode[] = [];
    let weight = 1;
    while (!this.atEnd()) {
      const item = this.node();
      items.push(item.node);
      weight += item.weight;
    }
    return {node: {kind: 'list', items, place: this.places.at(start)}, start, weight};
  }

  private map(start: number): Weighed<YamlMap> {
    const own = new Map<string, YamlEntry>();
    const inherited = new Map<string, YamlEntry>();
    let weight = 1;
    while (!this.atEnd()) {
      const merges = this.atMergeKey();
      const key = this.key();
      const value = this.node();
      weight += 1 + value.weight;
      if (merges) this.merge(inherited, value);
      else this.add(own, {key, value: value.node});
    }
    // As in Python's dict, an entry keeps the position of its first sight and takes the last value.
    const entries = [...new Map([...inherited, ...own]).values()];
    return {node: {kind: 'map', entries, place: this.places.at(start)}, start, weight};
  }

  private key(): YamlScalar {
    const {node, start} = this.node();
    if (node.kind === 'scalar') return node;
    throw new YamlStop(
      start,
      `a ${node.kind === 'list' ? 'list' : 'mapping'} stands where a key belongs`,
      'quote the key',
    );
  }

  private add(entries: Map<string, YamlEntry>, entry: YamlEntry): void {
    const identity = identityOf(entry.key);
    const first = entries.get(identity);
    if (!first) {
      entries.set(identity, entry);
      return;
    }
    const message = `key ${entry.key.source} is given twice, first at ${formatPosition(first.key.place)}`;
    this.problems.push({message, place: entry.key.place, hint: 'remove one of the two'});
  }

  /** Later merge keys win over earlier ones; inside the list of one, the first mapping wins. */
  private merge(entries: Map<string, YamlEntry>, {node, start}: Weighed): void {
    const maps = node.kind === 'list' ? node.items.toReversed() : [node];
    for (const map of maps) {
      if (map.kind !== 'map')
        throw new YamlStop(
          start,
          'the merge key << takes a mapping or a list of mappings',
          "write <<: *name, or quote the key: '<<'",
        );
      this.merged += map.entries.length + 1;
      if (this.merged > MAX_EXPANDED) throw tooMany(start);
      for (const entry of map.entries) entries.set(identityOf(entry.key), entry);
    }
  }

  private atMergeKey(): boolean {
    const token = this.tokens[this.next];
    return token?.kind === 'scalar' && token.plain && token.tag === undefined && token.text === '<<';
  }

  private atEnd(): boolean {
    if (this.tokens[this.next]?.kind !== 'end') return false;
    this.next++;
    return true;
  }
}

/** Keys are the same when Python's dict says so: `1` and `1.0` are, `1` and `'1'` are not. */
function identityOf(key: YamlScalar): string {
  return typeof key.value === 'string' ? `text ${key.value}` : `value ${Number(key.value)} ${key.value === null}`;
}

function tooLarge(offset: number): YamlStop {
  return new YamlStop(offset, `the file holds more than ${MAX_EXPANDED} values`, 'split it into several files');
}

function tooMany(offset: number): YamlStop {
  const message = `aliases and merge keys stand for more than ${MAX_EXPANDED} values`;
  return new YamlStop(offset, message, 'write the values out instead of nesting aliases');
}
