import {raiseHint} from '../core/limits.ts';
import {ImgmgrError} from '../errors.ts';

/** A limit of what a source may give. */
export interface Cap {
  readonly show: string;
  readonly name: 'download' | 'unpacked';
  /** Bytes. */
  readonly limit: number;
}

/** Ends a stream that has more bytes than it may, whatever was said before: FORMAT_REFUSED. `read`: what streams under one limit have had so far. */
export async function* capped(
  chunks: AsyncIterable<Uint8Array>,
  cap: Cap,
  read = {bytes: 0},
): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    read.bytes += chunk.length;
    if (read.bytes > cap.limit) throw tooLarge(cap);
    yield chunk;
  }
}

/** The error of {@link capped}. */
export function tooLarge({show, name, limit}: Cap): ImgmgrError {
  const which = name === 'download' ? 'is larger' : 'is, unpacked, larger';
  return new ImgmgrError('FORMAT_REFUSED', `${show} ${which} than the limit of ${limit} bytes`, {
    hint: raiseHint(name),
  });
}
