import type {Image, ImagePatch} from './image.ts';

/** The property that says in which format an image of ours is described. */
export const SCHEMA_PROPERTY = 'imgmgr_schema';
/** The property that holds what has no property of its own. */
const RECORD_PROPERTY = 'imgmgr_record';

/**
 * The format that this version writes. 1 (commit 1098701): a property for each fact. 2: on a published image most of them are entries of
 * `imgmgr_record`, because Nova copies every image property to every server; the record names the image that it belongs to.
 */
export const SCHEMA = 2;

/** Facts that are entries of the record from the first; named as if they had a property of their own. */
const RECORDED = /^imgmgr_(?:digests|bytes|source)$/;
/** Facts that become entries when the image is published; until then earlier versions, too, find their properties. */
const FOLDED_WHEN_PUBLISHED = /^imgmgr_(?:verdict(?:_[a-z]+)?|boot|origin|manifest|run|published)$/;
const PREFIX = 'imgmgr_';
const OWN_ID = 'image';

/** Where the bytes of an image came from, where that is no URL of `image_source`. */
export const SOURCE_FACT = 'imgmgr_source';

type Properties = Readonly<Record<string, string>>;

/** The format of an image; 1 where nothing is said, Infinity where it cannot be read. */
export function schemaOf({properties}: Pick<Image, 'properties'>): number {
  const text = properties[SCHEMA_PROPERTY];
  if (text === undefined) return 1;
  return /^\d{1,9}$/.test(text) ? Number(text) : Infinity;
}

/** True when a later version of imgmgr described the image, so that this one must not change it. */
export function isNewerSchema(image: Pick<Image, 'properties'>): boolean {
  return schemaOf(image) > SCHEMA;
}

/** A fact by its `imgmgr_*` name, from its own property (format 1, or an earlier version that wrote later) or from the record. */
export function remembered({properties}: Pick<Image, 'properties'>, name: string): string | undefined {
  return properties[name] ?? parseRecord(properties[RECORD_PROPERTY]).get(entryOf(name));
}

/** The id in the record: that of the image it was written for, also where somebody copied the properties to another image. */
export function recordedId({properties}: Pick<Image, 'properties'>): string | undefined {
  return parseRecord(properties[RECORD_PROPERTY]).get(OWN_ID);
}

/** The properties of a new record (not yet published), in the format that this version writes. */
export function describeNew(id: string, properties: Properties): Record<string, string> {
  return {...propertyChanges({id, properties: {}}, {set: properties}).set};
}

/**
 * What of a patch changes the properties of an image, in the format that this version writes. Facts of an older format move into the
 * record with any change, and never without one: `forced` says that another field of the image changes.
 */
export function propertyChanges(
  live: Pick<Image, 'id' | 'properties'>,
  patch: Pick<ImagePatch, 'set' | 'remove'>,
  forced = false,
): {readonly set: Properties; readonly remove: readonly string[]} {
  const wanted = patch.set ?? {};
  const state = wanted['imgmgr_state'] ?? live.properties['imgmgr_state'];
  const isPublished = state === 'current' || state === 'retired';
  const isFolded = (name: string): boolean => RECORDED.test(name) || (isPublished && FOLDED_WHEN_PUBLISHED.test(name));
  const entries =
    wanted[RECORD_PROPERTY] === undefined ? entriesOf(live.properties, isFolded) : parseRecord(wanted[RECORD_PROPERTY]);
  const set: Record<string, string> = {};
  for (const [name, value] of Object.entries(wanted))
    if (isFolded(name)) entries.set(entryOf(name), value);
    else if (name !== RECORD_PROPERTY && name !== SCHEMA_PROPERTY && live.properties[name] !== value) set[name] = value;
  const remove = (patch.remove ?? []).filter((name) => !isFolded(name) && name in live.properties && !isFormat(name));
  // A patch that has the record is in this format already: its removals are those of moved properties.
  if (wanted[RECORD_PROPERTY] === undefined)
    for (const name of patch.remove ?? []) if (isFolded(name)) entries.delete(entryOf(name));
  const changesRecord = !sameEntries(entries, entriesOf(live.properties, isFolded));
  const isOurs = 'imgmgr_definition' in live.properties || 'imgmgr_definition' in wanted;
  if (!isOurs || !(forced || changesRecord || Object.keys(set).length > 0 || remove.length > 0)) return {set, remove};
  return {
    set: {...set, ...changed(live.properties, formatProperties(live.id, entries))},
    remove: [...remove, ...Object.keys(live.properties).filter(isFolded)],
  };
}

function entryOf(name: string): string {
  return name.slice(PREFIX.length);
}

function isFormat(name: string): boolean {
  return name === RECORD_PROPERTY || name === SCHEMA_PROPERTY;
}

/** Everything that belongs into the record: its entries, and over them properties of their own. */
function entriesOf(properties: Properties, isFolded: (name: string) => boolean): Map<string, string> {
  const entries = parseRecord(properties[RECORD_PROPERTY]);
  for (const [name, value] of Object.entries(properties)) if (isFolded(name)) entries.set(entryOf(name), value);
  return entries;
}

/** Whose record it is does not count: a copy of an image has the entries of the image that it was made from. */
function sameEntries(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  const others = [...a].filter(([name]) => name !== OWN_ID);
  return (
    others.length === [...b.keys()].filter((name) => name !== OWN_ID).length && others.every(([k, v]) => b.get(k) === v)
  );
}

function changed(live: Properties, wanted: Properties): Properties {
  return Object.fromEntries(Object.entries(wanted).filter(([name, value]) => live[name] !== value));
}

/** The id comes first: Nova cuts a value off after 255 characters when it copies it to a server. */
function formatProperties(id: string, entries: ReadonlyMap<string, string>): Properties {
  const others = [...entries].filter(([name]) => name !== OWN_ID).sort(([a], [b]) => (a < b ? -1 : 1));
  const text = [[OWN_ID, id] as const, ...others].map(([name, value]) => `${name}=${encoded(value)}`).join(' ');
  return {[SCHEMA_PROPERTY]: String(SCHEMA), [RECORD_PROPERTY]: text};
}

/** Entries that this version does not know are kept. */
function parseRecord(text: string | undefined): Map<string, string> {
  const pairs = (text ?? '').split(' ').filter((pair) => pair.includes('='));
  return new Map(pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), decoded(pair.slice(pair.indexOf('=') + 1))]));
}

function encoded(value: string): string {
  return value.replace(/[% \t\r\n]/g, (char) => `%${char.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

function decoded(value: string): string {
  return value.replace(/%([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
