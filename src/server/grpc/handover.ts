import type {Watched} from '../../api/backend.ts';
import type {ImgmgrError} from '../../errors.ts';
import {asImgmgrError} from '../../errors.ts';
import type {RunRow} from '../contract/runs.ts';
import type {FeedItem, Watcher} from '../runs/feeds.ts';

/** As many events wait at most: some are often stored at once. */
const MOST_WAITING = 20;

/** Hands what a feed gives to somebody who asks for one after the other: few events wait, the others stay where they are stored. */
export class Handover implements Watcher {
  readonly #signal: AbortSignal;
  readonly #waiting: Watched[] = [];
  #error: ImgmgrError | undefined;
  /** Whoever asks, and takes the next one. */
  #asking: ((next: Watched | undefined) => void) | undefined;
  /** Tells the feed that there is room. */
  #taken = (): void => undefined;

  /** `signal`: nobody asks any more. */
  constructor(signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener('abort', () => this.#answer(undefined), {once: true});
  }

  take({event}: FeedItem): void | Promise<void> {
    if (this.#signal.aborted || this.#answer({event})) return undefined;
    this.#waiting.push({event});
    if (this.#waiting.length < MOST_WAITING) return undefined;
    return new Promise((resolve) => {
      this.#taken = resolve;
    });
  }

  end(run: RunRow): void {
    if (!this.#answer({end: run})) this.#waiting.push({end: run});
  }

  fail(error: unknown): void {
    this.#error ??= asImgmgrError(error);
    this.#answer(undefined);
  }

  /** The next one, as soon as there is one; undefined: nobody asks any more. Throws what the feed failed with. */
  async next(): Promise<Watched | undefined> {
    const next = await this.#ask();
    if (this.#signal.aborted) return undefined;
    if (!next && this.#error) throw this.#error;
    return next;
  }

  /** What waits is not taken any more. */
  close(): void {
    this.#taken();
  }

  async #ask(): Promise<Watched | undefined> {
    const waiting = this.#waiting.shift();
    this.#taken();
    if (waiting || this.#error || this.#signal.aborted) return waiting;
    return new Promise((resolve) => {
      this.#asking = resolve;
    });
  }

  /** True where somebody asks, who has it then. */
  #answer(next: Watched | undefined): boolean {
    const asking = this.#asking;
    this.#asking = undefined;
    asking?.(next);
    return asking !== undefined;
  }
}
