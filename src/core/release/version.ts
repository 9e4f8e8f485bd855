import {normalized} from '../normalized.ts';

/**
 * Orders version strings as people read them: numbers inside the text count as numbers, `latest` is above everything.
 * Negative when `a` is older. It refines the default order of Python's natsort, which the peer uses: what natsort calls
 * equal (`1.01`, `1.1`) is put in the order of its characters. https://natsort.readthedocs.io/en/stable/howitworks.html
 */
export function compareVersions(a: string, b: string): number {
  return Number(a === LATEST) - Number(b === LATEST) || comparePieces(splitPieces(a), splitPieces(b)) || byText(a, b);
}

/** The version whose identity is the upstream digest. */
export const LATEST = 'latest';

/** Text and numbers in turn, always beginning with a (possibly empty) text: `1.10` is '', 1, '.', 10. */
function splitPieces(version: string): readonly string[] {
  const pieces = normalized(version, 'NFD').split(/(\d+)/);
  return pieces.length > 1 && pieces.at(-1) === '' ? pieces.slice(0, -1) : pieces;
}

function comparePieces(a: readonly string[], b: readonly string[]): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const order = i % 2 === 0 ? byText(a[i] ?? '', b[i] ?? '') : byNumber(a[i] ?? '', b[i] ?? '');
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

/** Digits of any length: without leading zeros the longer number is the larger. */
function byNumber(a: string, b: string): number {
  const [x, y] = [a.replace(/^0+/, ''), b.replace(/^0+/, '')];
  return x.length - y.length || byText(x, y);
}

/** By code point, as Python compares. */
function byText(a: string, b: string): number {
  const [x, y] = [codePoints(a), codePoints(b)];
  for (let i = 0; i < Math.min(x.length, y.length); i++) {
    const order = (x[i] ?? 0) - (y[i] ?? 0);
    if (order !== 0) return order;
  }
  return x.length - y.length;
}

function codePoints(text: string): number[] {
  return Array.from(text, (character) => character.codePointAt(0) ?? 0);
}
