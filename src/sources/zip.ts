import {once} from 'node:events';
import {Readable} from 'node:stream';
import {pipeline} from 'node:stream/promises';
import {crc32, createInflateRaw} from 'node:zlib';
import {ImgmgrError} from '../errors.ts';
import {ByteReader} from './byte-reader.ts';
import {IN_ZIP64, isLarge, readLarge} from './zip-extra.ts';
import {descriptorLength, isDescriptor, StreamedFile} from './zip-stream.ts';

/** One file of a zip archive. */
export interface ZipEntry {
  readonly path: string;
  /** Unpacked; bytes. Absent where the archive was written as a stream. */
  readonly size?: number;
  /** The file, unpacked, once; what is not read is skipped. */
  readonly content: AsyncGenerator<Uint8Array>;
}

const SIGNATURE = {local: 0x04034b50, central: 0x02014b50, end: 0x06054b50, end64: 0x06064b50, locator64: 0x07064b50};
const FLAG = {encrypted: 0x2041, streamed: 0x08, patched: 0x20};
const METHOD = {stored: 0, deflated: 8};
const MOST_ENTRIES = 10_000;
/** All names are kept until the directory was read. */
const LONGEST_NAME = 4096;

/**
 * The files of a zip archive as they come by. FORMAT_REFUSED for what is damaged, cut off, encrypted or packed in another way than
 * deflate, and where the directory at the end does not say the same as the headers of the files: programs that read the one would unpack
 * something else than those that read the other. https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
 */
export async function* zipEntries(chunks: AsyncIterable<Uint8Array>, show: string): AsyncGenerator<ZipEntry> {
  const reader = new ZipReader(chunks, show);
  try {
    const locals: Local[] = [];
    let offset = reader.position;
    let signature = await reader.signature();
    for (; signature === SIGNATURE.local; signature = await reader.signature()) {
      if (locals.length === MOST_ENTRIES) throw damaged(show, `has more than ${MOST_ENTRIES} files`);
      const local = await reader.local(offset);
      const size = isStreamed(local) ? {} : {size: local.size};
      if (!local.name.endsWith('/')) yield {path: local.name, ...size, content: reader.unpacked(local)};
      locals.push(await reader.leave(local));
      offset = reader.position;
    }
    await reader.directory(locals, {offset, signature});
  } finally {
    await reader.close();
  }
}

/** What stands before a file, and again in the directory. */
interface Fields {
  readonly flags: number;
  readonly method: number;
  readonly crc: number;
  readonly packed: number;
  readonly size: number;
  readonly name: string;
}

interface Local extends Fields {
  readonly offset: number;
  /** Its header has the field of large archives. */
  readonly isLarge: boolean;
}

class ZipReader {
  readonly #bytes: ByteReader;
  readonly #show: string;
  /** The file that is read now, where only its own end shows how long it is. */
  #streamed: StreamedFile | undefined;

  constructor(chunks: AsyncIterable<Uint8Array>, show: string) {
    this.#bytes = new ByteReader(chunks);
    this.#show = show;
  }

  get position(): number {
    return this.#bytes.position;
  }

  async signature(): Promise<number> {
    return (await this.#take(4)).readUInt32LE();
  }

  async local(offset: number): Promise<Local> {
    const head = await this.#take(26);
    const name = await this.#take(head.readUInt16LE(22));
    const extra = await this.#take(head.readUInt16LE(24));
    const fields = this.#fields(head.subarray(2), {name, extra});
    const {flags, method, packed, size} = fields;
    if ((flags & FLAG.encrypted) !== 0) throw damaged(this.#show, 'is encrypted', 'unpack it first');
    if ((flags & FLAG.patched) !== 0 || (method !== METHOD.stored && method !== METHOD.deflated))
      throw damaged(this.#show, `has a file packed in the way ${method}`, 'pack it anew with zip');
    if (method === METHOD.stored && packed !== size) throw damaged(this.#show, 'has a stored file with two sizes');
    if (fields.name.endsWith('/') && size !== 0) throw damaged(this.#show, 'has a folder with content');
    // Of what is not packed nothing but the sizes shows the end.
    if (isStreamed(fields) && (method === METHOD.stored || fields.name.endsWith('/')))
      throw damaged(
        this.#show,
        'has a file without a size that is not packed',
        'pack it anew into a file: zip FILE.zip DISK',
      );
    return {...fields, offset, isLarge: isLarge(extra)};
  }

  /** The content of the file that was just announced; breaks where size or checksum are not those of its header. */
  unpacked(local: Local): AsyncGenerator<Uint8Array> {
    if (isStreamed(local)) {
      this.#streamed = new StreamedFile(this.#bytes, (error) => this.#inflateError(error, local));
      return this.#streamed.content();
    }
    const packed = this.#bytes.content(local.packed, () => this.#short());
    return this.#checked(local, local.method === METHOD.stored ? packed : this.#inflated(packed, local));
  }

  async *#checked(local: Local, content: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
    let size = 0;
    let sum = 0;
    for await (const chunk of content) {
      size += chunk.length;
      if (size > local.size) throw damaged(this.#show, `has more in ${quoted(local)} than it says`);
      sum = crc32(chunk, sum);
      yield chunk;
    }
    if (size !== local.size || sum !== local.crc)
      throw damaged(this.#show, `has other bytes in ${quoted(local)} than it says`);
  }

  /** Goes behind the file that was announced last; gives what its header, or what follows it, says of it. */
  async leave(local: Local): Promise<Local> {
    const streamed = this.#streamed;
    if (streamed === undefined) {
      await this.#bytes.skip(() => this.#short());
      return local;
    }
    const measured = await streamed.end();
    this.#streamed = undefined;
    if (measured === undefined) throw this.#short();
    const found = await this.#take(descriptorLength(measured, local.isLarge));
    // A header may say it before, too; then it must be true.
    const isHonest = (['crc', 'packed', 'size'] as const).every(
      (key) => local[key] === 0 || local[key] === measured[key],
    );
    if (!isDescriptor(found, measured) || !isHonest)
      throw damaged(this.#show, `has other bytes in ${quoted(local)} than it says`);
    return {...local, ...measured};
  }

  /** The directory, and the end: everything in them has to be what was read before. */
  async directory(
    locals: readonly Local[],
    begin: {readonly offset: number; readonly signature: number},
  ): Promise<void> {
    let {signature} = begin;
    for (const local of locals) {
      if (signature !== SIGNATURE.central) throw damaged(this.#show, 'has files that its directory does not have');
      await this.#central(local);
      signature = await this.signature();
    }
    const size = this.position - 4 - begin.offset;
    if (signature === SIGNATURE.end64) signature = await this.#end64([locals.length, size, begin.offset]);
    if (signature !== SIGNATURE.end) throw damaged(this.#show, 'has a directory with files that are not there');
    const end = await this.#take(18);
    const [here, from, inDisk, inAll] = [0, 2, 4, 6].map((at) => end.readUInt16LE(at));
    const isCounted = [inDisk, inAll].every((count) => count === Math.min(locals.length, 0xffff));
    const isPlaced = [size, begin.offset].every((value, index) => fits(end.readUInt32LE(8 + 4 * index), value));
    if (here !== 0 || from !== 0 || !isCounted || !isPlaced)
      throw damaged(this.#show, 'has a directory that is elsewhere');
    await this.#take(end.readUInt16LE(16));
    for await (const part of this.#bytes.rest())
      if (part.length > 0) throw damaged(this.#show, 'has something behind its end');
  }

  async close(): Promise<void> {
    await this.#streamed?.close();
    await this.#bytes.close();
  }

  async #central(local: Local): Promise<void> {
    const head = await this.#take(42);
    const name = await this.#take(head.readUInt16LE(24));
    const extra = await this.#take(head.readUInt16LE(26));
    await this.#take(head.readUInt16LE(28));
    const fields = this.#fields(head.subarray(4), {name, extra, offset: head.readUInt32LE(38)});
    const isSame = (['flags', 'method', 'crc', 'packed', 'size', 'name', 'offset'] as const).every(
      (key) => fields[key] === local[key],
    );
    if (!isSame) throw damaged(this.#show, `says of ${quoted(local)} at its end something else than before`);
    const type = (head.readUInt32LE(34) >>> 16) & 0xf000;
    const isUnix = head.readUInt8(1) === 3;
    // What `zip` itself reads from a pipe it notes as one.
    const isPiped = isStreamed(local) && type === 0x1000;
    if (isUnix && !isPiped && type !== 0 && type !== 0x8000 && type !== 0x4000)
      throw damaged(this.#show, `has ${quoted(local)}, which is neither a file nor a folder`);
  }

  /** The larger form of the end, and where it stands; it says how many files, how large the directory is, and where it begins. */
  async #end64(expected: readonly number[]): Promise<number> {
    const offset = this.position - 4;
    const length = (await this.#take(8)).readBigUInt64LE();
    if (length < 44n || length > 1024n) throw damaged(this.#show, 'has an end of an unknown form');
    const end = await this.#take(Number(length));
    const isSame = [20, 28, 36].every((at, index) => end.readBigUInt64LE(at) === BigInt(expected[index] ?? -1));
    const isLocator = (await this.signature()) === SIGNATURE.locator64;
    const locator = await this.#take(16);
    if (!isSame || !isLocator || locator.readBigUInt64LE(4) !== BigInt(offset))
      throw damaged(this.#show, 'has a directory that is elsewhere');
    return this.signature();
  }

  /** `head` begins with the flags. */
  #fields(
    head: Buffer,
    {name, extra, offset}: {readonly name: Buffer; readonly extra: Buffer; readonly offset?: number},
  ): Fields & {readonly offset: number} {
    const stated = {size: head.readUInt32LE(16), packed: head.readUInt32LE(12), offset: offset ?? 0};
    const large = readLarge(extra, stated, (what) => damaged(this.#show, what));
    return {
      flags: head.readUInt16LE(0),
      method: head.readUInt16LE(2),
      crc: head.readUInt32LE(8),
      ...large,
      name: this.#name(name),
    };
  }

  #name(bytes: Buffer): string {
    if (bytes.length > LONGEST_NAME) throw damaged(this.#show, `has a name of ${bytes.length} bytes`);
    const name = bytes.toString('utf8');
    if (
      name === '' ||
      name.includes('\0') ||
      name.includes('\\') ||
      name.startsWith('/') ||
      name.split('/').includes('..')
    )
      throw damaged(this.#show, `has a file outside of it: ${JSON.stringify(name.slice(0, 100))}`);
    return name;
  }

  async *#inflated(packed: AsyncGenerator<Uint8Array>, local: Local): AsyncGenerator<Uint8Array> {
    const inflate = createInflateRaw({chunkSize: 256 * 1024});
    const source = Readable.from(packed, {objectMode: false});
    // The error of either side breaks the loop below.
    pipeline(source, inflate).catch(() => undefined);
    try {
      for await (const chunk of inflate) yield chunk as Uint8Array;
    } catch (error) {
      throw this.#inflateError(error, local);
    } finally {
      // Nobody else may read on before it has stopped to read.
      source.destroy();
      if (!source.closed) await once(source, 'close');
    }
    if (inflate.bytesWritten !== local.packed)
      throw damaged(this.#show, `has something behind the end of ${quoted(local)}`);
  }

  #inflateError(error: unknown, local: Local): unknown {
    if (error instanceof ImgmgrError || !(error instanceof Error) || !('code' in error)) return error;
    if (!String(error.code).startsWith('Z_')) return error;
    return damaged(this.#show, `is damaged in ${quoted(local)}: ${error.message}`);
  }

  async #take(size: number): Promise<Buffer> {
    const bytes = await this.#bytes.some(size);
    if (bytes.length < size) throw this.#short();
    return bytes;
  }

  #short(): ImgmgrError {
    return damaged(this.#show, 'is cut off');
  }
}

function isStreamed({flags}: Pick<Fields, 'flags'>): boolean {
  return (flags & FLAG.streamed) !== 0;
}

/** True for the value, or the mark that it stands in the larger form of the end. */
function fits(found: number, value: number): boolean {
  return found === value || (found === IN_ZIP64 && value >= IN_ZIP64);
}

function quoted({name}: Pick<Fields, 'name'>): string {
  return JSON.stringify(name.slice(0, 100));
}

function damaged(show: string, what: string, hint = 'pack it anew with zip, and check its origin'): ImgmgrError {
  return new ImgmgrError('FORMAT_REFUSED', `${show} ${what}`, {hint});
}
