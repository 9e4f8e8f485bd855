import {Transform} from 'node:stream';
import type {Readable} from 'node:stream';

// Every write becomes one chunk of HTTP, and uWSGI answers 500 to a chunk of more than 1 MB (its chunked-input-limit).
const LARGEST_CHUNK = 256 * 1024;

/** The same bytes in pieces that any server takes as chunks. Errors of the body are not passed on: the sender sees them. */
export function inSmallPieces(body: Readable): Readable {
  const pieces = new Transform({
    readableHighWaterMark: 4 * LARGEST_CHUNK,
    transform(chunk: Buffer, _, done) {
      for (let at = 0; at < chunk.length; at += LARGEST_CHUNK) this.push(chunk.subarray(at, at + LARGEST_CHUNK));
      done();
    },
  });
  return body.pipe(pieces);
}

/** Reports when the body gives more bytes than announced, or has ended with fewer; the server would wait for ever, or read on. */
export function holdToSize(body: Readable, size: number, onWrong: (message: string) => void): void {
  let given = 0;
  body.on('data', (chunk: Buffer) => {
    given += chunk.length;
    if (given > size) onWrong(`the bytes to send are more than the announced ${size}`);
  });
  body.once('end', () => {
    if (given < size) onWrong(`the bytes to send ended after ${given} of ${size}`);
  });
}
