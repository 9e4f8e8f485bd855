import type {Definition} from '../definition/definition.ts';
import type {OwnImage} from '../release/release.ts';
import {releaseOf} from '../release/release.ts';
import type {Revoked} from '../release/revoked.ts';
import {compareVersions} from '../release/version.ts';
import {newestListed} from '../rules/own-subject.ts';

/** A definition, its images on one cloud, and what is revoked of it there. */
export interface Offer {
  readonly definition: Definition | undefined;
  readonly images: readonly OwnImage[];
  readonly revoked: Revoked;
}

/** Of the versions that are listed, that finders know (`upstream`), or that wait on the cloud: the newest, where it is newer; none revoked. */
export function newerThan(version: string, offer: Offer, upstream: string | undefined): string | null {
  const {definition, images, revoked} = offer;
  if (!definition?.enabled || !definition.multi) return null;
  const built = definition.build === undefined ? [] : images.filter((own) => !revoked.image(own));
  const waiting = built.map(({stamp}) => stamp.version);
  const candidates = [newestWanted(definition, revoked), upstream, ...waiting].filter((each) => each !== undefined);
  const newest = candidates.sort(compareVersions).at(-1);
  return newest !== undefined && compareVersions(newest, version) > 0 ? newest : null;
}

/** The newest version that is listed, revoked neither there nor on the cloud. */
export function newestWanted(definition: Definition, revoked: Revoked): string | undefined {
  const versions = definition.versions.filter((each) => !revoked.release(releaseOf(each)));
  return newestListed({...definition, versions});
}
