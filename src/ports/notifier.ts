import type {StampedEvent} from '../core/events.ts';

/** Tells another program of a run, beside its work: nothing here delays, fails or decides anything. What it is not told of is one warning. */
export interface Notifier {
  /** Is to be shown every event. */
  take(stamped: StampedEvent): void;
  /** Waits so long at most, milliseconds, until everything is told. */
  end(limitMs: number): Promise<void>;
}
