import type {Digest} from '../release/digest.ts';
import {formatDigest, parseDigest} from '../release/digest.ts';
import type {Image, Visibility} from './image.ts';
import {recordedId, remembered, schemaOf} from './record.ts';

/** The tag that every image of ours carries; the server filters the listing by it. */
export const MANAGED_TAG = 'managed_by_imgmgr';

/**
 * Where an image of ours is in its life. `lease`: no image, the lock of a run. `importing`: being made. `pending`: handed
 * to the cloud by `--no-wait`. `ready`: proven, complete, not published. `current`: published and not superseded.
 * `retired`: in its retired form. `quarantined`: failed its verification, kept as evidence.
 */
export type ImageState = 'lease' | 'importing' | 'pending' | 'ready' | 'current' | 'retired' | 'quarantined';

const STATES: readonly ImageState[] = ['lease', 'importing', 'pending', 'ready', 'current', 'retired', 'quarantined'];

/** What we last made of the fields that operators change by hand. */
export interface Applied {
  readonly visibility: Visibility;
  readonly osHidden: boolean;
  readonly status: 'active' | 'deactivated';
  readonly protected: boolean;
}

/** Our own mark on an image, kept in `imgmgr_*` properties. */
export interface Stamp {
  readonly definition: string;
  readonly version: string;
  readonly state: ImageState;
  readonly run: string;
  /** The digest that was demanded when the bytes were imported. */
  readonly digest?: Digest;
  /** Other digests of the same bytes, which `verify --deep` found out. */
  readonly moreDigests?: readonly Digest[];
  /** What became of the bytes on import, so that a digest of the source is none of what the store holds. */
  readonly bytes?: 'unpacked' | 'converted';
  /** Property keys that we set, tags as `tag:NAME`, tags of the flag `--tag` as `flag-tag:NAME`. */
  readonly keys: readonly string[];
  readonly applied?: Applied;
  /** End of a lease's or a pending import's life, ISO 8601 by the server's clock. */
  readonly expires?: string;
  /** True for an image that a definition on the command line asked for, not one in a file. */
  readonly adHoc: boolean;
}

/** Reads the stamp; undefined when the image is not ours or its stamp is incomplete. The owner is not looked at. */
export function readStamp(image: Image): Stamp | undefined {
  const {imgmgr_definition: definition, imgmgr_version: version} = image.properties;
  const state = STATES.find((name) => name === image.properties['imgmgr_state']);
  if (definition === undefined || version === undefined || state === undefined) return undefined;
  if (isCopyOfOurs(image)) return undefined;
  const digest = parseDigest(image.properties['imgmgr_digest'] ?? '');
  const moreDigests = (remembered(image, 'imgmgr_digests') ?? '').split(',').flatMap((text) => parseDigest(text) ?? []);
  const bytes = remembered(image, 'imgmgr_bytes');
  const applied = parseApplied(image.properties['imgmgr_applied'] ?? '');
  const expires = image.properties['imgmgr_expires'];
  return {
    definition,
    version,
    state,
    run: remembered(image, 'imgmgr_run') ?? '',
    keys: parseKeys(image.properties['imgmgr_keys'] ?? ''),
    adHoc: remembered(image, 'imgmgr_origin') === 'command',
    ...(digest && {digest}),
    ...(moreDigests.length > 0 && {moreDigests}),
    ...((bytes === 'unpacked' || bytes === 'converted') && {bytes}),
    ...(applied && {applied}),
    ...(expires !== undefined && {expires}),
  };
}

/** True when any part of a stamp is there, complete or not. */
export function hasStampTrace(image: Pick<Image, 'properties'>): boolean {
  return Object.keys(image.properties).some((key) => key.startsWith('imgmgr_'));
}

/** What Nova and Cinder put on an image that they make of a server or a volume. */
const SNAPSHOT_PROPERTIES = ['base_image_ref', 'instance_uuid', 'block_device_mapping', 'bdm_v2'];

/**
 * True for an image that was made of a server: it has the properties of the image that the server was booted from.
 * https://opendev.org/openstack/nova/src/branch/stable/zed/nova/compute/utils.py (initialize_instance_snapshot_metadata)
 */
export function isSnapshot({properties}: Pick<Image, 'properties'>): boolean {
  return properties['image_type'] === 'snapshot' || SNAPSHOT_PROPERTIES.some((name) => (properties[name] ?? '') !== '');
}

/**
 * True when the stamp came with copied properties (a snapshot of a server, an image made of a volume): it names another image. A stamp of
 * format 1 names none; then an image is ours when it carries our tag, which no service copies, and is no snapshot.
 */
export function isCopyOfOurs(image: Image): boolean {
  if (!hasStampTrace(image)) return false;
  const id = recordedId(image);
  if (id !== undefined || schemaOf(image) > 1) return id !== image.id;
  return isSnapshot(image) || !image.tags.includes(MANAGED_TAG);
}

/** The properties that hold the stamp; absent parts are left out. */
export function stampProperties(stamp: Stamp): Record<string, string> {
  return {
    imgmgr_definition: stamp.definition,
    imgmgr_version: stamp.version,
    imgmgr_state: stamp.state,
    imgmgr_run: stamp.run,
    ...(stamp.digest && {imgmgr_digest: formatDigest(stamp.digest)}),
    ...(stamp.keys.length > 0 && {imgmgr_keys: formatKeys(stamp.keys)}),
    ...(stamp.applied && {imgmgr_applied: formatApplied(stamp.applied)}),
    ...(stamp.expires !== undefined && {imgmgr_expires: stamp.expires}),
    ...(stamp.adHoc && {imgmgr_origin: 'command'}),
  };
}

/** `visibility=public os_hidden=false status=active protected=false`. */
export function formatApplied(applied: Applied): string {
  return `visibility=${applied.visibility} os_hidden=${applied.osHidden} status=${applied.status} protected=${applied.protected}`;
}

/** Keys sorted, separated by blanks; blanks and percent signs inside a key are percent-encoded. */
export function formatKeys(keys: readonly string[]): string {
  return [...new Set(keys)]
    .sort()
    .map((key) => key.replace(/[% \t\n]/g, (c) => `%${c.charCodeAt(0).toString(16).padStart(2, '0')}`))
    .join(' ');
}

function parseKeys(text: string): string[] {
  return text
    .split(' ')
    .filter((key) => key !== '')
    .map((key) => key.replace(/%([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))));
}

function parseApplied(text: string): Applied | undefined {
  const fields = new Map(
    text.split(' ').map((pair): [string, string] => [pair.split('=')[0] ?? '', pair.split('=')[1] ?? '']),
  );
  const visibility = (['public', 'private', 'shared', 'community'] as const).find(
    (v) => v === fields.get('visibility'),
  );
  if (visibility === undefined) return undefined;
  return {
    visibility,
    osHidden: fields.get('os_hidden') === 'true',
    status: fields.get('status') === 'deactivated' ? 'deactivated' : 'active',
    protected: fields.get('protected') === 'true',
  };
}
