/** In the short field of a number: it stands in the extra field of large archives. */
export const IN_ZIP64 = 0xffffffff;

const ZIP64_FIELD = 1;

interface Numbers {
  readonly size: number;
  readonly packed: number;
  readonly offset: number;
}

/** True where the extra field of large archives is there (APPNOTE 4.5.3). */
export function isLarge(extra: Buffer): boolean {
  for (let at = 0; at + 4 <= extra.length; at += 4 + extra.readUInt16LE(at + 2))
    if (extra.readUInt16LE(at) === ZIP64_FIELD) return true;
  return false;
}

/** Values of zip64 stand in an extra field, in this order, where the short field is full. `error` makes the error of what cannot be read. */
export function readLarge(extra: Buffer, stated: Numbers, error: (what: string) => Error): Numbers {
  const values: bigint[] = [];
  for (let at = 0; at + 4 <= extra.length; at += 4 + extra.readUInt16LE(at + 2)) {
    const length = extra.readUInt16LE(at + 2);
    if (at + 4 + length > extra.length) throw error('has an extra field that is cut off');
    if (extra.readUInt16LE(at) !== ZIP64_FIELD) continue;
    if (values.length > 0) throw error('has two extra fields with sizes');
    for (let value = 0; value + 8 <= length; value += 8) values.push(extra.readBigUInt64LE(at + 4 + value));
  }
  const read = (value: number): number => {
    if (value !== IN_ZIP64) return value;
    const large = values.shift();
    if (large === undefined || large > BigInt(Number.MAX_SAFE_INTEGER))
      throw error('has a file without a readable size');
    return Number(large);
  };
  const [size, packed, offset] = [read(stated.size), read(stated.packed), read(stated.offset)];
  return {size, packed, offset};
}
