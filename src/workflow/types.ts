import type {CloudObjects} from '../ports/cloud-object.ts';
import type {ImageBuilder} from '../ports/image-builder.ts';
import type {ImageConverter} from '../ports/image-converter.ts';
import type {ImageSource} from '../ports/image-source.ts';
import type {ReleaseFinder} from '../ports/release-finder.ts';
import type {ImageSharing} from '../ports/image-sharing.ts';
import type {ImageStore, ImportMethod} from '../ports/image-store.ts';
import type {ServerHost} from '../ports/server-host.ts';
import type {TestServerHost} from '../ports/test-server-host.ts';
import type {Definition} from '../core/definition/definition.ts';
import type {Counts} from '../core/counts.ts';
import type {Emit} from '../core/events.ts';
import type {SizeLimits} from '../core/limits.ts';
import type {RevocationRequest} from '../core/plan/revocation.ts';
import type {DefinitionPlan} from '../core/plan/plan.ts';
import type {OwnImage} from '../core/release/release.ts';
import type {StoredPlan} from '../core/plan/stored-plan.ts';
import type {Shard} from '../core/shard.ts';
import type {Policy} from '../core/policy.ts';
import type {ImgmgrError} from '../errors.ts';
import type {VerificationParts} from './verification/types.ts';

/** Time, randomness and this host, handed in so that the workflow is reproducible. */
export interface Runtime {
  /** Milliseconds of a clock that never goes back. */
  monotonic(): number;
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** A new random id (UUID). */
  uuid(): string;
  readonly host: HostIdentity;
  /** Is that run still under way on this host since that boot? Its process has to run, and where it is this one, the run itself. */
  runAlive(holder: RunHolder): boolean;
}

/** A run of this host, with the process that it belongs to. */
export type RunHolder = Omit<HostIdentity, 'hostName'> & {readonly run: string};

/** Names this process so that another run on the same host can see whether it still lives. */
export interface HostIdentity {
  readonly hostName: string;
  readonly bootId: string;
  readonly pid: number;
  /** Start time of the process in clock ticks since boot (`/proc/PID/stat` field 22). */
  readonly startTime: string;
}

/** One cloud as the workflow sees it. */
export interface CloudPorts {
  readonly store: ImageStore;
  readonly servers: ServerHost;
  readonly tests: TestServerHost;
  /** Absent where there are no volumes and no servers that images could be made of. */
  readonly objects?: CloudObjects;
  /** Absent where there is one project only. */
  readonly sharing?: ImageSharing;
}

/** How the work is done, as opposed to what is wanted ({@link Policy}). */
export interface RunOptions {
  readonly policy: Policy;
  /** Only look and plan. */
  readonly dryRun: boolean;
  readonly jobs: number;
  /** Forced import method; undefined: chosen. */
  readonly method?: ImportMethod;
  /** `never` = web-download only; `on-stuck` = streamed when web-download fails; `always` = streamed. undefined: chosen. */
  readonly prefetch?: 'never' | 'on-stuck' | 'always';
  /** Additional attempts for a web-download that fails for a retryable reason. */
  readonly stuckRetry: number;
  /** Deadline of one image's import over all attempts, milliseconds. */
  readonly importTimeoutMs: number;
  /** What images may have at most, over their definitions; absent: what those say. */
  readonly limits?: Partial<SizeLimits>;
  /** A server or a volume that becomes an image may be in use. */
  readonly allowRunning?: boolean;
  /** How long to wait for another run's lease; undefined: until its holder's time is over. */
  readonly waitLockMs?: number;
  /** `--no-verify`: do not even report "not verified". */
  readonly silenceNotVerified: boolean;
  /** Revoke a version of the one definition, or lift that; only images that are there change their place. */
  readonly revocation?: RevocationRequest;
  /** The plan that alone may be carried out: a definition whose fresh plan differs is refused. */
  readonly approved?: StoredPlan;
  /** Asks the operator before deletions; undefined where nobody can be asked. */
  readonly confirmDelete?: (
    images: readonly {readonly id: string; readonly name: string; readonly reason?: string}[],
    cloud: string,
  ) => Promise<boolean>;
}

/** How images of definitions with `build:` are made. */
export interface Builds {
  readonly builder: ImageBuilder;
  /** `--rebuild`: build again, whatever is there. */
  readonly rebuild: boolean;
  /** The newest build on this host before the run began, by definition; what is newer was made by this run. */
  readonly before: ReadonlyMap<string, string>;
}

/** What one run on one cloud is given. */
export interface CloudRun {
  readonly run: string;
  readonly ports: CloudPorts;
  readonly source: ImageSource;
  /** The image store of another cloud that the operator has; CONFIG where there is none of that name. Absent: no definition may name one. */
  readonly otherStore?: (cloud: string) => Promise<ImageStore>;
  /** Finds what the definitions offer. */
  readonly finder: ReleaseFinder;
  /** Needed where bytes are converted, or judged by qemu-img. */
  readonly converter?: ImageConverter;
  /** Absent where nothing is built: `--no-build`, and commands that acquire nothing. */
  readonly builds?: Builds;
  /** The selected definitions (`--filter` applied), and the names of all that were read (for "gone" warnings). */
  readonly definitions: readonly Definition[];
  readonly allNames: ReadonlySet<string>;
  /** The part of the work that this run does; {@link definitions} are those of it. */
  readonly shard?: Shard;
  readonly baseDir: string;
  /** True when the definition came from the command line (`import URL`), not from a file. */
  readonly adHoc: boolean;
  readonly options: RunOptions;
  /** Needed where the policy verifies. */
  readonly verification?: VerificationParts;
  readonly runtime: Runtime;
  readonly emit: Emit;
  readonly signal: AbortSignal;
  /** Called before the first write; the result when everything is in order again. Throws INTERRUPTED where the run is to end. */
  readonly beginWriting?: () => () => void;
}

/** What came of a run on one cloud; `errors` decide the exit code. */
export interface CloudOutcome {
  readonly cloud: string;
  readonly counts: Counts;
  readonly errors: readonly ImgmgrError[];
  /** True when dry-run found something to do. */
  readonly changesPending: boolean;
  /** What a dry run found to be done, to be stored and compared. */
  readonly plan?: StoredPlan;
  /** Images of ours and what is planned for them, to be judged. */
  readonly seen?: SeenPlan;
}

/** What a run saw on a cloud before it wrote anything, and its first plan. */
export interface SeenPlan {
  readonly own: readonly OwnImage[];
  readonly plans: readonly DefinitionPlan[];
}
