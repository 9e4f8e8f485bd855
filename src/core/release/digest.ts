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
  const [name, hex, rest] = text.trim().split(':', 3);
  if (name === undefined || hex === undefined || rest !== undefined) return undefined;
  const algorithm = name.toLowerCase();
  return isAlgorithm(algorithm) && isHexOf(algorithm, hex) ? {algorithm, hex: hex.toLowerCase()} : undefined;
}

/** A bare hexadecimal digest, its algorithm known by its length; undefined when no algorithm has that length. */
export function digestFromHex(hex: string): Digest | undefined {
  for (const algorithm of ['md5', 'sha1', 'sha256', 'sha384', 'sha512'] as const)
    if (isHexOf(algorithm, hex)) return {algorithm, hex: hex.toLowerCase()};
  return undefined;
}

/**
 * A published value, hexadecimal or base64 (with or without padding), of an algorithm as publishers name it (`SHA-256`, `SHA2-256`);
 * undefined for other algorithms (`SHA3-256`, `SHA512/256`, `BLAKE2b`), however long their values are, and for a wrong length.
 */
export function readDigest(name: string, value: string): Digest | undefined {
  const algorithm = algorithmNamed(name);
  if (algorithm === undefined) return undefined;
  const hex = isHexOf(algorithm, value) ? value : hexOfBase64(value);
  return hex !== undefined && isHexOf(algorithm, hex) ? {algorithm, hex: hex.toLowerCase()} : undefined;
}

/** The algorithm that publishers mean by a name, such as `SHA-256` or `SHA2-256`; undefined for one that is none of ours. */
export function algorithmNamed(name: string): DigestAlgorithm | undefined {
  const [, family, bits] = /^(md-?5|sha-?1|sha-?(?:2-)?(256|384|512))$/.exec(name.toLowerCase()) ?? [];
  if (family === undefined) return undefined;
  const algorithm = bits === undefined ? family.replace('-', '') : `sha${bits}`;
  return isAlgorithm(algorithm) ? algorithm : undefined;
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

function isHexOf(algorithm: DigestAlgorithm, text: string): boolean {
  return text.length === LENGTHS[algorithm] && /^[0-9a-fA-F]+$/.test(text);
}

/** Undefined for what is no base64 of at most 64 bytes. */
function hexOfBase64(text: string): string | undefined {
  const [, digits] = (text.length <= 88 && /^([A-Za-z0-9+/]+)={0,2}$/.exec(text)) || [];
  if (digits === undefined || digits.length % 4 === 1) return undefined;
  return Array.from(atob(digits), (byte) => byte.charCodeAt(0).toString(16).padStart(2, '0')).join('');
}
