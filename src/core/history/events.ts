import type {RunElsewhere} from './elsewhere.ts';
import type {LogRecord, RunDetails, RunRecord, StoredEvent} from './records.ts';

/** The answers of `history`. */
export type HistoryEvent =
  /** A row of the list. */
  | ({readonly type: 'history-run'} & RunRecord)
  /** A row of the list, or an answer: a run of another host, by its images. */
  | ({readonly type: 'history-elsewhere'} & RunElsewhere)
  /** The end of the list; `more`: there are older ones. */
  | {readonly type: 'history'; readonly asOf: string; readonly runs: number; readonly more: boolean}
  /** One run. */
  | ({readonly type: 'history-shown'; readonly of: RunRecord} & Omit<RunDetails, 'run'>)
  /** A part of the log of one run: an event of it, or a line of a file. */
  | {
      readonly type: 'history-line';
      /** Id of that run. */
      readonly of: string;
      readonly entry?: StoredEvent;
      readonly log?: LogRecord;
      readonly text?: string;
    };
