/** How slow the other side may be. */
export interface Floor {
  /** Fewer bytes per minute of waiting end the transfer. */
  readonly bytesPerMinute: number;
  /** How much waiting is looked at in one piece, milliseconds. */
  readonly windowMs: number;
}

/** As slow as a transfer may be: a gibibyte would take almost three days. */
export const SLOWEST_BYTES_PER_MINUTE = 256 * 1024;

/**
 * Ends a transfer whose other side sends, or takes, a byte now and then, which no limit of silence would. Only time in which we wait for
 * the other side counts.
 */
export class ProgressFloor {
  readonly #floor: Floor;
  #waitedMs = 0;
  #bytes = 0;

  constructor(floor: Floor) {
    this.#floor = floor;
  }

  /** The fewest bytes that a window must bring. */
  get least(): number {
    return Math.ceil((this.#floor.bytesPerMinute * this.#floor.windowMs) / 60_000);
  }

  /** Notes what a wait brought; false when a whole window brought too little. */
  enough({waitedMs, bytes}: {readonly waitedMs: number; readonly bytes: number}): boolean {
    this.#waitedMs += waitedMs;
    this.#bytes += bytes;
    if (this.#waitedMs < this.#floor.windowMs) return true;
    const enough = this.#bytes >= this.least;
    this.#waitedMs = 0;
    this.#bytes = 0;
    return enough;
  }
}
