/** FNV-1a, 64 bit, hexadecimal (http://www.isthe.com/chongo/tech/comp/fnv/): distinguishes texts, and is no protection against anybody. */
export function fnv1a(text: string): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(text)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash.toString(16).padStart(16, '0');
}
