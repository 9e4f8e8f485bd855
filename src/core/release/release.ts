import type {Definition, Version} from '../definition/definition.ts';
import type {Digest} from './digest.ts';
import type {Image} from '../image/image.ts';
import type {Stamp} from '../image/stamp.ts';
import {compareVersions} from './version.ts';

/** A listed version, resolved: for `version: latest` the upstream digest and the label that stands for the version. */
export interface Release {
  /** The version as names and `internal_version` show it. */
  readonly version: string;
  readonly digest?: Digest;
  /** True for `version: latest`: then the digest is the identity, not the version. */
  readonly latest: boolean;
  readonly listed: Version;
  /** Without a demanded digest: digests of the local file that is listed. */
  readonly file?: FileDigests;
  /** The disk format of its source. */
  readonly format?: string;
  /** Only an image that is known to have its bytes is its image (`--replace`). */
  readonly exact?: boolean;
  /** It comes from the command line, where each run may name other bytes under the same version. */
  readonly adHoc?: boolean;
  /** A build of ours: made on this host where no image and no artifact of it is there; `why`, one clause. */
  readonly build?: {readonly inputs: string; readonly why: string};
}

/** What is known about the bytes of a file of this host: as it is served, and as a store holds it (unpacked). */
export interface FileDigests {
  readonly served: readonly Digest[];
  readonly stored?: Digest;
}

/** An image of ours with its stamp read. */
export interface OwnImage {
  readonly image: Image;
  readonly stamp: Stamp;
}

/** The releases, oldest first; `latest` counts as the newest. */
export function sortReleases(releases: readonly Release[]): Release[] {
  return [...releases].sort((a, b) => Number(a.latest) - Number(b.latest) || compareVersions(a.version, b.version));
}

/** Resolved without asking anybody: what a version that is not `latest` says by itself. */
export function releaseOf(version: Version): Release {
  return {
    version: version.version,
    latest: false,
    listed: version,
    ...(version.checksum && {digest: version.checksum}),
  };
}

/** The release that bears the plain name (`multi: true`), or every release (`multi: false`). */
export function currentReleases(definition: Definition, sorted: readonly Release[]): readonly Release[] {
  return definition.multi ? sorted.slice(-1) : sorted;
}
