import {Readable} from 'node:stream';
import type {HttpError} from './error.ts';

/** How a streamed answer is watched. */
export interface BodyWatch {
  /** Longest silence while somebody wants to read, milliseconds. */
  readonly silenceMs: number;
  readonly maxBytes: number;
  readonly onTimeout: () => HttpError;
  readonly onTooLarge: () => HttpError;
  /** Translates what broke the connection. */
  readonly onBroken: (error: unknown) => HttpError;
  /** Called once, however it ends. */
  readonly onEnd: () => void;
}

/**
 * The bytes of an answer, in constant memory. Silence counts only while the reader waits: a slow reader is no stalled
 * server. Destroying it ends the connection at once.
 */
export class WatchedBody extends Readable {
  readonly #source: Readable;
  readonly #watch: BodyWatch;
  #timer: NodeJS.Timeout | undefined;
  #seen = 0;

  constructor(source: Readable, watch: BodyWatch) {
    super({highWaterMark: 256 * 1024});
    this.#source = source;
    this.#watch = watch;
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
    this.#timer ??= setTimeout(() => this.destroy(this.#watch.onTimeout()), this.#watch.silenceMs);
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
    if (this.push(chunk)) {
      this.#timer?.refresh();
      return;
    }
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#source.pause();
  }
}
