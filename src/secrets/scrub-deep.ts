/** Closed sets of our own words, by which programs recognise what a thing is. */
const WORDS: ReadonlySet<string> = new Set([
  'type',
  'kind',
  'code',
  'severity',
  'outcome',
  'signal',
  'format',
  'phase',
]);

/** Deeper than anything of ours. */
const DEEPEST = 64;

type Scrub = (text: string) => string;

/**
 * The value with every text scrubbed, before a format escapes it: in lists, objects and their keys, errors with their stacks and causes. A part
 * in which nothing was found is the same one, not a copy.
 */
export function scrubDeep<T>(value: T, scrub: Scrub): T {
  return copyOf(value, {scrub, keep: NOTHING, depth: 0}) as T;
}

/** The same for an event or an error of ours: the words by which programs recognise what a thing is stay. */
export function scrubEvent<T>(value: T, scrub: Scrub): T {
  return copyOf(value, {scrub, keep: WORDS, depth: 0}) as T;
}

const NOTHING: ReadonlySet<string> = new Set();

interface Copying {
  readonly scrub: Scrub;
  readonly keep: ReadonlySet<string>;
  readonly depth: number;
}

function copyOf(value: unknown, {scrub, keep, depth}: Copying): unknown {
  if (typeof value === 'string') return scrub(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth > DEEPEST) return '***';
  const inside = {scrub, keep, depth: depth + 1};
  if (Array.isArray(value)) return copyOfList(value, inside);
  if (value instanceof Error) return copyOfError(value, inside);
  let copy: [string, unknown][] | undefined;
  const keys = Object.keys(value);
  for (const [at, key] of keys.entries()) {
    const inner = (value as Readonly<Record<string, unknown>>)[key];
    const clean = keep.has(key) && typeof inner === 'string' ? inner : copyOf(inner, inside);
    const cleanKey = scrub(key);
    if (copy === undefined && (clean !== inner || cleanKey !== key)) copy = Object.entries(value).slice(0, at);
    copy?.push([cleanKey, clean]);
  }
  return copy === undefined ? value : Object.fromEntries(copy);
}

function copyOfList(list: readonly unknown[], inside: Copying): readonly unknown[] {
  let copy: unknown[] | undefined;
  for (const [at, one] of list.entries()) {
    const clean = copyOf(one, inside);
    if (copy === undefined && clean !== one) copy = list.slice(0, at);
    copy?.push(clean);
  }
  return copy ?? list;
}

function copyOfError(error: Error, inside: Copying): Error {
  const copy = Object.create(Object.getPrototypeOf(error) as object) as Error;
  for (const key of new Set([...Object.getOwnPropertyNames(error), 'stack'])) {
    const inner: unknown = Reflect.get(error, key);
    const value = key === 'name' || inside.keep.has(key) ? inner : copyOf(inner, inside);
    const enumerable = Object.prototype.propertyIsEnumerable.call(error, key);
    Object.defineProperty(copy, key, {value, enumerable, configurable: true, writable: true});
  }
  return copy;
}
