import {ImgmgrError, formatPosition} from '../../errors.ts';
import {formatDigest} from '../release/digest.ts';
import type {Image} from '../image/image.ts';
import {publishedName} from '../image/naming.ts';
import type {OwnImage, Release} from '../release/release.ts';
import {hasOtherBytes} from '../release/find-image.ts';
import {demandedId} from '../release/release.ts';
import {compareBytes, describeDigests} from '../release/same-bytes.ts';
import {adoptableVersion} from './adopt.ts';
import {isCopyOfOurs, isSnapshot, readStamp} from '../image/stamp.ts';
import type {Draft} from './draft.ts';
import {supersededName} from './draft.ts';

/** A listed version whose bytes changed under it: an error, unless `--replace`. */
export function findChangedDigest(draft: Draft): ImgmgrError | undefined {
  for (const release of draft.sorted) {
    const other = draft.finished().find((own) => hasOtherBytes(own, release));
    if (!other || draft.published(release) || draft.revoked.release(release)) continue;
    const error = changedDigest(draft, release, other);
    if (error) return error;
  }
  return undefined;
}

/** An image that is not ours and bears a name that is about to be published; of another project: a warning. */
export function findForeign(draft: Draft): ImgmgrError | undefined {
  const names = namesAboutToBePublished(draft);
  draft.publishes.push(...names);
  const known = new Set(draft.images.map((own) => own.image.id));
  for (const image of draft.input.others) {
    if (known.has(image.id) || !names.has(image.name ?? '')) continue;
    if (image.owner !== draft.input.projectId) warnForeign(draft, image);
    else if (!isOfDefinition(draft, image)) return foreignImage(draft, image);
  }
  return undefined;
}

function changedDigest(draft: Draft, release: Release, other: OwnImage): ImgmgrError | undefined {
  const place = formatPosition(release.place);
  const label = `${draft.definition.name} ${release.version}`;
  if (!draft.input.policy.replace) {
    const {digest} = release;
    return new ImgmgrError(
      'DIGEST_CHANGED',
      `${label} is there as ${other.image.id} with ${knownDigests(other, release)}, the definition now demands ${digest ? formatDigest(digest) : 'other bytes'}`,
      {
        place,
        hint: 'give the new bytes a new version, or accept them under this one with --replace',
      },
    );
  }
  const id = demandedId(release);
  if (id === undefined) return undefined;
  return new ImgmgrError('USAGE', `--replace cannot replace ${label}: its id ${id} is taken by the old image`, {
    place,
    hint: 'give the version a new id, or none',
  });
}

/** The digest that disproves it; else all that are known. */
function knownDigests(own: OwnImage, release: Release): string {
  const compared = compareBytes(own, release);
  return compared.kind === 'other' ? formatDigest(compared.known) : describeDigests(own);
}

function namesAboutToBePublished(draft: Draft): Set<string> {
  const names = new Set<string>();
  if (draft.input.hold) return names;
  for (const release of draft.sorted) {
    const existing = draft.published(release);
    const comes = existing ? draft.isCurrent(release) && existing.stamp.state !== 'current' : draft.isWanted(release);
    if (!comes) continue;
    names.add(
      draft.isCurrent(release) ? publishedName(draft.definition, release.version) : supersededName(draft, release),
    );
  }
  return names;
}

function warnForeign(draft: Draft, image: Image): void {
  draft.warn({
    code: 'foreign-name',
    image: image.id,
    message: `image ${image.id} of project ${image.owner ?? '(none)'} bears the name "${image.name ?? ''}" too`,
    hint: 'users who look images up by name may find either',
  });
}

function adoptionHint({input}: Draft, image: Image): string {
  if (adoptableVersion(input, image) !== undefined) return 'take it over with --adopt, or rename it';
  return `rename it: openstack image set --name NEW-NAME ${image.id}; --adopt takes over only an active image without imgmgr_* properties that has its internal_version and the name that belongs to it`;
}

function isOfDefinition(draft: Draft, image: Image): boolean {
  return image.properties['imgmgr_definition'] === draft.definition.name && !isCopyOfOurs(image);
}

function foreignImage(draft: Draft, image: Image): ImgmgrError {
  const other = readStamp(image)?.definition;
  const isCopy = isSnapshot(image) || isCopyOfOurs(image);
  const whose = isCopy
    ? 'is a copy of an image or a snapshot of a server, which imgmgr never manages'
    : other === undefined
      ? 'is not managed by imgmgr'
      : `belongs to the definition "${other}"`;
  return new ImgmgrError(
    'FOREIGN_IMAGE',
    `image ${image.id} of this project bears the name "${image.name ?? ''}" and ${whose}`,
    {
      place: formatPosition(draft.definition.place),
      hint: isCopy
        ? `rename it: openstack image set --name NEW-NAME ${image.id}`
        : other === undefined
          ? adoptionHint(draft, image)
          : 'rename one of the two definitions, or the image',
    },
  );
}
