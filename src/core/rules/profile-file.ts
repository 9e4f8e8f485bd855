import type {FilePosition, Problem} from '../../errors.ts';
import type {YamlEntry, YamlMap, YamlNode} from '../definition/yaml-node.ts';
import {entryOf} from '../definition/yaml-node.ts';
import {didYouMean} from '../nearest.ts';
import {isCalendarDate} from '../time-text.ts';
import type {RuleId} from './ids.ts';
import {RULE_IDS, ruleIdOf} from './ids.ts';
import type {ImageException, Profile} from './profile.ts';
import {builtInProfile} from './profile.ts';
import type {Severity} from './rule-text.ts';
import {PROFILE_NAMES, SEVERITIES} from './rule-text.ts';
import {endOfDay} from './scs-0102/dates.ts';
import {STANDARD_IMAGES} from './scs-0104/standard-images.ts';

/** A profile file, read: what of it is right, and every problem with its place. */
export interface ReadProfile {
  readonly profile: Profile;
  readonly problems: readonly Problem[];
}

const KEYS = ['extends', 'sources', 'purposes', 'oldgeneric', 'rules', 'exceptions'];
const EXCEPTION_KEYS = ['image', 'rule', 'reason', 'until'];
const RULES_HINT = 'imgmgr help rules lists them';

/** Reads the operator's profile; an exception whose date has passed by `now` (milliseconds since 1970) is a problem. */
export function readProfile(root: YamlNode, now: number): ReadProfile {
  const reader = new ProfileReader(now);
  const profile = reader.read(root);
  return {profile, problems: reader.problems};
}

class ProfileReader {
  readonly problems: Problem[] = [];
  private readonly now: number;

  constructor(now: number) {
    this.now = now;
  }

  read(root: YamlNode): Profile {
    const map = this.map(root, 'the profile');
    if (map) this.refuseUnknown(map, {known: KEYS, what: 'the profile'});
    const base = this.base(map && entryOf(map, 'extends'));
    const oldGeneric = this.text(map && entryOf(map, 'oldgeneric'));
    return {
      ...base,
      sources: this.sources(map && entryOf(map, 'sources')),
      purposes: this.texts(map && entryOf(map, 'purposes')),
      ...(oldGeneric !== undefined && {oldGeneric}),
      severities: this.severities(map && entryOf(map, 'rules')),
      exceptions: this.exceptions(map && entryOf(map, 'exceptions')),
    };
  }

  private base(entry: YamlEntry | undefined): Profile {
    const text = this.text(entry);
    const name = PROFILE_NAMES.find((each) => each === text);
    if (entry !== undefined && text !== undefined && name === undefined)
      this.add({
        message: `there is no profile "${text}" to extend`,
        place: entry.value.place,
        hint: `use one of ${PROFILE_NAMES.join(', ')}`,
      });
    return builtInProfile(name);
  }

  private sources(entry: YamlEntry | undefined): Readonly<Record<string, readonly string[]>> {
    const names = STANDARD_IMAGES.map(({name}) => name);
    return Object.fromEntries(
      this.entries(entry).map((source): [string, readonly string[]] => {
        const {source: name, place} = source.key;
        if (!names.includes(name))
          this.add({
            message: `"${name}" is no standard image`,
            place,
            hint: didYouMean(name, names) ?? `there are ${names.join(', ')}`,
          });
        return [name, this.texts(source)];
      }),
    );
  }

  private severities(entry: YamlEntry | undefined): ReadonlyMap<RuleId, Severity | 'off'> {
    return new Map(
      this.entries(entry).flatMap(({key, value}): [RuleId, Severity | 'off'][] => {
        const id = this.rule(key.source, key.place);
        const severity = severityOf(value);
        if (severity === undefined)
          this.add({
            message: `${shown(value)} is no severity`,
            place: value.place,
            hint: `use one of ${SEVERITIES.join(', ')} or off`,
          });
        return id === undefined || severity === undefined ? [] : [[id, severity]];
      }),
    );
  }

  private exceptions(entry: YamlEntry | undefined): readonly ImageException[] {
    return this.items(entry).flatMap((item): ImageException[] => {
      const map = this.map(item, 'an exception');
      if (!map) return [];
      this.refuseUnknown(map, {known: EXCEPTION_KEYS, what: 'an exception'});
      const image = this.required(map, {key: 'image', hint: 'write the name or the id of the image'});
      const reason = this.required(map, {
        key: 'reason',
        hint: 'write why this is accepted, for the readers of the report',
      });
      const until = this.required(map, {key: 'until', hint: 'write the last day on which it is accepted, YYYY-MM-DD'});
      const text = this.required(map, {key: 'rule', hint: RULES_HINT});
      const rule = text === undefined ? undefined : this.rule(text, placeOf(map, 'rule'));
      if (until !== undefined) this.day(until, placeOf(map, 'until'));
      if (image === undefined || reason === undefined || until === undefined || rule === undefined) return [];
      return [{image, rule, reason, until, place: placeOf(map, 'until')}];
    });
  }

  private day(until: string, place: FilePosition): void {
    if (!isCalendarDate(until))
      this.add({message: `"${until}" is no day of the calendar`, place, hint: 'write it as YYYY-MM-DD'});
    else if (this.now >= endOfDay(until))
      this.add({message: `the exception ended on ${until}`, place, hint: 'remove it, or set a later date'});
  }

  private rule(text: string, place: FilePosition): RuleId | undefined {
    const id = ruleIdOf(text);
    if (id === undefined)
      this.add({message: `there is no rule "${text}"`, place, hint: didYouMean(text, RULE_IDS) ?? RULES_HINT});
    return id;
  }

  private required(map: YamlMap, {key, hint}: {readonly key: string; readonly hint: string}): string | undefined {
    const entry = entryOf(map, key);
    const text = this.text(entry);
    if (entry === undefined) this.add({message: `an exception has no key "${key}"`, place: map.place, hint});
    return text;
  }

  private text(entry: YamlEntry | undefined): string | undefined {
    if (entry === undefined) return undefined;
    const {key, value} = entry;
    if (value.kind === 'scalar' && (value.type === 'text' || value.type === 'timestamp') && /\S/.test(value.source))
      return value.source;
    this.add({
      message: `"${key.source}" is ${shown(value)}, not a text`,
      place: value.place,
      hint: 'quote it, or write a text',
    });
    return undefined;
  }

  private texts(entry: YamlEntry | undefined): readonly string[] {
    return this.items(entry).flatMap((value): string[] => {
      if (value.kind === 'scalar' && value.type === 'text' && /\S/.test(value.source)) return [value.source];
      this.add({message: `${shown(value)} is no text`, place: value.place, hint: 'quote it, or write a text'});
      return [];
    });
  }

  private items(entry: YamlEntry | undefined): readonly YamlNode[] {
    if (entry === undefined || entry.value.kind === 'list')
      return entry?.value.kind === 'list' ? entry.value.items : [];
    this.add({
      message: `"${entry.key.source}" is ${shown(entry.value)}, not a list`,
      place: entry.value.place,
      hint: 'write a list: […]',
    });
    return [];
  }

  private entries(entry: YamlEntry | undefined): readonly YamlEntry[] {
    return (entry && this.map(entry.value, `"${entry.key.source}"`)?.entries) ?? [];
  }

  private map(node: YamlNode, what: string): YamlMap | undefined {
    if (node.kind === 'map') return node;
    this.add({
      message: `${what} is ${shown(node)}, not a mapping`,
      place: node.place,
      hint: 'write indented lines of "key: value"',
    });
    return undefined;
  }

  private refuseUnknown(map: YamlMap, {known, what}: {readonly known: readonly string[]; readonly what: string}): void {
    for (const {key} of map.entries)
      if (!known.includes(key.source))
        this.add({
          message: `unknown key "${key.source}" in ${what}`,
          place: key.place,
          hint: didYouMean(key.source, known) ?? `known keys: ${known.join(', ')}`,
        });
  }

  private add({message, place, hint}: Required<Problem>): void {
    this.problems.push({message, place, hint});
  }
}

/** Without quotes, `off` is a truth value to YAML 1.1. */
function severityOf(node: YamlNode): Severity | 'off' | undefined {
  if (node.kind !== 'scalar') return undefined;
  if (node.source === 'off') return 'off';
  return node.type === 'text' ? SEVERITIES.find((severity) => severity === node.source) : undefined;
}

function placeOf(map: YamlMap, key: string): FilePosition {
  return entryOf(map, key)?.value.place ?? map.place;
}

function shown(node: YamlNode): string {
  if (node.kind !== 'scalar') return `a ${node.kind === 'list' ? 'list' : 'mapping'}`;
  return node.type === 'null' ? 'nothing' : `"${node.source.slice(0, 200)}"`;
}
