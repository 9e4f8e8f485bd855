import type {Counts} from '../core/counts.ts';
import type {StampedEvent} from '../core/events.ts';
import type {LogRecord, RunDetails, RunRecord, StoredEvent, VerificationRecord, Who} from '../core/history/records.ts';

/** What is known of a run when it begins. */
export interface RunStart {
  readonly run: string;
  readonly verb: string;
  readonly who: Who;
  /** As it was typed, without secrets. */
  readonly commandLine: readonly string[];
  readonly startedAt: Date;
  /** Milliseconds since then, by a clock that never goes back. */
  readonly elapsedMs: () => number;
  /** Runs that ended longer ago than this are forgotten; milliseconds. */
  readonly keepMs: number;
}

/**
 * Keeps one run in the history of this host, beside its work: nothing here delays, fails or decides anything. What cannot be kept is one
 * warning.
 */
export interface HistoryKeeper {
  /** Is to be shown every event. */
  take(stamped: StampedEvent): void;
  /** Writes what is waiting, and how the run ended; gives up after a second. */
  end(end: {readonly exitCode: number; readonly counts: Counts}): Promise<void>;
  /** Writes what can be written at once, and lets go of the database. */
  close(): void;
}

/** Which runs. */
export interface RunFilter {
  /** Runs that worked on the definition of this name. */
  readonly definition?: string;
  /** On one of these clouds. */
  readonly clouds?: readonly string[];
  readonly verbs?: readonly string[];
  /** Failed or lost ones alone. */
  readonly failed?: boolean;
  /** Those alone that have not ended. */
  readonly running?: boolean;
  /** Those alone that worked on clouds, all of whose names fit this pattern: `*` is any text, `?` one character. */
  readonly withinClouds?: string;
  /** Started at this time or later; milliseconds since the epoch. */
  readonly sinceMs?: number;
  /** Older than this run, by its whole id: what comes after it in the list. */
  readonly before?: string;
  /** Started before this time; milliseconds since the epoch. */
  readonly beforeMs?: number;
  readonly limit: number;
}

/** A part of the list of runs, the newest first: in the order in which they were begun, whatever the clock said. */
export interface RunPage {
  readonly runs: readonly RunRecord[];
  /** There are older ones. */
  readonly more: boolean;
}

/** What a beginning of an id leads to. */
export type FoundRun =
  | {readonly kind: 'found'; readonly id: string}
  | {readonly kind: 'several'; readonly ids: readonly string[]}
  | {readonly kind: 'none'};

/** Lines of a file, and the byte behind them. */
export interface LogLines {
  readonly lines: readonly string[];
  readonly next: number;
}

/** How the last run of a verb on a cloud ended; times: milliseconds, `endedMs` and `succeededMs` since 1970. */
export interface RunEnd {
  readonly cloud: string;
  readonly verb: string;
  readonly endedMs: number;
  readonly exitCode: number;
  readonly durationMs: number;
  /** When one did its work, this one or an earlier one; absent: none did. */
  readonly succeededMs?: number;
}

/**
 * The history of this host, to be read; every answer is what is stored at that moment, and takes at most 100 ms with 10,000 runs and
 * 1,000,000 events. UNAVAILABLE: it is locked; CONFIG: it is damaged, or may not be read.
 */
export interface HistoryReader {
  runs(filter: RunFilter): RunPage;
  find(beginning: string): FoundRun;
  /** The row of the run of that whole id; undefined where there is none. */
  run(id: string): RunRecord | undefined;
  /** The run of that whole id; undefined where there is none. */
  details(id: string): RunDetails | undefined;
  /** Events of a run with a number above `after`, in order, at most `limit`. */
  events(id: string, range: {readonly after: number; readonly limit: number}): readonly StoredEvent[];
  /** The newest verifications of a definition on a cloud, with the ids of their runs, at most `limit`. */
  verifications(of: {
    readonly cloud: string;
    readonly definition: string;
    readonly limit: number;
  }): readonly (VerificationRecord & {readonly run: string})[];
  /** The last end of each verb on each cloud; the first time all runs are looked at, a part at a time, and later what came since. */
  lastEnds(): Promise<readonly RunEnd[]>;
  /** Names of all definitions that any run worked on. */
  definitions(): readonly string[];
  /** Whole lines of a build's log between two bytes (null: its end), at most 256 KiB; none where the file is gone. */
  lines(log: LogRecord, range: {readonly from: number; readonly to: number | null}): Promise<LogLines>;
  /** The lines of the console in a file of evidence; none where it is gone. */
  console(log: LogRecord): Promise<readonly string[]>;
  close(): void;
}
