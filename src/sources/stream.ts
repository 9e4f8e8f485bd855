import type {Readable} from 'node:stream';
import type {StreamOrigin} from '../ports/image-source.ts';
import {ImgmgrError} from '../errors.ts';
import type {Served} from './served.ts';

/** A stream of the caller's, read as any other source; SOURCE_UNAVAILABLE where it ends early or late. */
export async function servedStream(stream: StreamOrigin, signal: AbortSignal | undefined): Promise<Served> {
  const {url, origin} = stream;
  const {bytes, size} = await stream.read(signal);
  // Whoever reads reports the error; without a listener of its own it would end the process when it comes late.
  bytes.on('error', () => undefined);
  return {
    url,
    origin,
    remote: false,
    ...(size !== undefined && {size}),
    chunks: whole(bytes, {url, size}),
    close: () => Promise.resolve(void bytes.destroy()),
  };
}

async function* whole(
  bytes: Readable,
  {url, size}: {readonly url: string; readonly size: number | undefined},
): AsyncGenerator<Uint8Array> {
  let read = 0;
  for await (const chunk of bytes as AsyncIterable<Uint8Array>) {
    read += chunk.length;
    yield chunk;
  }
  if (size === undefined || read === size) return;
  throw new ImgmgrError('SOURCE_UNAVAILABLE', `${url} gave ${read} bytes, ${size} were announced`, {
    hint: 'try again later',
  });
}
