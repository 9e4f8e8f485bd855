import type {FileHandle} from 'node:fs/promises';
import {link, open, rename, rm} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import {hasCode} from './fs-error.ts';
import {temporaryName} from './temporary.ts';

/** Puts the text in the place of a file in one step that survives a power cut. `aside`: where it is written first, on the same file system. */
export async function replaceFile({
  path,
  text,
  aside = join(dirname(path), temporaryName()),
}: {
  readonly path: string;
  readonly text: string;
  readonly aside?: string;
}): Promise<void> {
  try {
    await writeDurably(aside, text);
    await rename(aside, path);
  } catch (error) {
    await rm(aside, {force: true});
    throw error;
  }
  await syncPath(dirname(path));
}

/** Writes a new file, readable for its owner alone, that survives a power cut. */
export async function writeDurably(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', OWN_FILE);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes a file's bytes, or the renames within a folder, survive a power cut. */
export async function syncPath(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes the file be at `to` as well, surviving a power cut: the same bytes where the file system allows, else a copy with its holes. */
export async function bringFile(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    // Another device, or a file system without hard links.
    if (!hasCode(error, 'EXDEV', 'EPERM', 'EMLINK', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS')) throw error;
    await copyWithHoles(from, to);
    return;
  }
  await syncPath(to);
}

async function copyWithHoles(from: string, to: string): Promise<void> {
  const source = await open(from, 'r');
  try {
    const target = await open(to, 'wx', OWN_FILE);
    try {
      await copyBlocks(source, target);
      await target.sync();
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}

/** A raw disk is mostly holes; a plain copy would write them out. */
async function copyBlocks(source: FileHandle, target: FileHandle): Promise<void> {
  const block = Buffer.alloc(BLOCK);
  let position = 0;
  for (;;) {
    const {bytesRead} = await source.read(block, 0, BLOCK, position);
    if (bytesRead === 0) break;
    const bytes = block.subarray(0, bytesRead);
    if (!isZero(bytes)) await writeWhole(target, bytes, position);
    position += bytesRead;
  }
  // Holes at the end.
  await target.truncate(position);
}

/**
 * Writes all of the bytes, at the position or where the file stands. A disk that is nearly full takes a part of a block without an error,
 * and says so only at the next one.
 */
export async function writeWhole(file: FileHandle, bytes: Uint8Array, position?: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const at = position === undefined ? null : position + done;
    const {bytesWritten} = await file.write(bytes, done, bytes.length - done, at);
    done += bytesWritten;
  }
}

/** True for bytes that may be a hole in a file: only zeros, and at most 256 KiB. */
export function isZero(bytes: Uint8Array): boolean {
  return bytes.length <= BLOCK && ZEROS.subarray(0, bytes.length).equals(bytes);
}

const OWN_FILE = 0o600;
const BLOCK = 256 * 1024;
const ZEROS = Buffer.alloc(BLOCK);
