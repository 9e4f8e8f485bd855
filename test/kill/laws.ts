import {createHash} from 'node:crypto';
import type {FakeCloud} from '../fakes/fake-cloud.ts';
import type {ImageRecord} from '../fakes/glance/image-table.ts';
import {bytesOf} from './place.ts';

/** What the laws are held against. */
export interface LawBook {
  /** Names that must never be missing again once they led to something. */
  readonly names: readonly string[];
  /** Stores that every image that anybody can see must be in. */
  readonly stores: readonly string[];
  /** Which bytes prove a version, where it is not its own (`--replace`). */
  readonly accepted: Readonly<Record<string, readonly string[]>>;
}

/** What every published image says about itself. */
const DESCRIBED = [
  'architecture',
  'os_distro',
  'os_version',
  'os_purpose',
  'uuid_validity',
  'internal_version',
  'image_name',
  'image_source',
  'image_build_date',
  'image_original_user',
  'image_description',
  'imgmgr_definition',
  'imgmgr_version',
  'imgmgr_keys',
  'imgmgr_applied',
];

/** Holds every instant of the cloud against the laws that outsiders rely on; gives what was broken so far. */
export function watchLaws(cloud: FakeCloud, book: LawBook): {readonly broken: readonly string[]; stop(): void} {
  const broken: string[] = [];
  const known = new Set<string>();
  const look = (cause: string): void => {
    const ours = cloud.images.all().filter(({owner}) => owner === cloud.accounts.admin.projectId);
    for (const image of ours) for (const fault of faultsOf(image, book)) broken.push(`${fault} (after: ${cause})`);
    for (const name of book.names) {
      const shown = ours.filter(
        (image) => image.name === name && !image.os_hidden && ['public', 'community'].includes(image.visibility),
      );
      if (shown.length > 0) known.add(name);
      if (shown.length === 0 && known.has(name)) broken.push(`nobody bears the name ${name} (after: ${cause})`);
      if (shown.length > 2) broken.push(`${shown.length} images bear the name ${name} (after: ${cause})`);
    }
  };
  look('the start');
  const stop = cloud.images.onChange(look);
  return {broken, stop};
}

function faultsOf(image: ImageRecord, book: LawBook): string[] {
  const state = image.properties['imgmgr_state'];
  const reported = `image "${image.name ?? ''}" in state ${state ?? '(none)'}, ${image.visibility}`;
  // Nova hands on the properties of the image that a server was booted from; nobody else may see what it makes.
  if (image.name?.startsWith('imgmgr-tmp-') === true && image.tags.length === 0)
    return image.visibility === 'private' ? [] : [`${reported}, can be seen`];
  if (!image.tags.includes('managed_by_imgmgr')) return state === undefined ? [] : [`${reported}, has lost our tag`];
  const faults: string[] = [];
  const visible = image.visibility !== 'private';
  if (visible && state !== 'current' && state !== 'retired') faults.push(`${reported}, can be seen`);
  if (visible) faults.push(...unfinished(image, book).map((fault) => `${reported}, can be seen and ${fault}`));
  // The newest active image with a tag is what Octavia and Trove boot, private or not.
  const tagged = image.tags.some((tag) => !tag.startsWith('managed_by_'));
  if (tagged && (state !== 'current' || !visible)) faults.push(`${reported}, carries the tags ${image.tags.join(' ')}`);
  if (!visible && !image.os_hidden) faults.push(`${reported}, is not hidden`);
  return faults;
}

function unfinished(image: ImageRecord, {stores, accepted}: LawBook): string[] {
  const version = image.properties['imgmgr_version'] ?? '';
  const hashes = (accepted[version] ?? [version]).map(hashOf);
  const missing = [
    ...DESCRIBED.filter((key) => image.properties[key] === undefined),
    ...stores.filter((store) => !image.stores.includes(store)).map((store) => `store ${store}`),
  ];
  return [
    ...(['active', 'deactivated'].includes(image.status) ? [] : [`is ${image.status}`]),
    ...(hashes.includes(image.os_hash_value ?? '') ? [] : ['has unproven bytes']),
    ...(missing.length === 0 ? [] : [`lacks ${missing.join(', ')}`]),
  ];
}

const HASHES = new Map<string, string>();

/** Computed once: it is asked for at every instant. */
function hashOf(version: string): string {
  const hash = HASHES.get(version) ?? createHash('sha512').update(bytesOf(version)).digest('hex');
  HASHES.set(version, hash);
  return hash;
}
