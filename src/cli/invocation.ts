import type {Machine} from '../core/build/spec.ts';
import type {RunOptions} from '../workflow/types.ts';
import type {AdHocImage} from './ad-hoc-image.ts';
import type {BuildRequest} from './builds.ts';
import type {LooseImage} from './local-file.ts';
import type {VerifyRequest} from './verification.ts';

export type CommandName = 'manage' | 'build' | 'import' | 'verify' | 'hide' | 'delete' | 'dry-run';

export type OutputFormat = 'human' | 'json' | 'junit';

/** How much is told. `quiet`: errors and the answer. `verbose`: every decision. `debug`: every HTTP call, stack traces. */
export type Verbosity = 'quiet' | 'normal' | 'verbose' | 'debug';

export interface OutputChoice {
  readonly format: OutputFormat;
  readonly verbosity: Verbosity;
  /** False: `--no-color`. */
  readonly color: boolean;
}

/** A command line after parsing: what a command is asked to do, nothing looked up yet. */
export interface Invocation {
  readonly command: CommandName;
  /** As named by `--cloud`, in that order; empty: to be found out. */
  readonly clouds: readonly string[];
  /** The region of all of them; undefined: as the environment or clouds.yaml says. */
  readonly region?: string;
  /** Files and folders of the definitions; none: the default place. */
  readonly images: readonly string[];
  /** Regular expressions on definition names; one of them has to match. */
  readonly filter?: readonly string[];
  /** The one image that `import` was given as an argument. */
  readonly adHoc?: AdHocImage;
  /** Redirects of sources may lead to this host and to private networks. */
  readonly allowPrivateSources: boolean;
  readonly verify: VerifyRequest;
  readonly build: BuildRequest;
  /** `build`: only the images of definitions that are built; `upload`: into the clouds, else on this host alone. */
  readonly buildOnly?: {
    readonly upload: boolean;
    /** Folder that gets copies of the files. */
    readonly output?: string;
    readonly arch?: Machine;
    /** Two manifests to compare, instead of building. */
    readonly diff?: readonly [string, string];
  };
  /** `verify --deep`: read and hash the bytes instead of booting. */
  readonly deep?: boolean;
  /** What `verify` was given: ids, names, or local files. */
  readonly targets?: readonly string[];
  /** How a local file of {@link targets} is described. */
  readonly looseImage?: LooseImage;
  readonly options: Omit<RunOptions, 'confirmDelete'>;
  readonly output: OutputChoice;
}

/** Does what a command line asks for. */
export type Execute = (invocation: Invocation) => Promise<void>;
