import {createHash} from 'node:crypto';
import {fillWithNoise} from './disk-image.ts';

/** Bytes that can be served in parts. */
export interface Content {
  readonly size: number;
  /** The bytes from `start` up to (not including) `end`, in pieces. */
  read(start: number, end: number): Iterable<Uint8Array>;
}

const PIECE = 65_536;
const BLOCK = 2 ** 20;

/** Bytes at hand. */
export function contentOf(bytes: Uint8Array): Content {
  const buffer = Buffer.from(bytes);
  return {
    size: buffer.length,
    *read(start, end) {
      for (let at = start; at < end; at += PIECE) yield buffer.subarray(at, Math.min(end, at + PIECE));
    },
  };
}

/** As many bytes as wished without holding them: one mebibyte of noise, repeated. */
export function largeContent(size: number, seed = 1): Content {
  const block = Buffer.alloc(BLOCK);
  fillWithNoise(block, seed);
  return {
    size,
    *read(start, end) {
      for (let at = start; at < end;) {
        const inBlock = at % BLOCK;
        const length = Math.min(end - at, BLOCK - inBlock);
        yield block.subarray(inBlock, inBlock + length);
        at += length;
      }
    },
  };
}

/** Hex digest of the whole. */
export function digestOf(content: Content, algorithm: string): string {
  const hash = createHash(algorithm);
  for (const piece of content.read(0, content.size)) hash.update(piece);
  return hash.digest('hex');
}

/** How a digest list is written. `gnu-binary` has `*` before the name, `gnu-tab` a tab, `bare` nothing but the digest. */
export type DigestStyle = 'gnu' | 'gnu-binary' | 'gnu-tab' | 'bsd' | 'bare';

/** The text of a digest list. */
export function digestList(style: DigestStyle, algorithm: string, digests: Readonly<Record<string, string>>): string {
  const line = ([name, hex]: [string, string]): string => {
    switch (style) {
      case 'gnu':
        return `${hex}  ${name}\n`;
      case 'gnu-binary':
        return `${hex} *${name}\n`;
      case 'gnu-tab':
        return `${hex}\t${name}\n`;
      case 'bsd':
        return `${algorithm.toUpperCase()} (${name}) = ${hex}\n`;
      case 'bare':
        return `${hex}\n`;
    }
  };
  return Object.entries(digests).map(line).join('');
}
