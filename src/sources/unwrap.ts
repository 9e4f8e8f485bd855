import type {Wrapper} from '../core/format/wrapper.ts';
import {WRAPPER_REACH, wrapperOf} from '../core/format/wrapper.ts';
import {ImgmgrError} from '../errors.ts';
import type {Exec} from '../exec.ts';
import {capped} from './capped.ts';
import type {Peeker} from './chunks.ts';
import {peekable} from './chunks.ts';
import {decompressed} from './decompress.ts';
import {diskInArchive} from './disk-in-archive.ts';

/** A stream with its compressions and archives taken off, outermost first in `wrappers`. */
export interface Unwrapped {
  readonly wrappers: readonly Wrapper[];
  readonly inner: Peeker;
}

const MAX_DEPTH = 2;
/**
 * Takes off up to two compressions and archives, recognised by content. A damaged, truncated or trailed one breaks the inner stream with
 * FORMAT_REFUSED; errors of the source pass through. `show` names the source in messages; no
 * step may give more than `most` bytes.
 */
export async function unwrap(
  chunks: AsyncIterable<Uint8Array>,
  context: {readonly exec: Exec; readonly show: string; readonly most: number},
): Promise<Unwrapped> {
  const wrappers: Wrapper[] = [];
  let inner = peekable(chunks);
  for (;;) {
    const wrapper = wrapperOf((await inner.peek(WRAPPER_REACH)).head);
    if (wrapper === undefined) return {wrappers, inner};
    if (wrappers.length === MAX_DEPTH) {
      await inner.close();
      throw new ImgmgrError(
        'FORMAT_REFUSED',
        `${context.show} is packed more than ${MAX_DEPTH} times (${[...wrappers, wrapper].join(' in ')})`,
        {
          hint: 'publish it as it is, or packed once',
        },
      );
    }
    wrappers.push(wrapper);
    const packed = inner.rest();
    const bytes =
      wrapper === 'tar' || wrapper === 'zip'
        ? diskInArchive(packed, {show: context.show, kind: wrapper})
        : decompressed(packed, {...context, wrapper});
    // Of an archive, too, not only of the disk in it.
    inner = peekable(capped(bytes, {show: context.show, name: 'unpacked', limit: context.most}));
  }
}
