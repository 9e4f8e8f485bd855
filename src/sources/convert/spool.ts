import {open} from 'node:fs/promises';
import {isZero, writeWhole} from '../../host/durable.ts';
import type {Room} from './room.ts';
import {asRoomError} from './room.ts';

/** Writes a stream into a new file, leaving holes where it has only zeros; the stream's own errors are thrown as they are. */
export async function spool(
  bytes: AsyncIterable<Uint8Array>,
  {path, room, onBytes}: {readonly path: string; readonly room: Room; readonly onBytes: (bytes: number) => void},
): Promise<void> {
  const file = await onDisk(room, () => open(path, 'wx', 0o600));
  try {
    let size = 0;
    for await (const chunk of bytes) {
      const at = size;
      if (!isZero(chunk)) await onDisk(room, () => writeWhole(file, chunk, at));
      size += chunk.length;
      onBytes(size);
    }
    const length = size;
    await onDisk(room, () => file.truncate(length));
  } finally {
    await file.close();
  }
}

/** Reads a stream to its end and keeps nothing of it. */
export async function drain(bytes: AsyncIterable<Uint8Array>, onBytes: (bytes: number) => void): Promise<void> {
  let size = 0;
  for await (const chunk of bytes) onBytes((size += chunk.length));
}

async function onDisk<T>(room: Room, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw asRoomError(error, room);
  }
}
