import type {BuildInputs} from '../core/build/spec.ts';
import type {Definition, Version} from '../core/definition/definition.ts';
import type {SizeLimits} from '../core/limits.ts';
import type {Digest} from '../core/release/digest.ts';
import type {FileDigests} from '../core/release/release.ts';
import type {Artifact} from './image-builder.ts';

/** What a definition offers, before any cloud is asked: a version that it names, its `latest`, or its build. */
export type FoundRelease = FoundVersion | FoundLatest | FoundBuild;

/** A version that its definition names. */
export interface FoundVersion {
  readonly kind: 'listed';
  readonly listed: Version;
  /** The demanded digest, read where it stands upstream. */
  readonly digest?: Digest;
  /**
   * Of a local file without a demanded digest: reads and hashes all of it, once however often it is asked. SOURCE_* and FORMAT_REFUSED
   * where it could not be imported.
   */
  readonly file?: () => Promise<FileDigests>;
  /** Of a local file: its bytes as served, once however often it is asked; undefined where it cannot be read, which its import reports. */
  readonly size?: () => Promise<number | undefined>;
}

/** The entry `version: latest`; its digest is its identity. */
export interface FoundLatest {
  readonly kind: 'latest';
  readonly listed: Version;
  readonly digest?: Digest;
  /** Asks the upstream for what it says of the file now, once however often it is asked. SOURCE_*. */
  readonly look: () => Promise<UpstreamFile>;
}

/** What a server says of a file; absent: nothing. */
export interface UpstreamFile {
  readonly changedAt?: Date;
  /** Bytes as served. */
  readonly size?: number;
}

/** The build of a definition, as this host sees it. */
export interface FoundBuild {
  readonly kind: 'build';
  /** What a build would be made from now; absent where builds are left out (`--no-build`). */
  readonly inputs?: BuildInputs;
  /** Finished builds on this host, newest first. */
  readonly artifacts: readonly Artifact[];
}

/** Whose releases are to be found. */
export interface FindRequest {
  readonly definition: Definition;
  /** The folder that relative paths of a definition of the command line start from. */
  readonly baseDir: string;
  /** What images may have at most, over the definition; absent: what that says. */
  readonly limits?: Partial<SizeLimits>;
  readonly signal: AbortSignal;
}

/** Finds what a definition offers. Changes nothing, asks no cloud. */
export interface ReleaseFinder {
  /**
   * The versions in the order of the definition, or its one build. SOURCE_* and DIGEST_* where an upstream digest cannot be read;
   * DEFINITION and UNSUPPORTED where nothing could be built.
   */
  find(request: FindRequest): Promise<readonly FoundRelease[]>;
}
