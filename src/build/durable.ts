import type {FileHandle} from 'node:fs/promises';
import {link, open, rename, rm} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import {hasCode} from './disk-error.ts';
import {temporaryName} from '../host/temporary.ts';

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

/** Puts the text in the place of the file in one step. */
export async function replaceText(path: string, text: string): Promise<void> {
  const aside = join(dirname(path), temporaryName());
  try {
    await writeDurably(aside, text);
    await rename(aside, path);
  } catch (error) {
    await rm(aside, {force: true});
    throw error;
  }
  await syncPath(dirname(path));
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

const OWN_FILE = 0o600;
const BLOCK = 256 * 1024;
const ZEROS = Buffer.alloc(BLOCK);

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
    if (!bytes.equals(ZEROS.subarray(0, bytesRead))) await writeAll(target, bytes, position);
    position += bytesRead;
  }
  // Holes at the end.
  await target.truncate(position);
}

async function writeAll(target: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  let written = 0;
  while (written < bytes.length) {
    const {bytesWritten} = await target.write(bytes, written, bytes.length - written, position + written);
    written += bytesWritten;
  }
}
