/** A stream that text goes to; a terminal or not. */
export type OutputStream = NodeJS.WritableStream & {readonly isTTY?: boolean; readonly columns?: number};

/** What a report writes to, and the clock that its times come from. */
export interface ReportSink {
  /** Answers. */
  readonly stdout: OutputStream;
  /** Everything else. */
  readonly stderr: OutputStream;
  /** Wall clock. */
  now(): Date;
  /** Milliseconds of a clock that never goes back. */
  monotonic(): number;
}

/** Environment variables. */
export type Env = Readonly<Record<string, string | undefined>>;
