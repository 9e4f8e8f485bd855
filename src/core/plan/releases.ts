import {publicUrl} from '../public-url.ts';
import {formatDigest} from '../release/digest.ts';
import {describeConversion, describeJudging, isConvertible, needsBothGuards, neededConversion} from '../conversion.ts';
import {findDrift} from '../image/drift.ts';
import type {Form} from '../image/form.ts';
import {candidate, currentForm, supersededForm} from '../image/form.ts';
import {applyPatch, changesOf, isEmptyPatch} from '../image/patch.ts';
import type {Image, ImagePatch} from '../image/image.ts';
import type {OwnImage, Release} from '../release/release.ts';
import {byLastPublished, isOfRelease} from '../release/find-image.ts';
import {demandedId} from '../release/release.ts';
import {compareBytes, digestUnknown} from '../release/same-bytes.ts';
import {bootChange, readVerdict, wasBootedAs} from '../verdict/record.ts';
import {formatApplied} from '../image/stamp.ts';
import {isAsApplied} from './choose-current.ts';
import type {Draft} from './draft.ts';
import {about} from './draft.ts';
import {isStalled} from './leftovers.ts';
import {publish, publishNew, verifyFirst, wantsPublication} from './publish.ts';
import {retirePredecessors} from './retire.ts';
import {shareExisting} from './share.ts';
import {withBootPropertiesOf} from './stand-in.ts';
import {minDiskRaised} from '../warnings.ts';

/** What one listed version needs: nothing, mending, its name back, or to be made and published. */
export function planRelease(draft: Draft, release: Release): void {
  const existing = draft.published(release);
  if (existing && !draft.revoked.release(release)) warnUnlessCompared(draft, release, existing);
  if (!existing) {
    if (draft.isAcquired(release)) planNew(draft, release);
  } else if (!draft.isCurrent(release)) {
    if (draft.isWanted(release)) draft.unchanged.push(existing.image.id);
  } else if (existing.stamp.state === 'retired') republish(draft, release, existing);
  else if (needsNewCandidate(draft, release, existing)) planNew(draft, release, existing.image);
  else {
    mend(draft, release, existing);
    retirePredecessors(draft, existing, {version: release.version});
  }
}

/** What a hold keeps from its name: said, since nothing of it is planned. */
function waitForHold(draft: Draft, release: Release): void {
  const {hold, policy} = draft.input;
  if (hold && policy.acquire) draft.wait(`publish ${release.version}`);
}

/** A demanded digest that can be compared with none of the image: said in every run, until one of its algorithm is on record. */
function warnUnlessCompared(draft: Draft, release: Release, existing: OwnImage): void {
  const compared = compareBytes(existing, release);
  if (!release.digest || compared.kind !== 'unknown') return;
  const {image} = existing;
  const isChanged = compared.held === 'changed';
  draft.warn({image: image.id, ...digestUnknown(existing, {demanded: release.digest, isChanged})});
}

/** What the image was proven with has changed, and could break its boot: it is proven anew before anybody sees it. */
function needsNewCandidate(draft: Draft, release: Release, {image}: OwnImage): boolean {
  if (!draft.verifies() || !wantsPublication(draft) || demandedId(release) !== undefined) return false;
  // Of what is not listed, or where only images that are there count, no new one is made.
  if (draft.isStandIn(release) || draft.input.revocation) return false;
  return readVerdict(image)?.kind === 'pass' && !wasBootedAs(image, currentForm(draft.context(release)));
}

/** The catalogue went back: the image is there already, in its retired form. */
function republish(draft: Draft, listed: Release, existing: OwnImage): void {
  waitForHold(draft, listed);
  if (!wantsPublication(draft)) return;
  const {image, stamp} = existing;
  const release = asItBoots(draft, listed, image);
  const form = currentForm(draft.context(release));
  const reason = reasonToReturn(draft, listed);
  if (stamp.applied && !draft.input.policy.forceState && !isAsApplied(image, stamp.applied)) {
    draft.warnByHand(existing, [`it is not as imgmgr left it (${formatApplied(stamp.applied)})`]);
    return;
  }
  const verdict = readVerdict(image);
  if (draft.verifies() && verdict?.kind === 'fail') {
    draft.failVerification(release, existing);
    return;
  }
  if (image.status === 'deactivated' && form.status === 'active')
    draft.add({kind: 'reactivate', target: {image}}, {...about(existing), reason});
  // Booted once is enough for an image that was published before, also with --reverify.
  if (draft.verifies() && verdict === undefined) verifyFirst(draft, release, {image});
  const id = publish(draft, {release, target: {image}, as: 'current', counts: 'updated', reason});
  const published: OwnImage = {image: applyPatch(image, {name: form.name}), stamp: {...stamp, state: 'current'}};
  draft.replace(existing, published);
  retirePredecessors(draft, published, {version: release.version, published: id});
}

/** Published with what it was booted with: what its definition says by now is tried on a new candidate, by the next run. */
function asItBoots(draft: Draft, release: Release, image: Image): Release {
  if (!draft.verifies() && !draft.input.revocation) return release;
  const isTested = readVerdict(image) !== undefined && wasBootedAs(image, currentForm(draft.context(release)));
  return isTested ? release : withBootPropertiesOf(release, image, draft.definition);
}

function reasonToReturn(draft: Draft, release: Release): string {
  const gone = draft.images.find((own) => own.stamp.state === 'current' && draft.revoked.image(own));
  if (gone) return `takes the place of ${gone.stamp.version}, which is revoked`;
  return draft.isStandIn(release)
    ? 'is the newest version that is not revoked'
    : 'is listed as the newest version again';
}

/** Drift of a current image: status, one PATCH, stores. */
function mend(draft: Draft, release: Release, existing: OwnImage): void {
  if (!draft.input.policy.acquire) return;
  const {image} = existing;
  const form = currentForm(draft.context(release));
  const {patch, status, byHand} = findDrift(existing, form, draft.input.policy.forceState);
  if (byHand.length > 0) draft.warnByHand(existing, byHand);
  if (status)
    draft.add(
      {kind: status === 'active' ? 'reactivate' : 'deactivate', target: {image}, counts: 'updated'},
      {...about(existing), reason: `the definition says status: ${status}`},
    );
  if (!isEmptyPatch(patch)) {
    warnMinDisk(draft, {image, form, patch});
    draft.add(
      {kind: 'update', image, patch, counts: 'updated'},
      {...about(existing), reason: 'differs from its definition', ...changesOf(image, patch)},
    );
  }
  const missing = missingStores(draft, image);
  if (missing.length > 0)
    draft.add(
      {kind: 'copy', image, stores: missing, counts: 'updated'},
      {...about(existing), reason: `is missing from ${missing.join(', ')}`, ...sizeOf(image)},
    );
  const isSame = !status && isEmptyPatch(patch) && missing.length === 0;
  const visibility = patch.visibility ?? image.visibility;
  const isShared = shareExisting(draft, {own: existing, visibility, counts: isSame});
  if (isSame && !isShared) draft.unchanged.push(image.id);
}

/** Makes the image, or goes on with one that was begun, and publishes it; `twin` is the live image whose bytes it shall have. */
function planNew(draft: Draft, release: Release, twin?: Image): void {
  const begun = draft.images
    .filter((own) => own.stamp.state !== 'current' && own.stamp.state !== 'retired' && isOfRelease(own, release))
    // Other boot properties make another candidate of the same bytes: what was found out about this one does not hold.
    .filter(
      (own) => own.stamp.state !== 'quarantined' || wasBootedAs(own.image, supersededForm(draft.context(release))),
    )
    .sort(byLastPublished)[0];
  const {policy} = draft.input;
  if (begun?.stamp.state === 'quarantined' && !(policy.reverify && draft.verifies())) {
    draft.failVerification(release, begun);
    return;
  }
  waitForHold(draft, release);
  if (begun?.stamp.state === 'pending' && !policy.wait && !isStalled(begun)) {
    draft.pending++;
    draft.decide(`version ${release.version} is still with the cloud (image ${begun.image.id})`);
    return;
  }
  if (begun?.stamp.state === 'ready' || begun?.stamp.state === 'quarantined') {
    publishNew(draft, {release, target: {image: begun.image}, begun});
    return;
  }
  const {newName, ...said} = {
    version: release.version,
    newName: candidate(draft.context(release), '', undefined).name,
    ...(begun && {image: begun.image.id}),
  };
  const next = draft.verifies() && policy.wait ? 'verify' : wantsPublication(draft) ? 'publish' : 'ready';
  const counts = next === 'ready' ? {counts: 'imported' as const} : {};
  let made: string;
  if (begun && isUnderWay(begun)) {
    const reason =
      begun.stamp.state === 'pending'
        ? 'was handed to the cloud by an earlier run'
        : `complete, left by run ${begun.stamp.run}`;
    made = draft.add({kind: 'resume', release, next, image: begun.image, ...counts}, {...said, newName, reason});
  } else {
    const reason = twin
      ? `${bootChange(twin, currentForm(draft.context(release)))}: a new image is verified`
      : begun
        ? 'its record with the demanded id is there, empty'
        : (release.build?.why ?? 'not in the cloud yet');
    made = draft.add(
      {kind: 'acquire', release, next, ...(begun && {reuse: begun.image}), ...(twin && {twin}), ...counts},
      {
        ...said,
        newName,
        reason: [reason, ...stagingOf(draft, release, twin)].join(', '),
        ...(release.build && !twin && !begun && {built: true as const}),
        ...(release.listed && {url: publicUrl(release.listed.url)}),
        ...(release.digest && {digest: formatDigest(release.digest)}),
        ...bytesOf(release, twin),
      },
    );
  }
  publishNew(draft, {release, target: {made}, ...(begun && {begun})});
}

/** How many bytes an image is made of: those of its source, or of the live image where the source cannot give them again. */
function bytesOf({size, digest}: Release, twin: Image | undefined): {bytes?: number} {
  if (size !== undefined) return {bytes: size};
  return twin && !digest ? sizeOf(twin) : {};
}

function sizeOf({size}: Image): {bytes?: number} {
  return size === null ? {} : {bytes: size};
}

/** What happens to the bytes on this host; a warning where they cannot be converted as wanted. Without a demanded digest a twin has the bytes of the store. */
function stagingOf(draft: Draft, release: Release, twin: Image | undefined): readonly string[] {
  const {definition, input} = draft;
  const wanted = input.policy.convert;
  const format = (release.digest ? undefined : twin?.diskFormat) ?? definition.format;
  if (wanted && !isConvertible(format))
    draft.warn({
      code: 'not-converted',
      message: `${definition.name} ${release.version} is ${format}, no disk that could be converted: it goes as it is`,
    });
  const conversion = neededConversion(format, wanted);
  if (conversion) return [describeConversion(format, conversion)];
  return needsBothGuards(format) ? [describeJudging(format)] : [];
}

function isUnderWay(own: OwnImage): boolean {
  const {image, stamp} = own;
  return (stamp.state === 'pending' && !isStalled(own)) || image.status === 'active' || image.status === 'deactivated';
}

function missingStores(draft: Draft, image: Image): string[] {
  const wanted = draft.input.policy.stores ?? draft.definition.stores ?? [];
  return image.stores.length === 0 ? [] : wanted.filter((store) => !image.stores.includes(store));
}

function warnMinDisk(
  draft: Draft,
  input: {readonly image: Image; readonly form: Form; readonly patch: ImagePatch},
): void {
  const {image, form, patch} = input;
  if (patch.minDisk === undefined || patch.minDisk <= form.minDisk) return;
  draft.warn({
    image: image.id,
    ...minDiskRaised(image.name ?? image.id, {from: form.minDisk, to: patch.minDisk}),
  });
}
