/** FNV-1a, 64 bit, hexadecimal (http://www.isthe.com/chongo/tech/comp/fnv/): distinguishes texts, and is no protection against anybody. */
export function fnv1a(text: string): string {
  // The halves of the hash; the prime is 2^40 + 435, so every product stays below 2^53.
  let [high, low] = [0xcbf29ce4, 0x84222325];
  for (const byte of new TextEncoder().encode(text)) {
    const mixed = (low ^ byte) >>> 0;
    const product = mixed * 435;
    high = (high * 435 + Math.floor(product / 2 ** 32) + ((mixed << 8) >>> 0)) >>> 0;
    low = product >>> 0;
  }
  return [high, low].map((half) => half.toString(16).padStart(8, '0')).join('');
}
