import type {Manifest} from '../core/build/manifest.ts';
import type {Conversion} from '../core/conversion.ts';
import type {Definition} from '../core/definition/definition.ts';
import type {WrittenDefinition} from '../core/definition/read.ts';
import type {Emit} from '../core/events.ts';
import type {SizeLimits} from '../core/limits.ts';
import type {PlanFile} from '../core/plan/plan-file.ts';
import type {Profile} from '../core/rules/profile.ts';
import type {Problem} from '../errors.ts';
import type {Artifact} from './image-builder.ts';

/** A build and the folder that is to have it. */
export interface Delivery {
  readonly definition: Definition;
  readonly artifact: Artifact;
  readonly folder: string;
  /** The one format that is wanted; absent: all that were built. */
  readonly convert?: Conversion;
  /** Over those of the definition. */
  readonly limits?: Partial<SizeLimits>;
  /** Deadline of a conversion, milliseconds. */
  readonly limitMs: number;
  readonly emit: Emit;
  readonly signal: AbortSignal;
}

/** Everything that stands in files of definitions, right or wrong. */
export interface WrittenFiles {
  readonly written: readonly WrittenDefinition[];
  readonly problems: readonly Problem[];
  /** The files that were read, sorted. */
  readonly files: readonly string[];
  /** False: some path is a single file, so that other definitions may stand elsewhere. */
  readonly whole: boolean;
}

/** Files of this host that the operator names. A relative path starts in the folder in which the operator works. */
export interface OperatorFiles {
  /** All definitions under these paths; none: the default place. DEFINITION with all problems at once. */
  definitions(paths: readonly string[]): Promise<readonly Definition[]>;

  /** The same without an end at the first wrong file. DEFINITION when a path cannot be read or leads to no file. */
  written(paths: readonly string[]): Promise<WrittenFiles>;

  /** An operator's profile of the audit, as of a time. CONFIG with all problems at once. */
  auditProfile(path: string, now: Date): Promise<Profile>;

  isFile(path: string): Promise<boolean>;

  /** When a regular file was last changed; undefined where there is none. */
  modified(path: string): Promise<Date | undefined>;

  /** SOURCE_REFUSED for the path of an image that nothing is at. */
  requireImage(path: string): Promise<void>;

  /** One line of authorized_keys. CONFIG where the file holds anything else. */
  publicKey(path: string): Promise<string>;

  /** The manifest of a build. USAGE where the file cannot be read. */
  manifest(path: string): Promise<Manifest>;

  /** What writes a plan to that file; looked at once: USAGE where it could not, or a file is there that is no plan. */
  planOutput(path: string): Promise<(plan: PlanFile) => Promise<void>>;

  /** Puts image and manifest into the folder, each complete or not at all; the answer names the files there. */
  deliverBuild(delivery: Delivery): Promise<Artifact>;
}
