import type {ErrorText} from '../contract/common.ts';

/** Something that was read, or not. */
export interface Reading<T> {
  /** What was read the last time that it could be. */
  readonly value: T | undefined;
  /** When that was; milliseconds since the epoch. */
  readonly readAtMs: number | undefined;
  /** Why it could not be read the last time. */
  readonly error: ErrorText | undefined;
  readonly isUnderWay: boolean;
}

/** What one read answered. */
export type Read<T> = {readonly value: T} | {readonly error: ErrorText};

/** How things are read. */
export interface FlightRules {
  readonly now: () => Date;
  /** What was read is shown for so long without being read again; milliseconds. */
  readonly freshMs: number;
  /** The same where somebody asks for it to be read now. */
  readonly leastMs: number;
}

/** One thing that is read at most once at a time, and kept; whoever asks meanwhile gets what is there, or waits for the same read. */
export class Flight<T> {
  readonly #read: () => Promise<Read<T>>;
  readonly #rules: FlightRules;
  #value: T | undefined;
  #readAtMs: number | undefined;
  #triedAtMs: number | undefined;
  #error: ErrorText | undefined;
  #underWay: Promise<void> | undefined;
  /** How often it was changed by somebody: what was begun to be read before shows nothing of it. */
  #changes = 0;

  constructor(read: () => Promise<Read<T>>, rules: FlightRules) {
    this.#read = read;
    this.#rules = rules;
  }

  /**
   * What is known. Reads it anew beside that where it is old; where nothing is known, it was changed since, or `now` is asked for, waits
   * for it, `waitMs` at most.
   */
  async get(ask: {readonly now: boolean; readonly waitMs: number}): Promise<Reading<T>> {
    const ageMs = this.#triedAtMs === undefined ? Infinity : this.#rules.now().getTime() - this.#triedAtMs;
    // A clock that was set back makes ages negative.
    const isDue = ageMs < 0 || ageMs >= (ask.now ? this.#rules.leastMs : this.#rules.freshMs);
    if (isDue) void this.#begin();
    const late = afterMs(ask.waitMs);
    const isWanted = (): boolean => ask.now || this.#triedAtMs === undefined || this.#triedAtMs === -Infinity;
    if (this.#underWay && isWanted()) await Promise.race([this.#underWay, late]);
    // What was under way had begun before the change.
    if (!this.#underWay && this.#triedAtMs === -Infinity) await Promise.race([this.#begin(), late]);
    return this.peek();
  }

  /** What is known, without reading anything. */
  peek(): Reading<T> {
    return {
      value: this.#value,
      readAtMs: this.#readAtMs,
      error: this.#error,
      isUnderWay: this.#underWay !== undefined,
    };
  }

  /** Something changed it: the next who asks has it read anew. */
  expire(): void {
    this.#changes += 1;
    this.#triedAtMs = this.#triedAtMs === undefined ? undefined : -Infinity;
  }

  #begin(): Promise<void> {
    return (this.#underWay ??= this.#fly().finally(() => {
      this.#underWay = undefined;
    }));
  }

  async #fly(): Promise<void> {
    const begunMs = this.#rules.now().getTime();
    const changes = this.#changes;
    const read = await this.#read();
    this.#triedAtMs = changes === this.#changes ? begunMs : -Infinity;
    if ('value' in read) [this.#value, this.#readAtMs, this.#error] = [read.value, begunMs, undefined];
    else this.#error = read.error;
  }
}

function afterMs(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}

/** Lets a few at once in, in the order in which they came. */
export class Gate {
  readonly #waiting: (() => void)[] = [];
  #free: number;

  constructor(atOnce: number) {
    this.#free = atOnce;
  }

  async through<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free += 1;
    }
  }
}
