/** What the pages read of an error. */
export interface SeenError {
  readonly code?: string;
  readonly message?: string;
  readonly hint?: string;
  readonly place?: string;
}

/** What they read of an action. */
export interface SeenAction {
  readonly id?: string;
  readonly kind?: string;
  readonly definition?: string;
  readonly version?: string;
  readonly reason?: string;
  readonly name?: string;
  readonly newName?: string;
  readonly image?: string;
  readonly built?: boolean;
}

/** What they read of a verdict. */
export interface SeenVerdict {
  readonly kind?: string;
  readonly cause?: string;
  readonly message?: string;
  readonly hint?: string;
  readonly failed?: readonly string[];
  readonly checks?: readonly {
    readonly id: string;
    readonly severity: string;
    readonly outcome: string;
    readonly detail?: string;
  }[];
}

/**
 * What the pages read of an event of a run, as a line of `--json` has it. Everything but its stamp and type can be missing: in an event of
 * another version, and in one that was too large to be stored.
 */
export interface SeenEvent {
  readonly seq: number;
  /** ISO 8601. */
  readonly at: string;
  readonly type: string;
  readonly cloud?: string;
  readonly clouds?: readonly string[];
  readonly command?: string;
  readonly definition?: string | null;
  readonly version?: string;
  readonly image?: string;
  readonly action?: SeenAction;
  readonly actions?: readonly SeenAction[];
  readonly unchanged?: readonly string[];
  readonly phase?: string;
  readonly line?: string;
  readonly bytes?: number;
  readonly total?: number;
  readonly percent?: number;
  readonly currentBps?: number;
  readonly reused?: boolean;
  readonly files?: readonly {readonly format: string; readonly size: number}[];
  readonly ms?: number;
  readonly verdict?: SeenVerdict;
  readonly error?: SeenError;
  readonly code?: string;
  readonly message?: string;
  readonly hint?: string;
  readonly detail?: string;
  readonly reason?: string;
  readonly change?: string;
  readonly until?: string | null;
  readonly how?: string;
  readonly current?: string | null;
  readonly versions?: readonly string[];
  readonly lines?: readonly string[];
  readonly signal?: string;
  readonly left?: readonly string[];
}
