/** What a check in the guest came to. */
export type CheckOutcome = 'pass' | 'fail' | 'not-applicable' | 'error';

/** One check's result as the guest reports it. */
export interface CheckResult {
  readonly id: string;
  readonly outcome: CheckOutcome;
  /** What was found, one line. */
  readonly detail: string;
  readonly ms: number;
}

/** The one report of a guest, after the listener proved where it comes from. */
export interface GuestReport {
  readonly agentVersion: string;
  /** The server's uuid as the guest knows it. */
  readonly server: string;
  readonly checks: readonly CheckResult[];
  readonly facts: Readonly<Record<string, string>>;
  readonly waitedMs: number;
  readonly checkedMs: number;
}
