import type {Stats} from 'node:fs';
import {closeSync, constants, fstatSync, openSync, readFileSync} from 'node:fs';
import type {FileHandle} from 'node:fs/promises';
import {open} from 'node:fs/promises';
import {hasCode} from './fs-error.ts';

/** What a file must be to be read. */
export interface ReadLimits {
  /** Most bytes that it may have. */
  readonly maxBytes: number;
  /** False: a link as the last part of the path is refused. Default true. */
  readonly follow?: boolean;
}

/** A path that leads to something else than a readable regular file; the message begins with `is`, without the path. */
export class IrregularFileError extends Error {
  readonly code = 'IRREGULAR';
}

/**
 * The bytes of a regular file. Never waits for a writer, as a FIFO would make it, and never reads more than the limit:
 * IrregularFileError for what is no regular file or too large; otherwise what the file system says.
 */
export async function readRegularFile(path: string, {maxBytes, follow = true}: ReadLimits): Promise<Buffer> {
  const file = await openRegular(path, follow);
  try {
    const bytes = Buffer.alloc(Math.min((await file.stat()).size, maxBytes) + 1);
    let length = 0;
    for (;;) {
      const {bytesRead} = await file.read(bytes, length, bytes.length - length);
      length += bytesRead;
      if (bytesRead === 0) return bytes.subarray(0, length);
      if (length > maxBytes) throw new IrregularFileError(`is larger than ${maxBytes} bytes`);
      // It grew while it was read.
      if (length === bytes.length) return Buffer.concat([bytes, await readRest(file, maxBytes - length)]);
    }
  } finally {
    await file.close();
  }
}

async function openRegular(path: string, follow: boolean): Promise<FileHandle> {
  const flags = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY | (follow ? 0 : constants.O_NOFOLLOW);
  let file: FileHandle;
  try {
    file = await open(path, flags);
  } catch (error) {
    // A socket; or a link that may not be followed.
    if (hasCode(error, 'ENXIO')) throw new IrregularFileError('is a socket, not a regular file');
    if (hasCode(error, 'ELOOP') && !follow) throw new IrregularFileError('is a symbolic link, not a regular file');
    throw error;
  }
  try {
    const stats = await file.stat();
    if (!stats.isFile()) throw new IrregularFileError(`is ${kindOf(stats)}, not a regular file`);
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function readRest(file: FileHandle, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for (;;) {
    const chunk = Buffer.alloc(64 * 1024);
    const {bytesRead} = await file.read(chunk, 0, chunk.length);
    if (bytesRead === 0) return Buffer.concat(chunks);
    length += bytesRead;
    if (length > maxBytes) throw new IrregularFileError('grows while it is read');
    chunks.push(chunk.subarray(0, bytesRead));
  }
}

function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return 'a folder';
  if (stats.isFIFO()) return 'a FIFO';
  if (stats.isCharacterDevice() || stats.isBlockDevice()) return 'a device';
  return 'something else';
}

/** As {@link readRegularFile}, for what is read before anything else can go on. */
export function readRegularFileSync(path: string, {maxBytes}: Pick<ReadLimits, 'maxBytes'>): Buffer {
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  try {
    const stats = fstatSync(file);
    if (!stats.isFile()) throw new IrregularFileError(`is ${kindOf(stats)}, not a regular file`);
    if (stats.size > maxBytes) throw new IrregularFileError(`is larger than ${maxBytes} bytes`);
    return readFileSync(file);
  } finally {
    closeSync(file);
  }
}

/** How a sentence about a file that could not be read goes on: `is a FIFO, not a regular file`, else `cannot be read`. */
export function unreadable(error: unknown): string {
  return error instanceof IrregularFileError ? error.message : 'cannot be read';
}
