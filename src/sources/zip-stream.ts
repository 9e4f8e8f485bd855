import {once} from 'node:events';
import {Readable} from 'node:stream';
import {pipeline} from 'node:stream/promises';
import {crc32, createInflateRaw} from 'node:zlib';
import type {ByteReader} from './byte-reader.ts';

/** What a file of a zip archive that was written without sizes turned out to be; bytes. */
export interface Measured {
  readonly crc: number;
  readonly packed: number;
  readonly size: number;
}

const SIGNATURE = 0x08074b50;
/** Beyond it, sizes take 8 bytes. */
const LARGEST = 0xffffffff;

/** A file of a zip archive that was written as a stream: its packed form shows where it ends, and what was read beyond that is given back. */
export class StreamedFile {
  readonly #bytes: ByteReader;
  readonly #content: AsyncGenerator<Uint8Array>;
  #measured: Measured | undefined;

  /** `asError` gives the error of a packed form that is damaged. */
  constructor(bytes: ByteReader, asError: (error: unknown) => unknown) {
    this.#bytes = bytes;
    this.#content = this.#inflated(asError);
  }

  /** The file, unpacked; may be left early. */
  async *content(): AsyncGenerator<Uint8Array> {
    for (let next = await this.#content.next(); next.done !== true; next = await this.#content.next()) yield next.value;
  }

  /** Reads the rest of it. Undefined where it has no end. */
  async end(): Promise<Measured | undefined> {
    while ((await this.#content.next()).done !== true) continue;
    return this.#measured;
  }

  async close(): Promise<void> {
    await this.#content.return(undefined);
  }

  async *#inflated(asError: (error: unknown) => unknown): AsyncGenerator<Uint8Array> {
    const inflate = createInflateRaw({chunkSize: 256 * 1024});
    const readAhead = new ReadAhead(this.#bytes.rest(), () => inflate.bytesWritten);
    const source = Readable.from(readAhead.chunks(), {objectMode: false});
    // The error of either side breaks the loop below.
    pipeline(source, inflate).catch(() => undefined);
    let [size, crc] = [0, 0];
    try {
      for await (const chunk of inflate) {
        const bytes = chunk as Uint8Array;
        size += bytes.length;
        crc = crc32(bytes, crc);
        yield bytes;
      }
    } catch (error) {
      throw asError(error);
    } finally {
      // Nobody else may read on before it has stopped to read.
      source.destroy();
      if (!source.closed) await once(source, 'close');
    }
    this.#bytes.unread(readAhead.behind());
    this.#measured = {crc, size, packed: inflate.bytesWritten};
  }
}

/** How many bytes stand behind such a file; `isLarge`: its header has the field of large archives (APPNOTE 4.3.9). */
export function descriptorLength({packed, size}: Measured, isLarge: boolean): 16 | 24 {
  return isLarge || packed > LARGEST || size > LARGEST ? 24 : 16;
}

/** True where these bytes say what the file turned out to be. The signature is demanded: everybody writes it. */
export function isDescriptor(found: Buffer, {crc, packed, size}: Measured): boolean {
  const number = (at: number): number =>
    found.length === 24 ? Number(found.readBigUInt64LE(at)) : found.readUInt32LE(at);
  const said = [found.readUInt32LE(0), found.readUInt32LE(4), number(8), number(found.length === 24 ? 16 : 12)];
  return [SIGNATURE, crc, packed, size].every((value, at) => said[at] === value);
}

/** Chunks on their way to somebody who may not use all of the last ones. */
class ReadAhead {
  readonly #source: AsyncIterable<Uint8Array>;
  readonly #used: () => number;
  readonly #kept: Uint8Array[] = [];
  /** Bytes in front of what is kept. */
  #forgotten = 0;

  /** `used`: how many bytes from the beginning are used by now. */
  constructor(source: AsyncIterable<Uint8Array>, used: () => number) {
    this.#source = source;
    this.#used = used;
  }

  /** Kept before they are given, so that none is lost where nobody takes it any more. */
  async *chunks(): AsyncGenerator<Uint8Array> {
    for await (const chunk of this.#source) {
      // Not only where something comes out: empty blocks without end give nothing.
      this.#forget();
      this.#kept.push(chunk);
      yield chunk;
    }
  }

  /** What was given and not used. */
  behind(): Buffer {
    return Buffer.concat(this.#kept).subarray(this.#used() - this.#forgotten);
  }

  #forget(): void {
    for (
      let [first] = this.#kept;
      first !== undefined && this.#forgotten + first.length <= this.#used();
      [first] = this.#kept
    ) {
      this.#kept.shift();
      this.#forgotten += first.length;
    }
  }
}
