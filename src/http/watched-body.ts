import {Readable} from 'node:stream';
import type {HttpError} from './error.ts';
import {ProgressFloor} from './progress-floor.ts';
import type {Floor} from './progress-floor.ts';

/** How a streamed answer is watched. */
export interface BodyWatch {
  /** Longest silence while somebody wants to read, milliseconds. */
  readonly silenceMs: number;
  readonly maxBytes: number;
  readonly floor: Floor;
  /** Called with the bytes that were the least. */
  readonly onTooSlow: (least: number) => HttpError;
  readonly onTimeout: () => HttpError;
  readonly onTooLarge: () => HttpError;
  /** Translates what broke the connection. */
  readonly onBroken: (error: unknown) => HttpError;
  /** Called once, however it ends. */
  readonly onEnd: () => void;
}

/**
 * The bytes of an answer, in constant memory. Silence and too little progress count only while the reader waits: a slow reader is no
 * stalled server. Destroying it ends the connection at once.
 */
export class WatchedBody extends Readable {
  readonly #source: Readable;
  readonly #watch: BodyWatch;
  readonly #floor: ProgressFloor;
  #timer: NodeJS.Timeout | undefined;
  #seen = 0;
  /** Since when the reader waits. */
  #since = 0;

  constructor(source: Readable, watch: BodyWatch) {
    super({highWaterMark: 256 * 1024});
    this.#source = source;
    this.#watch = watch;
    this.#floor = new ProgressFloor(watch.floor);
    source.pause();
    source.on('data', (chunk: Buffer) => this.#take(chunk));
    source.once('end', () => {
      clearTimeout(this.#timer);
      this.push(null);
    });
    source.once('error', (error) => this.destroy(watch.onBroken(error)));
    source.once('close', () => {
      if (!source.readableEnded) this.destroy(watch.onBroken(new Error('the connection was closed')));
    });
  }

  override _read(): void {
    if (this.#timer === undefined) {
      this.#since = performance.now();
      this.#timer = setTimeout(() => this.destroy(this.#watch.onTimeout()), this.#watch.silenceMs);
    }
    this.#source.resume();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    clearTimeout(this.#timer);
    this.#source.destroy();
    this.#watch.onEnd();
    done(error);
  }

  #take(chunk: Buffer): void {
    this.#seen += chunk.length;
    if (this.#seen > this.#watch.maxBytes) {
      this.destroy(this.#watch.onTooLarge());
      return;
    }
    const now = performance.now();
    const waitedMs = this.#timer === undefined ? 0 : now - this.#since;
    this.#since = now;
    if (!this.#floor.enough({waitedMs, bytes: chunk.length})) {
      this.destroy(this.#watch.onTooSlow(this.#floor.least));
      return;
    }
    if (this.push(chunk)) {
      this.#timer?.refresh();
      return;
    }
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#source.pause();
  }
}
