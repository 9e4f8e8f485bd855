const CLUSTER = 65_536;
const L2_ENTRIES = CLUSTER / 8;
const REFCOUNTS_PER_BLOCK = CLUSTER / 2;
const COPIED = 1n << 63n;

export interface Qcow2Options {
  /** Size of the disk inside; a multiple of 512. */
  readonly virtualBytes: number;
  /** How many bytes at its start hold data; rounded up to whole clusters of 64 KiB. */
  readonly dataBytes?: number;
  /** Other seeds give other data. */
  readonly seed?: number;
}

/**
 * A qcow2 image (version 3, no backing file) with made-up data, small and complete: `qemu-img check` finds nothing wrong.
 * Layout: header, refcount table, refcount blocks, L1 table, L2 tables, data. https://www.qemu.org/docs/master/interop/qcow2.html
 */
export function makeQcow2({virtualBytes, dataBytes = 0, seed = 1}: Qcow2Options): Buffer {
  const dataClusters = Math.ceil(Math.min(dataBytes, virtualBytes) / CLUSTER);
  const l1Entries = Math.max(1, Math.ceil(virtualBytes / CLUSTER / L2_ENTRIES));
  const l1Clusters = Math.ceil((l1Entries * 8) / CLUSTER);
  const l2Tables = Math.ceil(dataClusters / L2_ENTRIES);
  const others = 2 + l1Clusters + l2Tables + dataClusters;
  const blocks = Math.ceil((others + Math.ceil(others / REFCOUNTS_PER_BLOCK)) / REFCOUNTS_PER_BLOCK);
  const clusters = others + blocks;
  const at = {
    refcountTable: 1,
    refcountBlocks: 2,
    l1: 2 + blocks,
    l2: 2 + blocks + l1Clusters,
    data: 2 + blocks + l1Clusters + l2Tables,
  };

  const image = Buffer.alloc(clusters * CLUSTER);
  image.writeUInt32BE(0x51_46_49_fb, 0);
  image.writeUInt32BE(3, 4);
  image.writeUInt32BE(16, 20);
  image.writeBigUInt64BE(BigInt(virtualBytes), 24);
  image.writeUInt32BE(l1Entries, 36);
  image.writeBigUInt64BE(place(at.l1), 40);
  image.writeBigUInt64BE(place(at.refcountTable), 48);
  image.writeUInt32BE(1, 56);
  image.writeUInt32BE(4, 96);
  image.writeUInt32BE(104, 100);

  for (let block = 0; block < blocks; block++)
    image.writeBigUInt64BE(place(at.refcountBlocks + block), CLUSTER + block * 8);
  for (let cluster = 0; cluster < clusters; cluster++)
    image.writeUInt16BE(1, at.refcountBlocks * CLUSTER + cluster * 2);
  for (let table = 0; table < l2Tables; table++)
    image.writeBigUInt64BE(place(at.l2 + table) | COPIED, at.l1 * CLUSTER + table * 8);
  for (let cluster = 0; cluster < dataClusters; cluster++)
    image.writeBigUInt64BE(place(at.data + cluster) | COPIED, at.l2 * CLUSTER + cluster * 8);
  fillWithNoise(image.subarray(at.data * CLUSTER), seed);
  return image;
}

/** A raw disk of made-up data with the boot signature of a master boot record. */
export function makeRaw({bytes, seed = 1}: {readonly bytes: number; readonly seed?: number}): Buffer {
  const image = Buffer.alloc(bytes);
  fillWithNoise(image, seed);
  if (bytes >= 512) image.writeUInt16LE(0xaa55, 510);
  return image;
}

/** Fills with bytes that no compressor makes smaller; the same seed gives the same bytes. */
export function fillWithNoise(target: Buffer, seed: number): void {
  let state = (seed * 2_654_435_761) >>> 0 || 1;
  for (let offset = 0; offset + 4 <= target.length; offset += 4) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    target.writeUInt32LE(state >>> 0, offset);
  }
}

function place(cluster: number): bigint {
  return BigInt(cluster) * BigInt(CLUSTER);
}
