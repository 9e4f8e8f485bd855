import {ImgmgrError} from '../../../../src/errors.ts';

/** A clock of the day that can be set, and one beside it that only goes on. */
export class Clock {
  #dateMs = Date.parse('2026-11-27T12:00:00Z');
  #monotonicMs = 1_000_000;

  readonly now = (): Date => new Date(this.#dateMs);
  readonly monotonic = (): number => this.#monotonicMs;

  /** Time passes. */
  pass(ms: number): void {
    this.#dateMs += ms;
    this.#monotonicMs += ms;
  }

  /** Somebody sets the clock of the day ahead, or back. */
  set(byMs: number): void {
    this.#dateMs += byMs;
  }
}

/** The code of the error; '' where there is none. */
export async function refusalOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return '';
  } catch (error) {
    if (error instanceof ImgmgrError) return error.code;
    throw error;
  }
}
