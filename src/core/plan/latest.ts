import {formatDigest} from '../release/digest.ts';
import type {PlanInput, PlanWarning} from './plan.ts';
import type {OwnImage, Release} from '../release/release.ts';
import {isOfRelease} from '../release/find-image.ts';
import {revokedOf} from '../release/revoked.ts';
import {latestRelease} from '../release/release.ts';
import {compareVersions} from '../release/version.ts';

/** A label that stands for a version which nobody named: the day of the upstream's last change. */
const LABEL = /^\d{8}(?:-\d+)?$/;

/**
 * A `latest` whose bytes belong to an older version than the published one (a mirror that is behind): the published one stays, and a
 * warning says so. `--replace` publishes the older one.
 */
export function keepNewerLatest(input: PlanInput): {
  readonly input: PlanInput;
  readonly warnings: readonly PlanWarning[];
} {
  if (input.policy.replace) return {input, warnings: []};
  const warnings: PlanWarning[] = [];
  const releases = input.releases.map((release) => {
    if (release.kind !== 'latest') return release;
    const newer = newerThan(input, release);
    if (!newer) return release;
    warnings.push(wentBack(input, release, newer));
    return latestRelease(release.listed, newer.stamp.version, newer.stamp.digest);
  });
  return {input: {...input, releases}, warnings};
}

/** The published image of a newer version, as far as no other listed version is its own. */
function newerThan({definition, images, releases}: PlanInput, release: Release): OwnImage | undefined {
  const revoked = revokedOf(definition, images);
  const published = images.filter(
    (own) =>
      own.stamp.state === 'current' &&
      !revoked.image(own) &&
      !releases.some((other) => other.kind !== 'latest' && other.version === own.stamp.version),
  );
  const newest = published.sort((a, b) => compareVersions(b.stamp.version, a.stamp.version))[0];
  if (!newest || compareVersions(newest.stamp.version, release.version) <= 0) return undefined;
  const isKnown = images.some((own) => isOfRelease(own, release));
  return isKnown || (LABEL.test(release.version) && LABEL.test(newest.stamp.version)) ? newest : undefined;
}

function wentBack({definition}: PlanInput, release: Release, {image, stamp}: OwnImage): PlanWarning {
  const served = release.digest ? ` (${formatDigest(release.digest)})` : '';
  return {
    code: 'upstream-went-back',
    image: image.id,
    message: `${definition.name}: the source serves ${release.version}${served}, older than the published ${stamp.version} (image ${image.id}), which stays`,
    hint: 'the mirror may be behind; to publish the older version all the same: --replace',
  };
}
