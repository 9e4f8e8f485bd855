import {chooseBuild} from '../build/choose-build.ts';
import type {Definition} from '../definition/definition.ts';
import {byLastPublished} from './find-image.ts';
import type {OwnImage, Release} from './release.ts';
import {latestRelease, releaseOf} from './release.ts';
import {revokedOf} from './revoked.ts';
import {LATEST, compareVersions} from './version.ts';

/**
 * The releases of a definition as far as they can be known without asking a source or building: `latest` and builds are the newest image
 * that is not revoked.
 */
export function releasesThere(definition: Definition, images: readonly OwnImage[], now: Date): readonly Release[] {
  if (definition.build) {
    const published = images.filter(isPublished);
    const {release} = chooseBuild({definition, inputs: undefined, images: published, artifacts: [], now});
    return release ? [release] : [];
  }
  const listed = new Set(definition.versions.map(({version}) => version));
  const revoked = revokedOf(definition, images);
  const newest = images
    .filter((own) => isPublished(own) && !listed.has(own.stamp.version))
    .filter((own) => !revoked.image(own))
    .sort((a, b) => compareVersions(b.stamp.version, a.stamp.version) || byLastPublished(a, b))[0];
  return definition.versions.flatMap((version): readonly Release[] => {
    if (version.version !== LATEST) return [releaseOf(version)];
    return newest ? [latestRelease(version, newest.stamp.version, newest.stamp.digest)] : [];
  });
}

function isPublished({stamp}: OwnImage): boolean {
  return stamp.state === 'current' || stamp.state === 'retired';
}
