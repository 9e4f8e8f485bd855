/** Nobody asks for so long before what was used is given back, and so seldom that is done; milliseconds. */
const QUIET_MS = 10_000;
const SELDOM_MS = 60_000;

/** Gives pages back to the system, too, which an ordinary collection keeps. */
const THOROUGH = {type: 'major', execution: 'sync', flavor: 'last-resort'} as const;

type Collect = (how: typeof THOROUGH) => void;

/**
 * Keeps the memory of the server near what it holds. V8 lets a heap grow to several times of that before it collects all of it, and gives
 * nothing back while nothing happens: a server runs for weeks beside other programs. The launcher starts node with the flags for it; without
 * them nothing is done.
 */
export class Memory {
  readonly #collect: Collect | undefined;
  readonly #monotonic: () => number;
  #usedAtMs = 0;
  #collectedAtMs = -Infinity;
  #timer: NodeJS.Timeout | undefined;

  /** `monotonic`: milliseconds of a clock that never goes back. */
  constructor(monotonic: () => number, collect: Collect | undefined = globalThis.gc) {
    this.#monotonic = monotonic;
    this.#collect = collect;
  }

  /** Something was done: what it used is given back when nothing more is done for a while. */
  used(): void {
    if (!this.#collect) return;
    this.#usedAtMs = this.#monotonic();
    this.#timer ??= this.#later();
  }

  /** Gives back at once what is not needed any more. */
  giveBack(): void {
    this.#collect?.(THOROUGH);
    this.#collectedAtMs = this.#monotonic();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #later(): NodeJS.Timeout | undefined {
    const at = Math.max(this.#usedAtMs + QUIET_MS, this.#collectedAtMs + SELDOM_MS);
    const ms = at - this.#monotonic();
    if (ms > 0)
      return setTimeout(() => {
        this.#timer = this.#later();
      }, ms).unref();
    this.giveBack();
    return undefined;
  }
}
