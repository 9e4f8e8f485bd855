import {createHash} from 'node:crypto';
import type {Readable} from 'node:stream';

/** Bytes that a store took in: counted and hashed, and kept as long as there are not too many. */
export interface Payload {
  readonly size: number;
  readonly md5: string;
  readonly sha512: string;
  /** What the content itself says it is; everything unknown is raw. */
  readonly format: 'qcow2' | 'raw';
  /** Bytes of the disk inside. */
  readonly virtualSize: number;
  /** Undefined when there were more than the fake keeps. */
  readonly chunks: readonly Uint8Array[] | undefined;
}

/** Reads a stream to its end in constant memory (apart from what is kept); rejects when it breaks off. */
export async function takeIn(stream: Readable | AsyncIterable<Uint8Array>, keepAtMost: number): Promise<Payload> {
  const [md5, sha512] = [createHash('md5'), createHash('sha512')];
  let kept: Uint8Array[] | undefined = [];
  let size = 0;
  let head = Buffer.alloc(0);
  for await (const part of stream) {
    const chunk = Buffer.from(part as Uint8Array);
    if (head.length < HEADER_BYTES) head = Buffer.concat([head, chunk.subarray(0, HEADER_BYTES - head.length)]);
    md5.update(chunk);
    sha512.update(chunk);
    size += chunk.length;
    if (size > keepAtMost) kept = undefined;
    kept?.push(chunk);
  }
  return {...inspect(head, size), size, md5: md5.digest('hex'), sha512: sha512.digest('hex'), chunks: kept};
}

/** A payload of bytes at hand. */
export function payloadOf(bytes: Uint8Array): Payload {
  const chunk = Buffer.from(bytes);
  const hex = (name: string): string => createHash(name).update(chunk).digest('hex');
  return {...inspect(chunk, chunk.length), size: chunk.length, md5: hex('md5'), sha512: hex('sha512'), chunks: [chunk]};
}

const HEADER_BYTES = 64;
const QCOW2_MAGIC = 0x51_46_49_fb;

/** The virtual size stands big-endian at byte 24: https://www.qemu.org/docs/master/interop/qcow2.html */
function inspect(head: Buffer, size: number): Pick<Payload, 'format' | 'virtualSize'> {
  if (head.length < 32 || head.readUInt32BE(0) !== QCOW2_MAGIC) return {format: 'raw', virtualSize: size};
  return {format: 'qcow2', virtualSize: Number(head.readBigUInt64BE(24))};
}
