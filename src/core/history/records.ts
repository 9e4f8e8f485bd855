import type {Counts} from '../counts.ts';

/**
 * How far something is. `LOST`: the process that worked on it is gone, or (on another host) was silent for 60 s, and said no end;
 * `CANCELLED`: interrupted, or not begun when its run ended.
 */
export const STATES = ['PENDING', 'RUNNING', 'SUCCESS', 'FAILED', 'CANCELLED', 'LOST'] as const;
export type State = (typeof STATES)[number];

/** Who started a run, as far as this host knows. */
export interface Who {
  /** Name of the user whose rights the process has; its number where it has no name. */
  readonly user: string;
  /** The user who called sudo. */
  readonly sudoUser: string | null;
  /** The CI service by whose variables it was recognised: `gitlab`, `github`, `zuul`, `jenkins`, `ci`. */
  readonly ci: string | null;
  readonly job: string | null;
  readonly jobUrl: string | null;
  /** Name of the token or user for whom a server of imgmgr started it. */
  readonly requestedBy: string | null;
}

/** One run of a command that may write. Times are ISO 8601, UTC; those of other hosts by their clocks. */
export interface RunRecord {
  /** Id of the run: the one on images, servers and events. */
  readonly id: string;
  readonly verb: string;
  readonly state: State;
  /** How far it is, or got: `starting`, `planning`, `building`, `working`, `finished`. */
  readonly phase: string;
  /** The first error, `CODE: message`; null: none. */
  readonly reason: string | null;
  readonly exitCode: number | null;
  readonly counts: Counts | null;
  readonly startedAt: string;
  readonly endedAt: string | null;
  /** The last sign of life. */
  readonly heartbeatAt: string;
  /** Milliseconds from start to end, or to the last sign of life. */
  readonly elapsedMs: number;
  readonly clouds: readonly string[];
  readonly definitions: readonly string[];
  readonly who: Who;
  readonly host: string;
  readonly pid: number;
  /** Without secrets. */
  readonly commandLine: readonly string[];
  /** Of imgmgr. */
  readonly version: string;
  /** Number of the last event that is stored. */
  readonly lastSeq: number;
}

/** What every part of a run has. */
interface Part {
  readonly state: State;
  readonly phase: string;
  readonly reason: string | null;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
}

/** An action of a plan; `phase` and `reason`: of its image, by the names of {@link ../phase/phase.ts} (of runs of older versions: others). */
export interface ActionRecord extends Part {
  readonly id: string;
  readonly cloud: string;
  readonly definition: string;
  readonly kind: string;
  readonly version: string | null;
  readonly image: string | null;
  /** Why it was planned. */
  readonly planned: string;
  /** Bytes that went, and how many there are, where that is known. */
  readonly bytes: number | null;
  readonly total: number | null;
  /** Of all stages of the image, and bytes per second since the last one began. */
  readonly percent: number | null;
  readonly averageBps: number | null;
  /** `CODE: message` of its failure, or why it was left. */
  readonly message: string | null;
}

/** A build on this host. */
export interface BuildRecord extends Part {
  readonly definition: string;
  readonly version: string;
  readonly manifest: string | null;
  readonly files: readonly {readonly format: string; readonly path: string; readonly size: number}[];
  /** Its files were there, and are not any more. */
  readonly gone: boolean;
}

/** A test of an image: a server that was booted from it. */
export interface VerificationRecord extends Part {
  readonly cloud: string;
  readonly definition: string;
  readonly version: string | null;
  readonly image: string;
  readonly datasource: string | null;
  readonly verdict: string | null;
  readonly cause: string | null;
  readonly checks: readonly {readonly id: string; readonly severity: string; readonly outcome: string}[];
}

/** A text of a run that is a file of this host, readable for its owner alone: the log of a build, the evidence of a verdict (console and report). */
export interface LogRecord {
  readonly kind: 'build' | 'evidence';
  readonly cloud: string | null;
  readonly definition: string;
  readonly version: string | null;
  readonly image: string | null;
  readonly path: string;
  /** Bytes of the file that belong to the run; `to` is null where that is its end. */
  readonly from: number;
  readonly to: number | null;
  /** The file is not there any more. */
  readonly gone: boolean;
}

/** Everything that is kept of a run but its events. */
export interface RunDetails {
  readonly run: RunRecord;
  readonly actions: readonly ActionRecord[];
  readonly builds: readonly BuildRecord[];
  readonly verifications: readonly VerificationRecord[];
  readonly logs: readonly LogRecord[];
}

/** An event as data: its stamp, and the fields of its type as a line of `--json` has them. */
export type StoredEvent = Readonly<Record<string, unknown>> & {
  readonly run: string;
  readonly seq: number;
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly type: string;
};

/** The state that an exit code stands for. */
export function stateOfExit(exitCode: number): State {
  if (exitCode === 0) return 'SUCCESS';
  return exitCode === 130 || exitCode === 143 ? 'CANCELLED' : 'FAILED';
}
