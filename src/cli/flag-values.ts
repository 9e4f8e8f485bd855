import type {ShardChoice} from '../core/shard.ts';
import type {RetireWay} from '../core/definition/definition.ts';
import type {Machine} from '../core/build/spec.ts';
import type {WrittenFormat} from '../core/format/disk-formats.ts';
import type {Digest} from '../core/release/digest.ts';
import type {Visibility} from '../core/image/image.ts';
import type {Severity} from '../core/rules/rule-text.ts';
import type {ImportMethod} from '../ports/image-store.ts';
import type {OutputFormat} from './invocation.ts';

/** The values of all flags that any command has, as commander hands them over; absent where not given. */
export interface Flags {
  readonly cloud?: readonly string[];
  readonly region?: string;
  readonly images?: readonly string[];
  readonly filter?: readonly string[];
  readonly force?: boolean;
  readonly latest?: boolean;
  readonly hide?: boolean;
  readonly delete?: boolean;
  readonly deactivate?: boolean;
  readonly keep?: boolean;
  readonly dryRun?: boolean;
  /** False: `--no-wait`. */
  readonly wait?: boolean;
  readonly tag?: string;
  /** True: `--verify`, false: `--no-verify`. */
  readonly verify?: boolean;
  readonly reverify?: boolean;
  readonly quarantine?: number;
  readonly verifyCloud?: string;
  readonly flavor?: string;
  readonly network?: string;
  readonly root?: 'volume';
  /** `isAlone`: of `import`, without an address. */
  readonly listen?: {
    readonly host: string;
    readonly port: number;
    readonly lastPort?: number;
    readonly isAlone?: true;
  };
  readonly waitUpload?: number;
  readonly advertise?: {readonly host: string; readonly port?: number};
  readonly deadline?: number;
  readonly keepOnFailure?: boolean;
  readonly inject?: boolean;
  readonly sshKey?: string;
  readonly lookup?: string;
  readonly deep?: boolean;
  readonly presence?: boolean;
  /** False: `--no-record`. */
  readonly record?: boolean;
  /** False: `--no-build`. */
  readonly build?: boolean;
  readonly rebuild?: boolean;
  readonly keepArtifacts?: number;
  readonly keepLogs?: number;
  readonly cacheSize?: number;
  readonly upload?: boolean;
  readonly output?: string;
  readonly arch?: Machine;
  readonly diff?: readonly string[];
  readonly jobs?: number;
  readonly shard?: ShardChoice;
  readonly yes?: boolean;
  readonly yesIReallyKnowWhatIDo?: boolean;
  readonly retireAs?: RetireWay;
  readonly replace?: boolean;
  readonly adopt?: boolean;
  readonly forceState?: boolean;
  readonly includeNone?: boolean;
  readonly maxDelete?: number;
  readonly deleteInUse?: boolean;
  /** False: `--no-publish`. */
  readonly publish?: boolean;
  readonly waitLock?: number;
  readonly stores?: readonly string[];
  readonly method?: ImportMethod;
  readonly convert?: WrittenFormat;
  readonly compress?: boolean;
  readonly prefetch?: 'never' | 'on-stuck' | 'always';
  readonly stuckRetry?: number;
  readonly importTimeout?: number;
  readonly maxDownload?: number;
  readonly maxUnpacked?: number;
  readonly maxVirtual?: number;
  readonly allowPrivateSources?: boolean;
  readonly out?: string;
  readonly plan?: string;
  readonly keepHistory?: number;
  readonly metricsDir?: string;
  readonly webhook?: URL;
  readonly webhookSecretFile?: string;
  readonly log?: boolean;
  readonly follow?: boolean;
  readonly verb?: string;
  readonly failed?: boolean;
  readonly since?: {readonly backMs: number} | {readonly sinceMs: number};
  readonly before?: string;
  readonly limit?: number;
  readonly profile?: string;
  readonly failOn?: Severity;
  readonly dueWithin?: number;
  readonly all?: boolean;
  readonly wide?: boolean;
  readonly servers?: boolean;
  readonly format?: OutputFormat;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  readonly debug?: boolean;
  /** False: `--no-color`. */
  readonly color?: boolean;
  readonly name?: string;
  readonly fromCloud?: string;
  readonly allowRunning?: boolean;
  readonly imageVersion?: string;
  readonly buildDate?: string;
  readonly diskFormat?: string;
  readonly checksum?: Digest;
  readonly minDisk?: number;
  readonly minRam?: number;
  readonly login?: string;
  readonly visibility?: Visibility;
  readonly protected?: boolean;
  readonly property?: Readonly<Record<string, string>>;
  /** True: the flag stands there without a path. */
  readonly config?: string | true;
  /** What came from settings files; absent where there is none. */
  readonly settings?: FlagsFromSettings;
}

/** The part of flags that settings files say. */
export interface FlagsFromSettings {
  /** Names of the flags that are not on the command line. */
  readonly defaults: ReadonlySet<string>;
  /** All flags of the run, as they are on clouds that have settings of their own. */
  readonly clouds: ReadonlyMap<string, Flags>;
  /** Where definitions are read where neither flag nor environment names any. */
  readonly images?: readonly string[];
}
