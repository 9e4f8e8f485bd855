import type {Policy} from '../core/policy.ts';
import type {ShardChoice} from '../core/shard.ts';
import type {RunOptions} from '../workflow/types.ts';
import type {VerifyOptions} from '../workflow/verification/types.ts';

/** Which clouds. */
export interface CloudChoice {
  /** In this order; empty: to be found out. */
  readonly clouds: readonly string[];
  /** The region of all of them; undefined: as the environment or clouds.yaml says. */
  readonly region?: string;
}

/** Which definitions. */
export interface DefinitionChoice {
  /** Files and folders; none: the default place. */
  readonly images: readonly string[];
  /** Regular expressions on names; one of them has to match. */
  readonly filter?: readonly string[];
  /** Disabled ones, too. */
  readonly force: boolean;
}

/** How the images are worked through. */
export type RunSettings = Pick<RunOptions, 'jobs' | 'waitLockMs'> & {
  /** The part of the work that this run does; absent: all of it. */
  readonly shard?: ShardChoice;
};

/** How images are brought into a cloud. */
export type AcquireSettings = Pick<
  Policy,
  'latest' | 'replace' | 'adopt' | 'publish' | 'wait' | 'tag' | 'stores' | 'convert'
> &
  Pick<RunOptions, 'method' | 'prefetch' | 'stuckRetry' | 'importTimeoutMs' | 'limits'>;

/** Where and how test servers are booted; nothing looked up yet. */
export interface BootSettings extends Omit<VerifyOptions, 'sshKey'> {
  /** A file with one public key. */
  readonly sshKeyFile?: string;
  /** Cloud of clouds.yaml to boot in. */
  readonly cloud?: string;
}

/** Whether new images are tested before they are published. */
export type TestSettings = Pick<Policy, 'verify' | 'reverify' | 'quarantine'> & {readonly boot: BootSettings};

/** What becomes of superseded images, and of changes made by hand. */
export type RetireSettings = Pick<Policy, 'hide' | 'retireAs' | 'deactivate' | 'delete' | 'keep' | 'forceState'>;

/** The guards of a deletion. */
export type DeletionSettings = Pick<Policy, 'yes' | 'maxDelete' | 'deleteInUse' | 'includeNone'>;

/** How builds are kept on this host. */
export interface BuildHostSettings {
  /** Logs that stay per definition. */
  readonly keepLogs: number;
  /** Limit of the caches. */
  readonly cacheGib: number;
  /** How long another build of this host is waited for. */
  readonly lockWaitMs: number;
}

/** How images of definitions with `build:` are made. */
export interface BuildSettings extends BuildHostSettings {
  /** Build again, whatever is there. */
  readonly rebuild: boolean;
  /** Builds that stay on this host when every cloud has the newest. */
  readonly keepArtifacts: number;
}
