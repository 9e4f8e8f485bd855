/** The first bytes of a file, read without ever throwing: what lies beyond them reads as zero; `has` says how far they go. */
export interface Prefix {
  readonly length: number;
  /** True when nothing follows these bytes. */
  readonly complete: boolean;
  has(offset: number, length: number): boolean;
  u8(offset: number): number;
  u16le(offset: number): number;
  u32le(offset: number): number;
  u32be(offset: number): number;
  /** 64 bits as a number; beyond 2^53 it loses its last digits, which no size limit cares about. */
  u64le(offset: number): number;
  u64be(offset: number): number;
  /** True when exactly these bytes stand there; text is compared as latin-1. */
  is(offset: number, expected: string | readonly number[]): boolean;
  /** Bytes as latin-1 text, cut at the end of the prefix. */
  text(offset: number, length: number): string;
}

/** Wraps the first bytes of a file. */
export function prefixOf(bytes: Uint8Array, complete: boolean): Prefix {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const has = (offset: number, length: number): boolean => offset + length <= bytes.length;
  const text = (offset: number, length: number): string => latin1(bytes.subarray(offset, offset + length));
  return {
    length: bytes.length,
    complete,
    has,
    u8: (offset) => bytes[offset] ?? 0,
    u16le: (offset) => (has(offset, 2) ? view.getUint16(offset, true) : 0),
    u32le: (offset) => (has(offset, 4) ? view.getUint32(offset, true) : 0),
    u32be: (offset) => (has(offset, 4) ? view.getUint32(offset) : 0),
    u64le: (offset) => (has(offset, 8) ? Number(view.getBigUint64(offset, true)) : 0),
    u64be: (offset) => (has(offset, 8) ? Number(view.getBigUint64(offset)) : 0),
    is: (offset, expected) => {
      const wanted = typeof expected === 'string' ? Array.from(expected, (char) => char.charCodeAt(0)) : expected;
      return has(offset, wanted.length) && wanted.every((byte, index) => bytes[offset + index] === byte);
    },
    text,
  };
}

function latin1(bytes: Uint8Array): string {
  let text = '';
  for (let start = 0; start < bytes.length; start += 8192)
    text += String.fromCharCode(...bytes.subarray(start, start + 8192));
  return text;
}
