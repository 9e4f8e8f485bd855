import {EVENT_ID, getScalarValue, parseEvents, SCALAR_STYLE, YAMLException} from 'js-yaml';
import type {AliasEvent, Event, MappingEvent, ScalarEvent, SequenceEvent} from 'js-yaml';
import {plainValue} from '../core/yaml-node.ts';
import type {YamlEntry, YamlList, YamlMap, YamlNode, YamlScalar} from '../core/yaml-node.ts';
import type {Place, Problem} from '../errors.ts';
import {formatPlace, ImgmgrError} from '../errors.ts';
import {PlaceFinder} from './yaml-place.ts';
import {meaningOfPlain, meaningUnderTag} from './yaml-scalar.ts';

/** A file that was read: its one document (absent when the file is empty) and everything that is wrong with the YAML. */
export interface YamlFile {
  readonly root?: YamlNode;
  readonly problems: readonly Problem[];
}

/**
 * The file's one document as plain values with the meaning that PyYAML gives them (dates stay text); null when it is
 * empty. Throws CONFIG with all problems when it is no YAML.
 */
export function loadPlainYaml(text: string, file: string): unknown {
  const {root, problems} = parseYaml(text, file);
  const [first] = problems;
  if (first) {
    const hint = first.hint === undefined ? {} : {hint: first.hint};
    throw new ImgmgrError('CONFIG', first.message, {place: formatPlace(first.place), ...hint, problems});
  }
  return root ? plainValue(root) : null;
}

/** The file as a tree of values with their places. Never throws: what is wrong stands in `problems`. */
export function parseYaml(text: string, file: string): YamlFile {
  const places = new PlaceFinder(text, file);
  const strange = STRANGE_BREAK.exec(text);
  if (strange) {
    const message = `unusual line break ${codePoint(strange[0])}, which YAML readers disagree about`;
    return {problems: [{message, place: places.at(strange.index), hint: 'replace it by an ordinary line break'}]};
  }
  try {
    return new TreeBuilder(text, places).build(parseEvents(text, {filename: file, maxDepth: MAX_DEPTH}));
  } catch (error) {
    if (error instanceof YamlStop) return {problems: [error.problem]};
    if (error instanceof YAMLException) return {problems: [syntaxProblem(error, places)]};
    throw error;
  }
}

/** YAML 1.1 breaks lines here, YAML 1.2 does not: the two would read different files. */
const STRANGE_BREAK = /[\u0085\u2028\u2029]/;
const MAX_DEPTH = 100;
/** Values in a file once every alias and merge key is written out; a catalogue of 10,000 images has half as many. */
const MAX_EXPANDED = 1_000_000;
const TOO_MANY = `aliases and merge keys stand for more than ${MAX_EXPANDED} values`;
const WRITE_OUT = 'write the values out instead of nesting aliases';
const NO_MERGE = 'the merge key << takes a mapping or a list of mappings';

class YamlStop extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.message);
    this.problem = problem;
  }
}

/** A tree node and how many values it stands for once aliases and merges are written out. */
interface Weighed<T extends YamlNode = YamlNode> {
  readonly node: T;
  readonly weight: number;
}

class TreeBuilder {
  private readonly text: string;
  private readonly places: PlaceFinder;
  private readonly problems: Problem[] = [];
  private readonly anchors = new Map<string, Weighed | undefined>();
  private events: readonly Event[] = [];
  private next = 0;
  /** Where the last thing with a place began: the place of a value that is not written at all. */
  private last = 0;
  private merged = 0;

  constructor(text: string, places: PlaceFinder) {
    this.text = text;
    this.places = places;
  }

  build(events: readonly Event[]): YamlFile {
    this.events = events;
    if (this.take()?.type !== EVENT_ID.DOCUMENT) return {problems: []};
    const root = this.readNode();
    this.take();
    if (this.next < events.length)
      this.stop(
        this.startOfNext(),
        'the file holds more than one document',
        'keep one document per file; remove the line ---',
      );
    const {node} = root;
    if (node.kind === 'scalar' && node.type === 'null' && node.source === '') return {problems: this.problems};
    return {root: node, problems: this.problems};
  }

  private take(): Event | undefined {
    return this.events[this.next++];
  }

  private readNode(): Weighed {
    const event = this.take();
    if (event?.type === EVENT_ID.SCALAR) return this.keep(event, () => ({node: this.readScalar(event), weight: 1}));
    if (event?.type === EVENT_ID.SEQUENCE) return this.keep(event, () => this.readList(event));
    if (event?.type === EVENT_ID.MAPPING) return this.keep(event, () => this.readMap(event));
    if (event?.type === EVENT_ID.ALIAS) return this.readAlias(event);
    throw new Error('the events of the YAML parser broke off');
  }

  /** Reads a node and files it under its anchor; while it is being read the anchor leads to nothing. */
  private keep(event: ScalarEvent | SequenceEvent | MappingEvent, read: () => Weighed): Weighed {
    const anchor = event.anchorStart < 0 ? undefined : this.text.slice(event.anchorStart, event.anchorEnd);
    if (anchor !== undefined) {
      if (this.anchors.has(anchor))
        this.stop(event.anchorStart - 1, `anchor &${anchor} is defined twice`, 'give each anchor a name of its own');
      this.anchors.set(anchor, undefined);
    }
    const weighed = read();
    if (weighed.weight + this.merged > MAX_EXPANDED) this.stop(this.last, TOO_MANY, WRITE_OUT);
    if (anchor !== undefined) this.anchors.set(anchor, weighed);
    return weighed;
  }

  private readAlias(event: AliasEvent): Weighed {
    const name = this.text.slice(event.anchorStart, event.anchorEnd);
    const offset = event.anchorStart - 1;
    this.last = offset;
    this.refuseTabs(offset, event.anchorEnd);
    const found = this.anchors.get(name);
    if (found) return found;
    if (this.anchors.has(name))
      this.stop(offset, `alias *${name} stands inside the value that it names`, 'remove the alias');
    return this.stop(offset, `alias *${name} has no anchor`, `define &${name} before it, or quote the value`);
  }

  private readScalar(event: ScalarEvent): YamlScalar {
    const source = getScalarValue(this.text, event);
    const place = this.places.at(this.startOfScalar(event));
    const tag = this.tagOf(event);
    const quoted = event.style !== SCALAR_STYLE.PLAIN;
    if (tag === undefined && quoted) return {kind: 'scalar', type: 'text', value: source, source, place};
    // PyYAML resolves a scalar behind the bare tag `!` as if it were unquoted.
    const meaning = tag === undefined || tag === '!' ? meaningOfPlain(source) : meaningUnderTag(tag, source);
    if (meaning) return {kind: 'scalar', ...meaning, source, place};
    const message =
      tag === undefined
        ? `${source} has no meaning as an unquoted value`
        : `${source} under the tag ${tag} cannot be read`;
    this.problems.push({message, place, hint: `quote it: '${source}'`});
    return {kind: 'scalar', type: 'text', value: source, source, place};
  }

  private readList(event: SequenceEvent): Weighed<YamlList> {
    const place = this.placeOfCollection(event, ['!!seq']);
    const items: YamlNode[] = [];
    let weight = 1;
    while (!this.atPop()) {
      const item = this.readNode();
      items.push(item.node);
      weight += item.weight;
    }
    return {node: {kind: 'list', items, place}, weight};
  }

  private readMap(event: MappingEvent): Weighed<YamlMap> {
    const place = this.placeOfCollection(event, ['!!map']);
    const own = new Map<string, YamlEntry>();
    const inherited = new Map<string, YamlEntry>();
    let weight = 1;
    while (!this.atPop()) {
      const plain = this.startsPlain();
      const key = this.readKey();
      const value = this.readNode();
      weight += 1 + value.weight;
      if (plain && key.source === '<<') this.merge(inherited, value.node);
      else this.addEntry(own, {key, value: value.node});
    }
    // As in Python's dict, an entry keeps the position of its first sight and takes the last value.
    const entries = [...new Map([...inherited, ...own]).values()];
    return {node: {kind: 'map', entries, place}, weight};
  }

  private readKey(): YamlScalar {
    const {node} = this.readNode();
    if (node.kind === 'scalar') return node;
    return this.stopAt(node.place, 'a key must be a single word or number, not a list or mapping', 'quote the key');
  }

  private addEntry(entries: Map<string, YamlEntry>, entry: YamlEntry): void {
    const identity = identityOf(entry.key);
    const first = entries.get(identity);
    if (first)
      this.problems.push({
        message: `key ${entry.key.source} is given twice, first at ${formatPlace(first.key.place)}`,
        place: entry.key.place,
        hint: 'remove one of the two',
      });
    else entries.set(identity, entry);
  }

  /** Later sources win over earlier ones, except inside a list, where the first wins. */
  private merge(entries: Map<string, YamlEntry>, source: YamlNode): void {
    const sources = source.kind === 'list' ? source.items.toReversed() : [source];
    for (const map of sources) {
      if (map.kind !== 'map') return this.stopAt(map.place, NO_MERGE, "write <<: *name, or quote the key: '<<'");
      this.merged += map.entries.length + 1;
      if (this.merged > MAX_EXPANDED) return this.stopAt(source.place, TOO_MANY, WRITE_OUT);
      for (const entry of map.entries) entries.set(identityOf(entry.key), entry);
    }
  }

  private startsPlain(): boolean {
    const event = this.events[this.next];
    return event?.type === EVENT_ID.SCALAR && event.style === SCALAR_STYLE.PLAIN && event.tagStart < 0;
  }

  private atPop(): boolean {
    if (this.events[this.next]?.type !== EVENT_ID.POP) return false;
    this.next++;
    return true;
  }

  private startOfScalar(event: ScalarEvent): number {
    if (event.valueStart < 0) return this.last;
    let start = event.valueStart;
    if (event.style === SCALAR_STYLE.SINGLE_QUOTED || event.style === SCALAR_STYLE.DOUBLE_QUOTED) start -= 1;
    if (event.style === SCALAR_STYLE.LITERAL_BLOCK) start = this.text.lastIndexOf('|', start);
    if (event.style === SCALAR_STYLE.FOLDED_BLOCK) start = this.text.lastIndexOf('>', start);
    this.last = start;
    const block = event.style === SCALAR_STYLE.LITERAL_BLOCK || event.style === SCALAR_STYLE.FOLDED_BLOCK;
    this.refuseTabs(start, block ? undefined : event.valueEnd + event.valueStart - start);
    return start;
  }

  private placeOfCollection(event: SequenceEvent | MappingEvent, allowed: readonly string[]): Place {
    this.last = event.start;
    this.refuseTabs(event.start, undefined);
    const tag = this.tagOf(event);
    if (tag !== undefined && tag !== '!' && !allowed.includes(tag))
      this.stop(event.tagStart, `tag ${tag} is not supported here`, 'remove the tag');
    return this.places.at(event.start);
  }

  /** The tag as written, `!!x` and its long forms as `!!x`; undefined when there is none. */
  private tagOf(event: ScalarEvent | SequenceEvent | MappingEvent): string | undefined {
    if (event.tagStart < 0) return undefined;
    const raw = this.text.slice(event.tagStart, event.tagEnd);
    return raw.replace(/^!<tag:yaml\.org,2002:(.*)>$/, '!!$1');
  }

  /** PyYAML takes no tab between the parts of a line, js-yaml does: refuse what the two read differently. */
  private refuseTabs(start: number, end: number | undefined): void {
    let before = start;
    while (this.text[before - 1] === ' ' || this.text[before - 1] === '\t') before--;
    const tabBefore = this.text.slice(before, start).indexOf('\t');
    if (tabBefore >= 0) this.stopAtTab(before + tabBefore);
    if (end === undefined) return;
    let after = end;
    while (this.text[after] === ' ') after++;
    if (this.text[after] === '\t') this.stopAtTab(after);
  }

  private stopAtTab(offset: number): never {
    return this.stop(offset, 'tab character outside of quotes', 'use spaces');
  }

  private startOfNext(): number {
    for (const event of this.events.slice(this.next)) {
      if (event.type === EVENT_ID.SCALAR && event.valueStart >= 0) return event.valueStart;
      if (event.type === EVENT_ID.MAPPING || event.type === EVENT_ID.SEQUENCE) return event.start;
    }
    return Math.max(0, this.text.trimEnd().length - 1);
  }

  private stop(offset: number, message: string, hint: string): never {
    return this.stopAt(this.places.at(offset), message, hint);
  }

  private stopAt(place: Place, message: string, hint: string): never {
    throw new YamlStop({message, place, hint});
  }
}

/** Keys are the same when Python's dict says so: `1` and `1.0` are, `1` and `'1'` are not. */
function identityOf(key: YamlScalar): string {
  return typeof key.value === 'string' ? `text ${key.value}` : `value ${Number(key.value)} ${key.value === null}`;
}

function syntaxProblem(error: YAMLException, places: PlaceFinder): Problem {
  const place = places.at(error.mark?.position ?? 0);
  return {message: `not valid YAML: ${error.reason}`, place, hint: syntaxHint(error.reason)};
}

function syntaxHint(reason: string): string {
  if (reason.includes('tab')) return 'indent with spaces';
  if (reason.includes('indentation')) return 'check the indentation; quote a value that contains ": "';
  return 'quote the value, or correct the line';
}

function codePoint(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
}
