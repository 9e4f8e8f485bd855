import type {IncomingMessage} from 'node:http';
import {Readable} from 'node:stream';
import {ImgmgrError} from '../../errors.ts';

/** As for what this host fetches by itself. */
const SLOWEST_BYTES_PER_MINUTE = 256 * 1024;
const MINUTE_MS = 60_000;

/** The body of an upload; SOURCE_UNAVAILABLE where it is cut, or comes too slowly while we wait for it. `count` hears of each piece. */
export function uploadBody(asked: IncomingMessage, count: (bytes: number) => void): Readable {
  return Readable.from(pieces(asked, count), {objectMode: false});
}

async function* pieces(asked: IncomingMessage, count: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  const rate = new SlowestRate(asked);
  try {
    const iterator = asked.iterator({destroyOnReturn: false})[Symbol.asyncIterator]();
    for (;;) {
      const next = await rate.waitFor(iterator.next());
      if (next.done === true) return;
      const piece = next.value as Uint8Array;
      rate.add(piece.length);
      count(piece.length);
      yield piece;
    }
  } catch (error) {
    if (error instanceof ImgmgrError) throw error;
    throw new ImgmgrError('SOURCE_UNAVAILABLE', 'the upload was cut off', {
      cause: error,
      hint: 'run the import again, and send it again',
    });
  }
}

/** Counts the time in which we wait for the sender, not that in which the cloud takes what came. */
class SlowestRate {
  readonly #asked: IncomingMessage;
  #bytes = 0;
  #waitedMs = 0;

  constructor(asked: IncomingMessage) {
    this.#asked = asked;
  }

  add(bytes: number): void {
    this.#bytes += bytes;
  }

  async waitFor<T>(next: Promise<T>): Promise<T> {
    const startMs = performance.now();
    const slow = new ImgmgrError(
      'SOURCE_UNAVAILABLE',
      `the upload is slower than ${SLOWEST_BYTES_PER_MINUTE} bytes a minute`,
    );
    const timer = setTimeout(() => this.#asked.destroy(slow), Math.max(0, MINUTE_MS - this.#waitedMs));
    try {
      return await next;
    } finally {
      clearTimeout(timer);
      this.#waitedMs += performance.now() - startMs;
      if (this.#bytes >= SLOWEST_BYTES_PER_MINUTE) [this.#bytes, this.#waitedMs] = [0, 0];
    }
  }
}
