import type {Definition, RetireWay} from '../definition/definition.ts';
import type {Image} from './image.ts';
import type {OwnImage} from '../release/release.ts';
import {isCalendarDate} from '../time-text.ts';

/** The name under which a release is published while it is current. */
export function publishedName(definition: Definition, version: string): string {
  return definition.multi ? definition.name : `${definition.name}${definition.separator}${version}`;
}

/** The name of a listed or superseded version that does not bear the plain one. */
export function retiredName(definition: Definition, version: string): string {
  return definition.multi
    ? `${definition.name}${definition.separator}(${version})`
    : publishedName(definition, version);
}

/** What users find under the name of a definition whose newest version failed, for a message. */
export function describePublished({name}: Definition, published: readonly Image[]): string {
  const shown = published.map((image) => `image ${image.id} ("${image.name ?? ''}")`);
  if (shown.length === 0) return `nothing is published under ${name}`;
  return `${shown.join(', ')} ${shown.length === 1 ? 'stays' : 'stay'} published`;
}

/** What has to be known to name an image that is being retired. */
export interface RetireNaming {
  readonly definition: Definition;
  readonly own: OwnImage;
  readonly way: RetireWay;
  /** True when another image is the one of this version: then this one gets a number behind its version. */
  readonly earlierOfSameVersion: boolean;
  /** Names that images of this definition bear now or will bear after this run. */
  readonly taken: ReadonlySet<string>;
}

/** The name after retiring: kept for `hidden` and for `multi: false`, by date or by version otherwise, never one that is taken. */
export function nameWhenRetired({definition, own, way, earlierOfSameVersion, taken}: RetireNaming): string {
  const name = own.image.name ?? definition.name;
  if (!definition.multi || way === 'hidden') return name;
  if (way === 'renamed-by-date') {
    const built = own.image.properties['image_build_date'] ?? '';
    return datedName(definition, isCalendarDate(built.slice(0, 10)) ? built : own.image.createdAt, taken);
  }
  const plain = retiredName(definition, own.stamp.version);
  if (!earlierOfSameVersion && !taken.has(plain)) return plain;
  return numbered((n) => retiredName(definition, `${own.stamp.version}-${n}`), taken);
}

/** What the name of an image that is published superseded, never having borne the plain one, depends on. */
export interface SupersededNaming {
  readonly definition: Definition;
  readonly version: string;
  readonly way: RetireWay;
  /** Its build date, `YYYY-MM-DD…`, or the day on which it is made. */
  readonly day: string;
  readonly taken: ReadonlySet<string>;
}

/** The name of a listed version that is superseded from the first: by date where it retires so, else by its version. */
export function nameWhenSuperseded({definition, version, way, day, taken}: SupersededNaming): string {
  const plain = retiredName(definition, version);
  if (!definition.multi) return plain;
  if (way === 'renamed-by-date') return datedName(definition, day, taken);
  return taken.has(plain) ? numbered((n) => retiredName(definition, `${version}-${n}`), taken) : plain;
}

/** True when the image's name has the shape that this way of retiring gives. */
export function bearsNameOf(definition: Definition, image: Image, way: RetireWay): boolean {
  const name = image.name ?? '';
  if (way === 'hidden') return true;
  if (way === 'renamed-by-date')
    return name.startsWith(`${definition.name} `) && /^\d{8}(-\d+)?$/.test(name.slice(definition.name.length + 1));
  return (
    name !== definition.name && name.startsWith(`${definition.name}${definition.separator}(`) && name.endsWith(')')
  );
}

function datedName(definition: Definition, day: string, taken: ReadonlySet<string>): string {
  const dated = `${definition.name} ${day.slice(0, 10).replaceAll('-', '')}`;
  return taken.has(dated) ? numbered((n) => `${dated}-${n}`, taken) : dated;
}

function numbered(make: (n: number) => string, taken: ReadonlySet<string>): string {
  for (let n = 1; ; n++) {
    const name = make(n);
    if (!taken.has(name)) return name;
  }
}
