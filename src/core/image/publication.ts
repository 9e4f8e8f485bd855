import type {Image} from './image.ts';
import {remembered} from './record.ts';

const PUBLISHED = 'imgmgr_published';

/** What the record of an image says of its publication, by the clock of the cloud. */
export function publicationProperties(at: Date): Record<string, string> {
  return {[PUBLISHED]: `${at.toISOString().slice(0, 19)}Z`};
}

/** When an image was published last, milliseconds since 1970; undefined where its record does not say: an earlier version published it, or it was adopted. */
export function publishedAt(image: Pick<Image, 'properties'>): number | undefined {
  const at = Date.parse(remembered(image, PUBLISHED) ?? '');
  return Number.isNaN(at) ? undefined : at;
}
