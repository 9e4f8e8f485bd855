/** Milliseconds that never go back. */
export type Monotonic = () => number;

const WHOLE_SECOND_MS = 1000;
/** An answer may have been on its way this long before its date contradicts ours. */
const SLACK_MS = 2000;

/**
 * The servers' clock: the time of their last answer, moved on by our monotonic clock. Keystone's `issued_at` sets it first,
 * because Glance under uwsgi sends no `Date` header at all.
 */
export class ServerClock {
  readonly #monotonic: Monotonic;
  #anchor: {readonly serverMs: number; readonly atMs: number} | undefined;

  constructor(monotonic: Monotonic) {
    this.#monotonic = monotonic;
  }

  /** Before any answer: this host's clock. */
  now(): Date {
    if (this.#anchor === undefined) return new Date();
    return new Date(this.#anchor.serverMs + this.#monotonic() - this.#anchor.atMs);
  }

  /** A fresh time in whole seconds, as HTTP or ISO 8601 has it: sets the clock where it contradicts ours, or where we had none. */
  hear(text: string | undefined): void {
    const dateMs = text === undefined ? NaN : Date.parse(text);
    if (Number.isNaN(dateMs)) return;
    const ours = this.#anchor === undefined ? -Infinity : this.now().getTime();
    if (ours < dateMs || ours > dateMs + WHOLE_SECOND_MS + SLACK_MS)
      this.#anchor = {serverMs: dateMs, atMs: this.#monotonic()};
  }
}
