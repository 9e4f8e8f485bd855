import type {BuildFormat, BuildInputs, BuildSpec, Machine} from '../core/build/spec.ts';

/** What is to be built. */
export interface BuildRequest {
  /** Name of the definition. */
  readonly definition: string;
  readonly spec: BuildSpec;
  readonly machine: Machine;
  /** The folder that a relative `elements_path` starts from. */
  readonly baseDir: string;
  readonly inputs: BuildInputs;
  /** `YYYYMMDD` or `YYYYMMDD.n`, UTC. */
  readonly version: string;
  readonly signal: AbortSignal;
  /** Is called when diskimage-builder enters a phase (`root.d`, `install.d`, …), and each line that it prints. */
  readonly progress: (progress: BuildProgress) => void;
}

export interface BuildProgress {
  /** The phase that runs, as diskimage-builder names it; `preparing` before the first, `finishing` after the last. */
  readonly phase: string;
  /** A line of its output, where this is one. */
  readonly line?: string;
  /** The file that its output goes to, and how many bytes it has by now; absent before there is one. */
  readonly log?: {readonly path: string; readonly bytes: number};
  readonly elapsedMs: number;
  readonly limitMs: number;
}

/** A finished build on this host; its files are complete. */
export interface Artifact {
  readonly definition: string;
  readonly version: string;
  /** {@link BuildInputs.hash} of what it was made from. */
  readonly inputs: string;
  readonly machine: Machine;
  /** One per asked-for format; absolute paths, sizes in bytes. */
  readonly files: readonly {readonly format: BuildFormat; readonly path: string; readonly size: number}[];
  /** Absolute paths. */
  readonly manifest: string;
  readonly log: string;
  /** ISO 8601, UTC. */
  readonly builtAt: string;
}

/** What is known of a build whose bytes were read. */
export interface Completed {
  /** Hexadecimal sha256 of the manifest. */
  readonly manifestSha256: string;
  /** The point release that its packages are of, where they name it. */
  readonly patchlevel?: string;
}

/** Makes images on this host. One build at a time per host; others wait for it. */
export interface ImageBuilder {
  /** What a build would be made from; reads files of this host and changes nothing. DEFINITION where an element does not exist. */
  inputs(request: Pick<BuildRequest, 'spec' | 'machine' | 'baseDir'>): Promise<BuildInputs>;
  /** The artifacts of a definition that are here, newest first. */
  artifacts(definition: string): Promise<readonly Artifact[]>;
  /**
   * Builds. UNSUPPORTED: no root, or tools are missing (all of them named, with the command that installs them); DISK_FULL; LOCKED;
   * TIMEOUT; BUILD_FAILED with the phase and the end of the log; INTERRUPTED. Whatever it ends with, no mount, loop device or
   * temporary folder of it is left.
   */
  build(request: BuildRequest): Promise<Artifact>;
  /** The bytes were read: fills their digests (hexadecimal) into the manifest, and gives what is known only now. */
  complete(
    artifact: Artifact,
    digests: {readonly format: BuildFormat; readonly sha256?: string; readonly sha512?: string},
  ): Promise<Completed>;
  /** Says, until the builder is closed, that this run uses the artifact, so that no other one removes it. False where it is gone already. */
  use(artifact: Artifact): Promise<boolean>;
  /** Removes what builds of dead runs left on this host: mounts, loop devices, folders. */
  sweep(): Promise<void>;
  /** Every selected cloud has it: keeps the newest so many artifacts of the definition, and the given one whatever its age. */
  keepNewest(definition: string, keep: number, given?: Artifact): Promise<void>;
  /** The run is over. */
  close(): void;
}
