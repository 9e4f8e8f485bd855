import {constants, createZstdDecompress, inflateRawSync} from 'node:zlib';
import {prefixOf} from '../../core/format/prefix.ts';
import type {Window} from './window.ts';

const COMPRESSED = 1n << 62n;
const ZERO = 1n;
/** Of an entry of L1 and L2: the bits of the place. */
const PLACE = 0x00ff_ffff_ffff_fe00n;

/**
 * The first bytes of the disk in a qcow2 that was judged; undefined where they cannot be reached or read. At most three questions: the
 * first entry of L1, the first ones of L2, and a cluster each (https://gitlab.com/qemu-project/qemu/-/blob/master/docs/interop/qcow2.rst).
 */
export async function guestBytes(window: Window, head: Buffer, wanted: number): Promise<Buffer | undefined> {
  const header = prefixOf(head, false);
  const bits = header.u32be(20);
  const cluster = 2 ** bits;
  const length = Math.min(wanted, header.u64be(24));
  const first = await entry(window, header.u64be(40));
  if (first === undefined) return undefined;
  const table = Number(first & PLACE);
  if (table === 0) return Buffer.alloc(length);
  const count = Math.ceil(length / cluster);
  const entries = await window.at(table, count * 8);
  if (entries === undefined || entries.length < count * 8) return undefined;
  const parts: Buffer[] = [];
  for (let index = 0; index < count; index += 1) {
    const most = Math.min(cluster, length - index * cluster);
    const part = await clusterBytes(window, {
      ...{entry: entries.readBigUInt64BE(index * 8), bits, most},
      zstd: header.u32be(100) > 104 && header.u8(104) === 1 && header.u32be(4) === 3,
    });
    if (part === undefined) return undefined;
    parts.push(part);
  }
  return Buffer.concat(parts);
}

interface Cluster {
  readonly entry: bigint;
  readonly bits: number;
  /** Bytes that are wanted of it. */
  readonly most: number;
  readonly zstd: boolean;
}

async function clusterBytes(window: Window, {entry: of, bits, most, zstd}: Cluster): Promise<Buffer | undefined> {
  if ((of & COMPRESSED) === 0n) {
    const place = Number(of & PLACE);
    if (place === 0 || (of & ZERO) !== 0n) return Buffer.alloc(most);
    const bytes = await window.at(place, most);
    return bytes && padded(bytes, most);
  }
  const shift = BigInt(62 - (bits - 8));
  const place = Number(of & ((1n << shift) - 1n));
  const sectors = Number((of >> shift) & ((1n << BigInt(bits - 8)) - 1n)) + 1;
  const packed = await window.at(place, sectors * 512 - (place % 512));
  const bytes = packed && (zstd ? await zstdUnpacked(packed, 2 ** bits) : inflated(packed, 2 ** bits));
  return bytes && padded(bytes.subarray(0, most), most);
}

// What stands behind the end of either, to the next sector, is none of it. Undefined where it is damaged: the answer then lacks the
// partition table, and the judgement does not need it.

function inflated(packed: Buffer, most: number): Buffer | undefined {
  try {
    return inflateRawSync(packed, {maxOutputLength: most, finishFlush: constants.Z_SYNC_FLUSH});
  } catch {
    return undefined;
  }
}

async function zstdUnpacked(packed: Buffer, most: number): Promise<Buffer | undefined> {
  const stream = createZstdDecompress();
  const parts: Buffer[] = [];
  let size = 0;
  try {
    stream.end(packed);
    for await (const part of stream) {
      parts.push(part as Buffer);
      size += (part as Buffer).length;
      if (size >= most) break;
    }
  } catch {
    // The end of the frame was there, and behind it something else.
  }
  return size === 0 ? undefined : Buffer.concat(parts);
}

function padded(bytes: Buffer, length: number): Buffer {
  return bytes.length === length ? bytes : Buffer.concat([bytes, Buffer.alloc(length - bytes.length)]);
}

async function entry(window: Window, place: number): Promise<bigint | undefined> {
  const bytes = await window.at(place, 8);
  return bytes?.length === 8 ? bytes.readBigUInt64BE() : undefined;
}
