/** The digest algorithms that definitions may demand; named as node:crypto and Glance's `os_hash_algo` name them. */
export type DigestAlgorithm = 'md5' | 'sha1' | 'sha256' | 'sha384' | 'sha512';

/** A demanded or computed digest; `hex` is lowercase. */
export interface Digest {
  readonly algorithm: DigestAlgorithm;
  readonly hex: string;
}

const LENGTHS: Readonly<Record<DigestAlgorithm, number>> = {md5: 32, sha1: 40, sha256: 64, sha384: 96, sha512: 128};

/** Reads `algo:hex`; undefined when the algorithm is unknown or the length does not fit it. */
export function parseDigest(text: string): Digest | undefined {
  const [name, hex, rest] = text.trim().split(':');
  if (name === undefined || hex === undefined || rest !== undefined) return undefined;
  const algorithm = name.toLowerCase();
  if (!isAlgorithm(algorithm) || !new RegExp(`^[0-9a-f]{${LENGTHS[algorithm]}}$`, 'i').test(hex)) return undefined;
  return {algorithm, hex: hex.toLowerCase()};
}

/** A bare hexadecimal digest, its algorithm told by its length; undefined when no algorithm has that length. */
export function digestFromHex(hex: string): Digest | undefined {
  if (!/^[0-9a-f]+$/i.test(hex)) return undefined;
  for (const algorithm of ['md5', 'sha1', 'sha256', 'sha384', 'sha512'] as const)
    if (LENGTHS[algorithm] === hex.length) return {algorithm, hex: hex.toLowerCase()};
  return undefined;
}

/** The stored form, `algo:hex`. */
export function formatDigest(digest: Digest): string {
  return `${digest.algorithm}:${digest.hex}`;
}

/** True when both name the same algorithm and value. */
export function sameDigest(a: Digest, b: Digest): boolean {
  return a.algorithm === b.algorithm && a.hex === b.hex;
}

function isAlgorithm(name: string): name is DigestAlgorithm {
  return Object.hasOwn(LENGTHS, name);
}
