import type {Problem} from '../../errors.ts';
import {misreadText} from './problems.ts';
import {didYouMean} from '../nearest.ts';
import {isCalendarDate} from '../time-text.ts';
import type {YamlEntry, YamlMap, YamlNode, YamlScalar} from './yaml-node.ts';

/** A section `meta` (or `environment`) as text; null: the key is to be absent. */
export interface ReadMeta {
  readonly values: Readonly<Record<string, string | null>>;
  readonly problems: readonly Problem[];
}

/**
 * Reads the open section `meta`: booleans become `true`/`false`, numbers their text, null and '' mean absent. Wrong are
 * keys that Glance or imgmgr itself writes, numbers whose text YAML changes, and promises that retention cannot read.
 */
export function readMeta(section: YamlMap, subject: string): ReadMeta {
  const problems: Problem[] = [];
  const values: [string, string | null][] = [];
  for (const entry of section.entries) {
    const what = `"${entry.key.source}" of ${subject}`;
    const problem = problemOfKey(entry.key, what) ?? problemOfValue(entry, what);
    if (problem) problems.push(problem);
    else values.push([entry.key.source, textOf(entry.value)]);
  }
  return {values: Object.fromEntries(values), problems};
}

/** True for what `uuid_validity` may promise (SCS-0102): none, forever, notice, last-N, or a day. */
function isUuidValidity(text: string): boolean {
  return VALIDITIES.includes(text) || /^last-[1-9]\d{0,5}$/.test(text) || isCalendarDate(text);
}

/** What Glance writes itself or keeps for its core (glance/api/v2/images.py, ImagesController and RequestDeserializer). */
const GLANCE_KEYS: ReadonlySet<string> = new Set(
  `checksum container_format created_at deleted deleted_at direct_url disk_format file id is_public location locations
  min_disk min_ram name os_hash_algo os_hash_value os_hidden owner protected schema self size status store stores tags
  updated_at virtual_size visibility`.split(/\s+/),
);

/** Properties that imgmgr computes, and the key that leads to each. */
const COMPUTED_KEYS: ReadonlyMap<string, string> = new Map([
  ['image_name', 'name'],
  ['image_original_user', 'login'],
  ['image_source', 'url or source'],
  ['image_build_date', 'build_date'],
  ['internal_version', 'version'],
  ['upstream_checksum', 'checksums_url or checksum_url'],
]);

const VALIDITIES: readonly string[] = ['none', 'forever', 'notice'];
/** Keys of SCS-0102 that hold a day or a word; only what begins like a day is judged. */
const DATE_KEYS: readonly string[] = ['provided_until', 'maintained_until'];
const LONGEST_KEY = 255;
/** The database column of a property value; more answers 500. */
const LONGEST_VALUE = 65_535;
const NOT_STORABLE = /[\0\u{10000}-\u{10FFFF}]/u;

function problemOfKey(key: YamlScalar, what: string): Problem | undefined {
  const {source, place} = key;
  if (source === '' || key.type === 'null')
    return {message: `${what} has no key`, place, hint: 'give the property a name'};
  if (key.type === 'boolean' || !keepsItsText(key)) return misreadText(what, '', key);
  if (source.length > LONGEST_KEY)
    return {message: `${what} is longer than ${LONGEST_KEY} characters`, place, hint: 'shorten the key'};
  if (NOT_STORABLE.test(source))
    return {message: `${what} holds a character that Glance cannot store`, place, hint: 'use other characters'};
  const reserved = reservedKey(source);
  return reserved && {message: `${what} ${reserved.reason}`, place, hint: reserved.hint};
}

/** Why a property cannot be set, and what to do instead in a definition. */
export interface ReservedKey {
  readonly reason: string;
  readonly hint: string;
  /** The field of a definition that stands for it. */
  readonly field?: string;
}

/** Why nobody but Glance or imgmgr may set a property of that name, and what to do instead; undefined when anybody may. */
export function reservedKey(key: string): ReservedKey | undefined {
  // Where the database of Glance compares names without case, another spelling is the same property.
  const same = key.toLowerCase();
  if (GLANCE_KEYS.has(same) || same.startsWith('os_glance_'))
    return {reason: 'cannot be set: Glance keeps this name for itself', ...remedyForCoreKey(same)};
  if (same.startsWith('imgmgr_'))
    return {reason: 'cannot be set: imgmgr keeps its own state there', hint: 'use another name'};
  const origin = COMPUTED_KEYS.get(same);
  return origin === undefined
    ? undefined
    : {reason: 'is written by imgmgr itself', hint: `remove it; it follows ${origin}`};
}

function remedyForCoreKey(key: string): Omit<ReservedKey, 'reason'> {
  const known = ['min_disk', 'min_ram', 'name', 'protected', 'status', 'stores', 'tags', 'visibility'];
  return known.includes(key)
    ? {field: key, hint: `write ${key} one level up, beside meta`}
    : {hint: 'use another name'};
}

function problemOfValue({key, value}: YamlEntry, what: string): Problem | undefined {
  if (value.kind !== 'scalar') return undefined; // the schema reports it
  const {place} = value;
  if (!keepsItsText(value)) return misreadText(what, key.source, value);
  const text = textOf(value) ?? '';
  if (bytesOf(text) > LONGEST_VALUE)
    return {message: `${what} is longer than ${LONGEST_VALUE} bytes`, place, hint: 'shorten it'};
  if (NOT_STORABLE.test(text))
    return {message: `${what} holds a character that Glance cannot store`, place, hint: 'use other characters'};
  if (key.source === 'uuid_validity' && text !== '' && !isUuidValidity(text))
    return {
      message: `${what} cannot be "${text}"`,
      place,
      hint: didYouMean(text, VALIDITIES) ?? 'use none, forever, notice, last-N (like last-3) or a date YYYY-MM-DD',
    };
  if (DATE_KEYS.includes(key.source) && /^\d/.test(text) && !isCalendarDate(text))
    return {message: `${what} is no day of the calendar: "${text}"`, place, hint: 'write it as YYYY-MM-DD, or none'};
  return undefined;
}

/** A character takes three bytes at most, so that only long texts have to be encoded. */
function bytesOf(text: string): number {
  return text.length * 3 <= LONGEST_VALUE ? text.length : new TextEncoder().encode(text).length;
}

function textOf(node: YamlNode): string | null {
  if (node.kind !== 'scalar' || node.type === 'null' || node.source === '') return null;
  return node.type === 'boolean' ? String(node.value) : node.source;
}

/** False for numbers that a reader would write differently: `1.10`, `0644`, `12:30`, `1_000`. */
export function keepsItsText({type, value, source}: YamlScalar): boolean {
  if (type === 'integer') return /^(?:0|-?[1-9]\d*)$/.test(source);
  if (type !== 'float' || typeof value !== 'number') return true;
  const size = Math.abs(value);
  const plain = size === 0 || (size >= 1e-4 && size < 1e16);
  return plain && source === (Number.isInteger(value) ? value.toFixed(1) : String(value));
}
