import {formatDigest} from '../release/digest.ts';
import type {OwnImage} from '../release/release.ts';
import {heldDigests} from '../release/same-bytes.ts';
import {dayOf, readDate} from '../rules/scs-0102/dates.ts';
import type {StatusRow} from './row.ts';

/** What a row says of its image, and another program needs to use it. */
export function imageFacts({
  image,
  stamp,
}: OwnImage): Pick<StatusRow, 'image' | 'name' | 'version' | 'built' | 'digest' | 'until'> {
  const [digest] = heldDigests({image});
  return {
    ...{image: image.id, name: image.name, version: stamp.version, built: builtOn(image.properties)},
    digest: digest ? formatDigest(digest) : null,
    until: image.properties['provided_until'] ?? null,
  };
}

/** The day of a build as it is written on an image; null where nothing or no date is. */
export function builtOn(properties: Readonly<Record<string, unknown>>): string | null {
  const text = properties['image_build_date'];
  const date = typeof text === 'string' ? readDate(text) : undefined;
  return date === undefined ? null : dayOf(date.ms);
}
