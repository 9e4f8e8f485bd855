import type {Datasource} from '../job.ts';
import type {Verdict} from './verdict.ts';

/** Where the time of a verification went, milliseconds. */
export interface Spans {
  /** From the order to the cloud's acceptance. */
  readonly submitMs: number;
  /** From there to the report, or to the end of the wait. */
  readonly waitMs: number;
  /** The last part of that: from the agent's hello to its report. Absent where no agent reported. */
  readonly guestMs?: number;
  /** From the report to the verdict. */
  readonly judgeMs: number;
}

/** What came of booting an image; `evidence` is a file of this host that only its owner can read. */
export interface VerdictEvent {
  readonly type: 'verdict';
  readonly cloud: string;
  readonly definition: string;
  readonly version?: string;
  readonly image: string;
  readonly verdict: Verdict;
  /** The way to its metadata that this server had. */
  readonly datasource?: Datasource;
  readonly evidence?: string;
  readonly spans: Spans;
}

/** What came of asking for the bytes of an image (`verify --presence`, `--deep`): false, the cloud calls it active and has none. */
export interface Presence {
  readonly type: 'presence';
  readonly cloud: string;
  readonly definition: string;
  readonly version?: string;
  readonly image: string;
  readonly present: boolean;
}

/** What came of reading the bytes of an image (`verify --deep`): digests as `algorithm:hex`; `recorded`: a demanded one is on record now. */
export interface BytesVerified {
  readonly type: 'bytes-verified';
  readonly cloud: string;
  readonly definition: string;
  readonly version?: string;
  readonly image: string;
  readonly bytes: number;
  readonly digests: readonly string[];
  readonly recorded: boolean;
}
