import type {Image} from '../image/image.ts';
import type {Applied} from '../image/stamp.ts';
import {byLastPublished, findImage, isOfRelease} from '../release/find-image.ts';
import type {OwnImage, Release} from '../release/release.ts';
import {currentReleases, sortReleases} from '../release/release.ts';
import type {Revoked} from '../release/revoked.ts';
import {revokedOf} from '../release/revoked.ts';
import {compareVersions} from '../release/version.ts';
import {readVerdict} from '../verdict/record.ts';
import type {PlanInput} from './plan.ts';
import {standInRelease} from './stand-in.ts';

/** The releases of a plan, and which of them bear the plain name. */
export interface Choice {
  /** All releases, oldest first, revoked ones and the stand-in among them. */
  readonly sorted: readonly Release[];
  readonly current: readonly Release[];
  /** Listed releases that are not revoked, oldest first. */
  readonly open: readonly Release[];
  /** A superseded image that no entry lists: it takes the place of revoked versions. */
  readonly standIn?: Release;
  readonly revoked: Revoked;
}

/**
 * Chooses what bears the plain name: the newest listed release that is not revoked, and where every listed one is, the newest superseded
 * image that is not. Where the current image was pulled, nothing that is not newer takes its place. A rollback names its target.
 */
export function chooseCurrent(input: PlanInput, images: readonly OwnImage[]): Choice {
  const {definition, revocation} = input;
  const revoked = revokedOf(definition, images);
  const sorted = sortReleases(input.releases).map((release) => inRun(input, release));
  const open = sorted.filter((release) => !revoked.release(release));
  const published = images.filter(isPublished);
  const listed = {sorted, open, revoked};
  if (isOlderImport(input, published, sorted)) return {...listed, current: []};
  if (!definition.multi) return {...listed, current: currentReleases(definition, open)};
  const takers = published.filter((own) => !revoked.image(own) && (isCurrent(own) || mayReturn(own, input)));
  const target = takers.find(({image}) => image.id === revocation?.target);
  const mayTake = (version: string, isThere: boolean): boolean =>
    target !== undefined || isThere || revoked.pulled === undefined || compareVersions(version, revoked.pulled) > 0;
  const newest = target ? open.find((release) => isOfRelease(target, release)) : newestOf(open, {input, takers});
  if (newest) {
    const isThere = takers.some((own) => isCurrent(own) && isOfRelease(own, newest));
    return {...listed, current: mayTake(newest.version, isThere) ? [newest] : []};
  }
  const isLost =
    sorted.length > 0 || revocation !== undefined || published.some((own) => isCurrent(own) && revoked.image(own));
  const taker = target ?? (isLost ? takers.sort(byVersion)[0] : undefined);
  if (!taker || !mayTake(taker.stamp.version, isCurrent(taker))) return {...listed, current: []};
  const standIn = standInRelease(taker, definition, input.policy);
  return {...listed, sorted: [...sorted, standIn], current: [standIn], standIn};
}

/** Where only images that are there count, those of a release that could not take the name are as good as none. */
function newestOf(
  open: readonly Release[],
  {input, takers}: {readonly input: PlanInput; readonly takers: readonly OwnImage[]},
): Release | undefined {
  const there = input.revocation ? open.filter((release) => findImage(release, takers)) : open;
  return there.at(-1);
}

/** `import` of an older version than the published one: it is published already retired. */
function isOlderImport({adHoc}: PlanInput, published: readonly OwnImage[], [release]: readonly Release[]): boolean {
  return (
    adHoc &&
    release !== undefined &&
    published.some((own) => isCurrent(own) && compareVersions(own.stamp.version, release.version) > 0)
  );
}

/** Passed, or never verified, and as imgmgr left it: what an operator pulled by hand stays where it is. */
export function mayReturn({image, stamp}: OwnImage, {policy}: Pick<PlanInput, 'policy'>): boolean {
  if (readVerdict(image)?.kind === 'fail') return false;
  return policy.forceState || !stamp.applied || isAsApplied(image, stamp.applied);
}

/** A deactivation that we recorded but did not get done is no change by hand. */
export function isAsApplied(image: Image, applied: Applied): boolean {
  const pulled = image.status === 'deactivated' && applied.status === 'active';
  return applied.visibility === image.visibility && applied.osHidden === image.osHidden && !pulled;
}

/** The release with what this run adds to the question which image is its image. */
function inRun({definition, policy, adHoc}: PlanInput, release: Release): Release {
  return {
    ...release,
    format: definition.format,
    ...(policy.replace && (adHoc || release.digest !== undefined) && {exact: true}),
    ...(adHoc && {adHoc: true}),
  };
}

function byVersion(a: OwnImage, b: OwnImage): number {
  return compareVersions(b.stamp.version, a.stamp.version) || byLastPublished(a, b);
}

function isCurrent({stamp}: OwnImage): boolean {
  return stamp.state === 'current';
}

function isPublished({stamp}: OwnImage): boolean {
  return stamp.state === 'current' || stamp.state === 'retired';
}
