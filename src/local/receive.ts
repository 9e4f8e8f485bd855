import {createHash} from 'node:crypto';
import type {FileHandle} from 'node:fs/promises';
import {open} from 'node:fs/promises';
import {addAbortSignal} from 'node:stream';
import type {ByteUpload} from '../ports/image-store.ts';
import {inspectStart, RECOGNITION_REACH} from '../core/format/inspect.ts';
import {ImgmgrError} from '../errors.ts';
import {writeWhole} from '../host/durable.ts';
import {asStoreError} from './disk-error.ts';

/** What arrived; digests are lowercase hex. */
export interface Received {
  readonly size: number;
  /** Bytes of the disk inside; null where its format does not say. */
  readonly virtualSize: number | null;
  readonly md5: string;
  readonly sha512: string;
}

/**
 * Writes a stream into a new file in constant memory and makes it durable. The stream's own error is thrown as it is;
 * SOURCE_UNAVAILABLE when it broke off, INTERRUPTED by the signal, DISK_FULL and the like from the disk.
 */
export async function receiveBytes(upload: ByteUpload, path: string): Promise<Received> {
  const file = await open(path, 'wx+', 0o600);
  try {
    const received = await writeStream(upload, file, path);
    if (upload.size !== undefined && upload.size !== received.size)
      throw new ImgmgrError(
        'SOURCE_UNAVAILABLE',
        `${received.size} of ${upload.size} bytes arrived for image ${upload.id}`,
        {
          hint: 'the source broke off, or changed while it was read; run again',
        },
      );
    const virtualSize = await findVirtualSize(file, received.size);
    await onDisk(path, () => file.sync());
    return {...received, virtualSize};
  } finally {
    await file.close();
  }
}

async function writeStream(upload: ByteUpload, file: FileHandle, path: string) {
  const {bytes, signal} = upload;
  const md5 = createHash('md5');
  const sha512 = createHash('sha512');
  let size = 0;
  if (signal) addAbortSignal(signal, bytes);
  for await (const chunk of chunksOf(upload)) {
    await onDisk(path, () => writeWhole(file, chunk));
    md5.update(chunk);
    sha512.update(chunk);
    size += chunk.length;
  }
  return {size, md5: md5.digest('hex'), sha512: sha512.digest('hex')};
}

async function* chunksOf({bytes, signal, id}: ByteUpload): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of bytes) yield chunk as Buffer;
  } catch (error) {
    if (error instanceof ImgmgrError) throw error;
    if (signal?.aborted === true)
      throw new ImgmgrError('INTERRUPTED', `the upload of image ${id} was stopped`, {cause: error});
    throw new ImgmgrError('SOURCE_UNAVAILABLE', `the bytes of image ${id} broke off: ${String(error)}`, {
      cause: error,
      hint: 'run again',
    });
  }
}

async function findVirtualSize(file: FileHandle, size: number): Promise<number | null> {
  for (let reach = RECOGNITION_REACH; ;) {
    const length = Math.min(reach, size);
    const {buffer} = await file.read(Buffer.alloc(length), 0, length, 0);
    const {virtualSize, needed, format} = inspectStart(buffer, length === size);
    if (virtualSize !== undefined) return virtualSize;
    if (format === 'raw') return size;
    if (needed === undefined || length === size) return null;
    reach = needed;
  }
}

async function onDisk<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw asStoreError(error, path);
  }
}
