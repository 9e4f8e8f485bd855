import {createHash, randomBytes, timingSafeEqual} from 'node:crypto';

/** A new secret of 256 random bits, as text for URLs and headers. */
export function newSecret(): string {
  return randomBytes(32).toString('base64url');
}

/** What is kept of a secret: its SHA-256, hexadecimal. It has 256 random bits, so that nobody finds it by trying. */
export function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

/** True where both are the same; takes as long wherever they differ. */
export function sameHash(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}
