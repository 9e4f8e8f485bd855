import type {Stage} from './of-event.ts';

/** What is seen of a transfer at one moment. */
export interface Seen {
  readonly stage: Stage;
  readonly bytes?: number;
  readonly total?: number;
  /** Milliseconds of a clock that is never set. */
  readonly nowMs: number;
}

/** What follows from it. Speeds are whole bytes per second, absent until two observations lie apart. */
export interface Measured {
  /** Never falls, and is below 100: one decimal. */
  readonly percent: number;
  /** Since the stage began. */
  readonly averageBps?: number;
  /** In the last ten seconds. */
  readonly currentBps?: number;
}

/** Where each stage ends on the scale of one image; it begins where the one before it got to. */
const END: Readonly<Partial<Record<Stage, number>>> = {
  fetching: 40,
  converting: 55,
  uploading: 90,
  importing: 99.9,
  copying: 99.9,
  reading: 99.9,
};
const MOST = 99.9;
const WINDOW_MS = 10_000;
/** Observations that lie closer together count as one. */
const APART_MS = 50;

/**
 * The progress of the bytes of one image over all its stages and attempts, whatever sources and clouds claim: a size that is unknown, wrong or
 * changes, a transfer that begins anew or goes on in the middle, a clock that stands still.
 */
export class TransferProgress {
  #percent = 0;
  #from = 0;
  #speed: Speed | undefined;
  #stage: Stage | undefined;

  /** Takes in one observation; stages without bytes (waiting, booting) change nothing. */
  see({stage, bytes, total, nowMs}: Seen): Measured {
    const end = END[stage];
    if (end === undefined) return {percent: this.#percent};
    if (stage !== this.#stage) {
      this.#stage = stage;
      this.#from = this.#percent;
      this.#speed = undefined;
    }
    const went = amount(bytes);
    if (went === undefined) return {percent: this.#percent};
    const all = amount(total);
    if (all !== undefined && all > 0) {
      const now = this.#from + (Math.max(end, this.#from) - this.#from) * Math.min(went / all, 1);
      this.#percent = Math.min(MOST, Math.max(this.#percent, Math.floor(now * 10) / 10));
    }
    this.#speed ??= new Speed();
    return {percent: this.#percent, ...this.#speed.see(went, nowMs)};
  }

  /** How far it is. */
  get percent(): number {
    return this.#percent;
  }
}

/** A number of bytes that one can believe; undefined: it is none. */
function amount(value: number | undefined): number | undefined {
  return value !== undefined && Number.isFinite(value) && value >= 0 ? value : undefined;
}

/** Counts what is added: what was there at the first observation, or comes again after a fall, did not travel now. */
class Speed {
  #moved = 0;
  #last: number | undefined;
  #firstMs = 0;
  #samples: {readonly atMs: number; readonly moved: number}[] = [];

  see(bytes: number, nowMs: number): Pick<Measured, 'averageBps' | 'currentBps'> {
    if (this.#last === undefined) this.#firstMs = nowMs;
    else if (bytes > this.#last) this.#moved += bytes - this.#last;
    this.#last = bytes;
    const newest = this.#samples.at(-1);
    // A clock that went back.
    if (newest && nowMs < newest.atMs) this.#samples.length = 0;
    while (this.#samples[0] && nowMs - this.#samples[0].atMs > WINDOW_MS) this.#samples.shift();
    const first = this.#samples[0];
    if (!newest || Math.abs(nowMs - newest.atMs) >= APART_MS) this.#samples.push({atMs: nowMs, moved: this.#moved});
    const average = rate(this.#moved, nowMs - this.#firstMs);
    const current = first && rate(this.#moved - first.moved, nowMs - first.atMs);
    return {
      ...(average !== undefined && {averageBps: average}),
      ...(current !== undefined && {currentBps: current}),
    };
  }
}

function rate(bytes: number, ms: number): number | undefined {
  return ms > 0 ? Math.round((bytes * 1000) / ms) : undefined;
}
