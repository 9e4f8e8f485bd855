import type {Definition} from '../definition/definition.ts';
import {digestFromHex} from '../release/digest.ts';
import {findDrift} from '../image/drift.ts';
import type {FormContext} from '../image/form.ts';
import {currentForm, ownTags, ownedKeys, withOldPurpose} from '../image/form.ts';
import {applyPatch, compact} from '../image/patch.ts';
import type {Image, ImagePatch} from '../image/image.ts';
import {publishedName, retiredName} from '../image/naming.ts';
import type {Policy} from '../policy.ts';
import type {OwnImage, Release} from '../release/release.ts';
import {findImage} from '../release/find-image.ts';
import {isLonger} from '../retention.ts';
import type {Stamp} from '../image/stamp.ts';
import {MANAGED_TAG, hasStampTrace, isSnapshot, readStamp, stampProperties} from '../image/stamp.ts';

/** An unstamped image that will be ours: as it is, the one PATCH, and as it will be. */
export interface Adoption {
  readonly before: Image;
  readonly patch: ImagePatch;
  readonly own: OwnImage;
}

/** What adoption is decided from. */
export interface AdoptionInput {
  readonly definition: Definition;
  readonly others: readonly Image[];
  readonly images: readonly OwnImage[];
  readonly sorted: readonly Release[];
  readonly projectId: string;
  readonly policy: Pick<Policy, 'oldPurpose'>;
  readonly context: (release: Release) => FormContext;
}

/** What {@link planAdoption} takes over. */
export function planAdoption(input: AdoptionInput): Adoption[] {
  const adoptions: Adoption[] = [];
  for (const image of input.others) {
    const version = adoptableVersion(input, image);
    if (version !== undefined) adoptions.push(adopt(input, image, version));
  }
  return adoptions;
}

/**
 * The version of an unstamped active image of our project, no snapshot of a server, that fits the definition's name scheme, as the peer
 * leaves them; undefined for any other image.
 */
export function adoptableVersion(
  {definition, projectId}: Pick<AdoptionInput, 'definition' | 'projectId'>,
  image: Image,
): string | undefined {
  if (image.owner !== projectId || hasStampTrace(image) || isSnapshot(image) || image.status !== 'active')
    return undefined;
  return versionByScheme(definition, image);
}

/** The version that name and `internal_version` agree on; undefined when the image does not fit the scheme. */
function versionByScheme(definition: Definition, image: Image): string | undefined {
  const version = image.properties['internal_version'];
  if (image.name === null || version === undefined || version === '') return undefined;
  const names = [publishedName(definition, version), retiredName(definition, version)];
  return names.includes(image.name) ? version : undefined;
}

function adopt(input: AdoptionInput, image: Image, version: string): Adoption {
  const {definition, sorted} = input;
  const isCurrent = !definition.multi || image.name === definition.name;
  const upstream = digestFromHex(image.properties['upstream_checksum'] ?? '');
  const stamp: Stamp = {
    definition: definition.name,
    version,
    state: isCurrent ? 'current' : 'retired',
    run: '',
    keys: tagKeys(input),
    adHoc: false,
    applied: {
      visibility: image.visibility,
      osHidden: image.osHidden,
      status: 'active',
      protected: image.protected,
    },
    ...(upstream && {digest: upstream}),
  };
  const own = {image, stamp};
  const release = sorted.find((r) => findImage(r, [own]) !== undefined);
  const current = release && isCurrent ? findDrift(own, currentForm(input.context(release)), false).patch : {};
  const drift = isCurrent ? current : retiredDrift(input, own);
  const patch = compact(image, {
    ...drift,
    tags: [...new Set([...(drift.tags ?? image.tags), MANAGED_TAG])].sort(),
    set: {...stampProperties(stamp), ...drift.set},
  });
  const after = applyPatch(image, patch);
  return {before: image, patch, own: {image: after, stamp: readStamp(after) ?? stamp}};
}

/** What retiring would have made of a superseded image; the peer leaves it its tags and `os_purpose: generic`. */
function retiredDrift({definition, policy}: AdoptionInput, {image, stamp}: OwnImage): ImagePatch {
  const purpose = image.properties['os_purpose'];
  const promise = definition.meta['uuid_validity'];
  const tags = ownTags(stamp.keys);
  return {
    tags: image.tags.filter((tag) => !tags.has(tag)),
    set: {
      ...(purpose !== undefined && withOldPurpose({os_purpose: purpose}, policy.oldPurpose)),
      ...(promise !== undefined && isLonger(image.properties['uuid_validity'], promise) && {uuid_validity: promise}),
    },
  };
}

/** The definition's tags count as set by us, so that retiring takes them off an adopted image too. */
function tagKeys({sorted, context}: AdoptionInput): string[] {
  const newest = sorted.at(-1);
  return newest ? ownedKeys(currentForm(context(newest))).filter((key) => key.startsWith('tag:')) : [];
}
