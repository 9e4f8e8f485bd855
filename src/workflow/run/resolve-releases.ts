import type {FoundBuild, FoundLatest, FoundRelease, FoundVersion} from '../../ports/release-finder.ts';
import type {Definition} from '../../core/definition/definition.ts';
import {findImage} from '../../core/release/find-image.ts';
import type {LatestRelease, ListedRelease, OwnImage, Release} from '../../core/release/release.ts';
import {latestRelease, releaseOf} from '../../core/release/release.ts';
import {dayOfChange} from '../../core/time-text.ts';
import {chooseOne} from '../acquire/make-build.ts';
import type {CloudRun} from '../types.ts';

/** What releases are resolved with: the images of their definition on one cloud. */
export interface ResolveContext extends Pick<CloudRun, 'builds' | 'adHoc'> {
  readonly definition: Definition;
  readonly images: readonly OwnImage[];
  readonly now: Date;
}

/** The releases that a definition wants on one cloud, and what was decided about them, one clause each. SOURCE_*, FORMAT_REFUSED. */
export async function resolveReleases(
  found: readonly FoundRelease[],
  context: ResolveContext,
): Promise<{readonly releases: readonly Release[]; readonly decisions: readonly string[]}> {
  const resolved = await Promise.all(found.map((one) => resolve(one, context)));
  return {
    releases: resolved.flatMap(({release}) => release ?? []),
    decisions: resolved.flatMap(({reason}) => reason ?? []),
  };
}

interface Resolved {
  readonly release?: Release;
  readonly reason?: string;
}

async function resolve(found: FoundRelease, context: ResolveContext): Promise<Resolved> {
  switch (found.kind) {
    case 'listed':
      return {release: await listed(found, context)};
    case 'latest':
      return {release: await latest(found, context)};
    case 'build':
      return build(found, context);
  }
}

/** A local file of the command line is compared with an image of its version by its digests, where it has no demanded one. */
async function listed(found: FoundVersion, {adHoc, images}: ResolveContext): Promise<ListedRelease> {
  const {digest, file} = found;
  const isThere = images.some(({stamp}) => stamp.version === found.listed.version);
  const read = adHoc && isThere ? await file?.() : undefined;
  // What is there already is hardly ever read again.
  const size = isThere ? undefined : await found.size?.();
  return {
    ...releaseOf(found.listed),
    ...(digest && {digest}),
    ...(read && {file: read}),
    ...(size !== undefined && {size}),
  };
}

/**
 * Labelled as the image that has its digest already, else by the upstream's Last-Modified as YYYYMMDD (as the peer does), else, and
 * where that lies in the future, by today's date.
 */
async function latest(found: FoundLatest, {images, now}: ResolveContext): Promise<LatestRelease> {
  const known = findImage(latestRelease(found.listed, 'latest', found.digest), images);
  if (known) return latestRelease(found.listed, known.stamp.version, found.digest);
  const {changedAt, size} = await found.look();
  const label = dayOfChange(changedAt, now).replaceAll('-', '');
  return {...latestRelease(found.listed, label, found.digest), ...(size !== undefined && {size})};
}

function build(found: FoundBuild, context: ResolveContext): Resolved {
  return chooseOne(context, {...context, build: found});
}
