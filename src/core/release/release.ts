import type {FilePosition} from '../../errors.ts';
import type {Definition, Version} from '../definition/definition.ts';
import type {Digest} from './digest.ts';
import type {Image} from '../image/image.ts';
import type {Stamp} from '../image/stamp.ts';
import {compareVersions} from './version.ts';

/** What an image can be made of: a version that its definition lists, with the digest that it is demanded to have, or a build of ours. */
export type Release = ListedRelease | LatestRelease | BuildRelease;

/** A version that its definition names. */
export interface ListedRelease extends Shared {
  readonly kind: 'listed';
  readonly listed: Version;
  /** Without a demanded digest: digests of the local file that is listed. */
  readonly file?: FileDigests;
  readonly build?: undefined;
}

/** The entry `version: latest`: the digest is its identity, and the version a label that stands for it. */
export interface LatestRelease extends Shared {
  readonly kind: 'latest';
  readonly listed: Version;
  readonly file?: undefined;
  readonly build?: undefined;
}

/** A build of ours, which has no address: made on this host where no image and no file of it is there. */
export interface BuildRelease extends Shared {
  readonly kind: 'build';
  readonly build: Build;
  readonly listed?: undefined;
  readonly file?: undefined;
}

/** What makes a build this one, and what is said of it. */
export interface Build {
  /** Hash of what it is made from. */
  readonly inputs: string;
  /** Why it is wanted, one clause. */
  readonly why: string;
  /** `YYYY-MM-DD`, the day on which it began; absent where its version names none. */
  readonly date?: string;
  /** What its image says about where it comes from. */
  readonly source: string;
}

interface Shared {
  /** The version as names and `internal_version` show it. */
  readonly version: string;
  readonly digest?: Digest;
  /** Where the definition speaks of it, for messages. */
  readonly place: FilePosition;
  /** Boot properties that its image keeps, whatever its entry and its definition say; null: it has none of that name. */
  readonly boot?: Readonly<Record<string, string | null>>;
  /** The disk format of its source. */
  readonly format?: string;
  /** Only an image that is known to have its bytes is its image (`--replace`). */
  readonly exact?: boolean;
  /** Bytes of its source as served, where they came to be known without a question of their own. */
  readonly size?: number;
  /** It comes from the command line, where each run may name other bytes under the same version. */
  readonly adHoc?: boolean;
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
  return [...releases].sort(
    (a, b) => Number(a.kind === 'latest') - Number(b.kind === 'latest') || compareVersions(a.version, b.version),
  );
}

/** Resolved without asking anybody: what a version that is not `latest` says by itself. */
export function releaseOf(version: Version): ListedRelease {
  return {
    kind: 'listed',
    version: version.version,
    place: version.place,
    listed: version,
    ...(version.checksum && {digest: version.checksum}),
  };
}

/** The entry `version: latest` under the label that stands for its version. */
export function latestRelease(listed: Version, label: string, digest?: Digest): LatestRelease {
  return {kind: 'latest', version: label, place: listed.place, listed, ...(digest && {digest})};
}

/** The Glance id that the image must get, where its definition says so. */
export function demandedId({listed}: Release): string | undefined {
  return listed?.id;
}

/** The release that bears the plain name (`multi: true`), or every release (`multi: false`). */
export function currentReleases(definition: Definition, sorted: readonly Release[]): readonly Release[] {
  return definition.multi ? sorted.slice(-1) : sorted;
}
