import {ImgmgrError} from '../errors.ts';
import {ByteReader} from './byte-reader.ts';

/** One member of a tar file. */
export interface TarEntry {
  /** As it is written, without `./` or `/` in front and `/` behind; never with a part `..`. */
  readonly path: string;
  readonly kind: 'file' | 'directory' | 'other';
  /** Of a file; bytes. */
  readonly size: number;
  /** The content of a file, once; what is not read is skipped. */
  readonly content: AsyncGenerator<Uint8Array>;
}

const BLOCK = 512;
/** As Go's archive/tar: no honest header is longer. */
const LONGEST_EXTENSION = 1024 * 1024;
const MOST_ENTRIES = 1_000_000;
/** As Linux: no file system takes a longer path. */
const LONGEST_PATH = 4096;

/** Types whose members have no content. */
const HEADER_ONLY = /^[1-6]$/;
const FILE = /^[07\0]$/;

/**
 * The members of a tar file (POSIX ustar and pax, GNU's long names), as they come by. FORMAT_REFUSED for what is damaged or cut off, what
 * programs read in more than one way (sparse files, several sizes, content of links), and anything but zeros behind the end.
 * https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html
 */
export async function* tarEntries(chunks: AsyncIterable<Uint8Array>, show: string): AsyncGenerator<TarEntry> {
  const reader = new BlockReader(chunks, show);
  try {
    let extended: Extended = {};
    for (let entries = 0; ; entries += 1) {
      if (entries > MOST_ENTRIES) throw damaged(show, `has more than ${MOST_ENTRIES} members`);
      const header = await reader.header();
      if (header === undefined) break;
      const {type, size} = header;
      if (type === 'x' || type === 'L' || type === 'K' || type === 'g') {
        if (size > LONGEST_EXTENSION) throw damaged(show, `has a header of ${size} bytes`);
        const text = await reader.take(size);
        extended = type === 'g' ? checkGlobal(text, {show, extended}) : {...extended, ...extension(type, text, show)};
        continue;
      }
      yield* member(reader, {header, extended, show});
      extended = {};
    }
    if (Object.keys(extended).length > 0) throw damaged(show, 'ends behind a header of a member');
    await reader.onlyZeros();
  } finally {
    await reader.close();
  }
}

interface Header {
  readonly type: string;
  readonly name: string;
  readonly size: number;
}

/** What headers of their own say of the next member. */
interface Extended {
  readonly path?: string;
  readonly size?: number;
}

async function* member(
  reader: BlockReader,
  {header, extended, show}: {readonly header: Header; readonly extended: Extended; readonly show: string},
): AsyncGenerator<TarEntry> {
  const {type} = header;
  const size = extended.size ?? header.size;
  const path = plainPath(extended.path ?? header.name, show);
  if (HEADER_ONLY.test(type)) {
    if (size !== 0) throw damaged(show, `has a member without content that has ${size} bytes`);
    yield {path, kind: type === '5' ? 'directory' : 'other', size: 0, content: nothing()};
    return;
  }
  if (!FILE.test(type)) throw damaged(show, `has a member of the type ${JSON.stringify(type)}`);
  // A name that ends in a slash is a folder in the oldest form.
  if ((extended.path ?? header.name).endsWith('/')) {
    if (size !== 0) throw damaged(show, 'has a folder with content');
    yield {path, kind: 'directory', size: 0, content: nothing()};
    return;
  }
  yield {path, kind: 'file', size, content: reader.content(size)};
  await reader.leave(size);
}

function extension(type: string, text: Buffer, show: string): Extended {
  if (type === 'K') return {};
  if (type === 'L') return {path: untilNul(text)};
  const records = paxRecords(text, show);
  for (const key of records.keys())
    if (key.startsWith('GNU.sparse.'))
      throw damaged(show, 'has a sparse file', 'pack it without holes (tar without --sparse)');
  const path = records.get('path');
  const size = records.get('size');
  if (path?.includes('\0') === true) throw damaged(show, 'has a name with a zero byte');
  if (size !== undefined && !(/^\d{1,16}$/.test(size) && Number.isSafeInteger(Number(size))))
    throw damaged(show, 'has a member without a readable size');
  return {...(path !== undefined && {path}), ...(size !== undefined && {size: Number(size)})};
}

/** What holds for all members that follow may not decide about their names and sizes: programs differ there. */
function checkGlobal(text: Buffer, {show, extended}: {readonly show: string; readonly extended: Extended}): Extended {
  for (const key of paxRecords(text, show).keys())
    if (/^(?:path|size|linkpath|GNU\.sparse\..*)$/.test(key)) throw damaged(show, `has a global header with ${key}`);
  return extended;
}

/** `LENGTH KEY=VALUE\n`, one behind the other. */
function paxRecords(text: Buffer, show: string): ReadonlyMap<string, string> {
  const records = new Map<string, string>();
  for (let at = 0; at < text.length;) {
    const blank = text.indexOf(0x20, at);
    const digits = blank < 0 || blank - at > 8 ? '' : text.toString('latin1', at, blank);
    const end = at + Number(digits);
    if (!/^[1-9]\d*$/.test(digits) || end > text.length || end <= blank + 1 || text[end - 1] !== 0x0a)
      throw damaged(show, 'has an extended header that cannot be read');
    const record = text.toString('utf8', blank + 1, end - 1);
    const equals = record.indexOf('=');
    if (equals < 1) throw damaged(show, 'has an extended header that cannot be read');
    const key = record.slice(0, equals);
    if (records.has(key)) throw damaged(show, `has an extended header that says ${key.slice(0, 40)} twice`);
    records.set(key, record.slice(equals + 1));
    at = end;
  }
  return records;
}

function plainPath(path: string, show: string): string {
  if (path.length > LONGEST_PATH) throw damaged(show, `has a name of ${path.length} characters`);
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) throw damaged(show, `has a member outside of it: ${JSON.stringify(path.slice(0, 100))}`);
  return parts.join('/');
}

/** Reads headers and contents, each of whole blocks of 512 bytes. */
class BlockReader {
  readonly #bytes: ByteReader;
  readonly #show: string;

  constructor(chunks: AsyncIterable<Uint8Array>, show: string) {
    this.#bytes = new ByteReader(chunks);
    this.#show = show;
  }

  /** The next header; undefined at the end: a block of zeros, or nothing more. */
  async header(): Promise<Header | undefined> {
    const block = await this.#bytes.some(BLOCK);
    if (block.length === 0) return undefined;
    if (block.length < BLOCK) throw this.#short();
    if (block.every((byte) => byte === 0)) return undefined;
    const sum = Number.parseInt(untilNul(block.subarray(148, 156)).trim(), 8);
    let found = 0;
    for (let at = 0; at < BLOCK; at += 1) found += at >= 148 && at < 156 ? 0x20 : (block[at] ?? 0);
    if (sum !== found) throw damaged(this.#show, 'has a header with a wrong checksum');
    const isUstar = block.toString('latin1', 257, 263) === 'ustar\0';
    const prefix = isUstar ? untilNul(block.subarray(345, 500)) : '';
    const name = untilNul(block.subarray(0, 100));
    return {
      type: block.toString('latin1', 156, 157),
      name: prefix === '' ? name : `${prefix}/${name}`,
      size: this.#size(block.subarray(124, 136)),
    };
  }

  /** Exactly that many bytes, and what fills up their last block. */
  async take(size: number): Promise<Buffer> {
    const bytes = await this.#bytes.some(size);
    if (bytes.length < size) throw this.#short();
    await this.#padding(size);
    return bytes;
  }

  content(size: number): AsyncGenerator<Uint8Array> {
    return this.#bytes.content(size, () => this.#short());
  }

  /** Goes behind a content of that size. */
  async leave(size: number): Promise<void> {
    await this.#bytes.skip(() => this.#short());
    await this.#padding(size);
  }

  async onlyZeros(): Promise<void> {
    for await (const part of this.#bytes.rest())
      if (!isZero(part)) throw damaged(this.#show, 'has something behind its end');
  }

  close(): Promise<void> {
    return this.#bytes.close();
  }

  async #padding(size: number): Promise<void> {
    const left = (BLOCK - (size % BLOCK)) % BLOCK;
    if ((await this.#bytes.some(left)).length < left) throw this.#short();
  }

  /** Octal digits, or, with the highest bit set, a binary number. */
  #size(field: Buffer): number {
    const size = ((field[0] ?? 0) & 0x80) === 0 ? octal(field) : binary(field);
    if (size === undefined) throw damaged(this.#show, 'has a member without a readable size');
    return size;
  }

  #short(): ImgmgrError {
    return damaged(this.#show, 'is cut off');
  }
}

/** A comparison with zeros takes a hundredth of the time of a look at each byte. */
function isZero(bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.length; at += ZEROS.length) {
    const part = bytes.subarray(at, at + ZEROS.length);
    if (!ZEROS.subarray(0, part.length).equals(part)) return false;
  }
  return true;
}

const ZEROS = Buffer.alloc(64 * 1024);

function octal(field: Buffer): number | undefined {
  const text = untilNul(field).trim();
  return /^[0-7]*$/.test(text) ? Number.parseInt(text === '' ? '0' : text, 8) : undefined;
}

function binary(field: Buffer): number | undefined {
  const high = field.subarray(0, 4).readUInt32BE() & 0x7fffffff;
  const value = field.readBigUInt64BE(4);
  return high === 0 && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : undefined;
}

function untilNul(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end < 0 ? bytes.length : end);
}

async function* nothing(): AsyncGenerator<Uint8Array> {
  // No content.
}

function damaged(show: string, what: string, hint = 'pack it anew with tar, and check its origin'): ImgmgrError {
  return new ImgmgrError('FORMAT_REFUSED', `${show} ${what}`, {hint});
}
