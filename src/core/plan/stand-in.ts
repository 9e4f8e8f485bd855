import type {Definition, Version} from '../definition/definition.ts';
import type {Image, Visibility} from '../image/image.ts';
import type {Policy} from '../policy.ts';
import {retireWay} from '../policy.ts';
import type {OwnImage, Release} from '../release/release.ts';
import {releaseOf} from '../release/release.ts';
import {isBootProperty} from '../verdict/record.ts';

/**
 * The release of an image whose version no entry lists: as an entry of its own would be. What the image alone knows of its version stays, and
 * what it boots with; everything else is what the definition says. It is never seen by more people than the image was.
 */
export function standInRelease(own: OwnImage, definition: Definition, policy: Policy): Release {
  const {image, stamp} = own;
  const {version, digest} = stamp;
  const listed: Version = {
    version,
    url: image.properties['image_source'] ?? 'private',
    meta: metaOf(own, definition, policy),
    visibility: visibilityOf(own, definition, policy),
    place: definition.place,
  };
  return {...releaseOf(listed), format: definition.format, ...(digest && {digest})};
}

/** The release with the boot properties that the image has, in the place of those that its entry or its definition gives it. */
export function withBootPropertiesOf(release: Release, {properties}: Image, {meta}: Definition): Release {
  const given = Object.keys({...meta, ...release.listed?.meta}).filter((key) => isBootProperty(key));
  const own = Object.entries(properties).filter(([key]) => isBootProperty(key));
  return {...release, boot: {...Object.fromEntries(given.map((key) => [key, null])), ...Object.fromEntries(own)}};
}

function metaOf({image, stamp}: OwnImage, {meta}: Definition, {oldPurpose}: Policy): Version['meta'] {
  const {properties} = image;
  const ours = new Set(stamp.keys);
  const isKept = (key: string): boolean =>
    OF_VERSION.has(key) || isBootProperty(key) || (ours.has(key) && !(key in meta) && !COMPUTED.has(key));
  const absent = Object.keys(meta).filter((key) => isKept(key) && !(key in properties));
  const kept = Object.entries(properties).filter(([key]) => isKept(key));
  return {
    ...Object.fromEntries(absent.map((key) => [key, null])),
    ...Object.fromEntries(
      kept.map(([key, value]) => [key, key === 'os_purpose' && value === oldPurpose ? 'generic' : value]),
    ),
  };
}

/** What an image says of its version, and what follows from the definition's name and the version. */
const OF_VERSION: ReadonlySet<string> = new Set([
  ...[
    'image_source',
    'image_build_date',
    'image_description',
    'image_original_user',
    'os_version',
    'upstream_checksum',
  ],
]);
const COMPUTED: ReadonlySet<string> = new Set(['image_name', 'internal_version']);

const WIDTH: Readonly<Record<Visibility, number>> = {private: 0, shared: 1, community: 2, public: 3};

/** Retiring by `community` narrowed it, which its return takes back. */
function visibilityOf({image, stamp}: OwnImage, definition: Definition, policy: Policy): Visibility {
  const wasNarrowed =
    stamp.state === 'retired' && image.visibility === 'community' && retireWay(policy, definition) === 'community';
  if (wasNarrowed || WIDTH[image.visibility] > WIDTH[definition.visibility]) return definition.visibility;
  return image.visibility;
}
