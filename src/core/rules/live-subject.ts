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
