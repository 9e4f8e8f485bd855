import type {Peeker} from '../chunks.ts';

/** Bytes of an image, wherever they are wanted. */
export interface Window {
  /** Bytes of the whole, where known. */
  readonly size?: number;
  /** So many bytes, or fewer at the end; undefined where they are out of reach without reading everything before. */
  at(offset: number, length: number): Promise<Buffer | undefined>;
}

/** A stream is read from its beginning; nothing behind this byte is waited for. */
const STREAM_REACH = 4 * 1024 * 1024;

/** The beginning of a stream. */
export function windowOfStream(peeker: Peeker): Window {
  return {
    async at(offset, length) {
      if (offset + length > STREAM_REACH) return undefined;
      const {head} = await peeker.peek(offset + length);
      return head.subarray(offset, offset + length);
    },
  };
}

/** What was read already, and the rest by questions. */
export function windowOfParts(
  start: Buffer,
  {size, read}: {readonly size: number; readonly read: (offset: number, length: number) => Promise<Buffer | undefined>},
): Window {
  return {
    size,
    async at(offset, length) {
      const end = Math.min(offset + length, size);
      if (end <= offset) return Buffer.alloc(0);
      if (end <= start.length) return start.subarray(offset, end);
      if (offset >= start.length) return read(offset, end - offset);
      const rest = await read(start.length, end - start.length);
      return rest && Buffer.concat([start.subarray(offset), rest]);
    },
  };
}
