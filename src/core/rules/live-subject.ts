import type {Image} from '../image/image.ts';
import type {Exception} from './profile.ts';
import type {By} from './rule-text.ts';
import type {Subject} from './subject.ts';

/** What is known of a live image besides itself. */
export interface Origin {
  /** Absent: it is not ours. Where its definition is gone, it has no exceptions. */
  readonly definition?: {readonly name: string; readonly version: string; readonly exceptions: readonly Exception[]};
  /** Who can bring its properties in order, and who a newer build. */
  readonly mends: By;
  readonly refreshes: By;
}

/**
 * An image that is not ours as a subject that is kept while thousands of others are read: of values that are longer than any good one the
 * beginning is kept, so that whoever made them does not decide about the memory.
 */
export function otherSubject(image: Image): Subject {
  const subject = liveSubject(image, OTHERS);
  const entries = Object.entries(image.properties);
  if (!entries.some(([, value]) => value.length > LONGEST_VALUE)) return subject;
  return {...subject, properties: Object.fromEntries(entries.map(([key, value]) => [key, briefly(value)]))};
}

const OTHERS: Origin = {mends: 'you', refreshes: 'you'};
const LONGEST_VALUE = 256;

function briefly(value: string): string {
  if (value.length <= LONGEST_VALUE) return value;
  // A piece of a text keeps the whole text in memory; what is parsed anew does not.
  return JSON.parse(JSON.stringify(`${value.slice(0, LONGEST_VALUE)}…`)) as string;
}

/** A live image as a subject; images of others have no definition, and a person has to mend them. */
export function liveSubject(image: Image, {definition, mends, refreshes}: Origin): Subject {
  const createdAt = Date.parse(image.createdAt);
  return {
    kind: 'live',
    name: image.name,
    image: image.id,
    ...(definition && {definition: definition.name, version: definition.version}),
    status: image.status,
    visibility: image.visibility,
    osHidden: image.osHidden,
    minDisk: image.minDisk,
    minRam: image.minRam,
    size: image.size,
    virtualSize: image.virtualSize,
    ...(!Number.isNaN(createdAt) && {createdAt}),
    osHashAlgo: image.osHashAlgo,
    tags: image.tags,
    properties: image.properties,
    later: new Set(),
    published: true,
    mends,
    refreshes,
    exceptions: definition?.exceptions ?? [],
  };
}
