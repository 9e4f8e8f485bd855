/** Milliseconds that never go back. */
export type Monotonic = () => number;

const WHOLE_SECOND_MS = 1000;
/** An answer may have been on its way this long before its date contradicts ours. */
const SLACK_MS = 2000;

/**
 * The servers' clock: what their answers last told, moved on by our monotonic clock. Keystone's `issued_at` sets it first,
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

  /** An exact time that the server told a moment ago. */
  set(serverMs: number): void {
    if (Number.isFinite(serverMs)) this.#anchor = {serverMs, atMs: this.#monotonic()};
  }

  /** A `Date` header or another fresh time in whole seconds: corrects the clock only when the two contradict each other. */
  hear(text: string | undefined): void {
    const told = text === undefined ? NaN : Date.parse(text);
    if (Number.isNaN(told)) return;
    const ours = this.#anchor === undefined ? -Infinity : this.now().getTime();
    if (ours < told || ours > told + WHOLE_SECOND_MS + SLACK_MS) this.set(told);
  }
}
