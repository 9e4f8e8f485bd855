import {normalized} from '../normalized.ts';

/**
 * Orders version strings as people read them: numbers inside the text count as numbers, `latest` is above everything.
 * Negative when `a` is older. It refines the default order of Python's natsort, which the peer uses: what natsort calls
 * equal (`1.01`, `1.1`) is put in the order of its characters. https://natsort.readthedocs.io/en/stable/howitworks.html
 */
export function compareVersions(a: string, b: string): number {
  if (a === b) return 0;
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
  const shorter = Math.min(a.length, b.length);
  for (let i = 0; i < shorter; i++) {
    if (a.charCodeAt(i) === b.charCodeAt(i)) continue;
    // The second half of a pair differs: the pair as a whole counts.
    const start = isFirstOfPair(a.charCodeAt(i - 1)) ? i - 1 : i;
    return (a.codePointAt(start) ?? 0) - (b.codePointAt(start) ?? 0);
  }
  return a.length - b.length;
}

function isFirstOfPair(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xdc00;
}
