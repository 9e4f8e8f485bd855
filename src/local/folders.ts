import {randomUUID} from 'node:crypto';
import {open, readdir, rename, rm, rmdir, stat, unlink} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import {fileSystemNow} from '../host/file-clock.ts';
import {requireTrustedOwner} from '../host/place.ts';
import {closeToWriters, makePrivateFolder} from '../host/private-folder.ts';
import {hasCode} from './disk-error.ts';
import {isHolderGone, isUnseen, ownHolder} from './holder.ts';

/**
 * The folders of a local store: `images/<uuid>/{image.json,data}` is all that anybody sees, `aside/` holds what is being
 * made or removed, `locks/` who changes what. Whatever is visible got there by one rename.
 */
export class Folders {
  readonly root: string;
  readonly images: string;
  readonly locks: string;
  readonly aside: string;
  #prepared: Promise<void> | undefined;
  #trusted: Promise<void> | undefined;

  constructor(root: string) {
    this.root = root;
    this.images = join(root, 'images');
    this.locks = join(root, 'locks');
    this.aside = join(root, 'aside');
  }

  /** Makes the folders and sweeps what dead processes left, once; every write begins here, no read does. */
  async prepare(): Promise<void> {
    this.#prepared ??= this.#makeAndSweep();
    try {
      await this.#prepared;
    } catch (error) {
      this.#prepared = undefined;
      throw error;
    }
  }

  /** Throws ForeignPlaceError where the store is another user's, whose images are none of ours; nothing to say where there is none. */
  async trust(): Promise<void> {
    this.#trusted ??= trustAll([this.root, this.images]);
    try {
      await this.#trusted;
    } catch (error) {
      this.#trusted = undefined;
      throw error;
    }
  }

  image(id: string): string {
    return join(this.images, id);
  }

  record(id: string): string {
    return join(this.images, id, 'image.json');
  }

  bytes(id: string): string {
    return join(this.images, id, 'data');
  }

  /** A path in `aside/` that nobody else uses; nothing is there yet. */
  asidePath(): string {
    return join(this.aside, `${ownHolder()}.${randomUUID()}`);
  }

  async #makeAndSweep(): Promise<void> {
    await this.trust();
    for (const folder of [this.images, this.aside, this.locks]) await makePrivateFolder(folder);
    // The root may be a folder that the operator shares; but nobody else may exchange those in it.
    await closeToWriters(this.root);
    await sweep(this.aside, this.aside);
    for (const lock of await readdir(this.locks)) {
      await sweep(join(this.locks, lock), this.aside);
      await removeEmpty(join(this.locks, lock));
    }
  }
}

async function trustAll(folders: readonly string[]): Promise<void> {
  for (const folder of folders)
    try {
      await requireTrustedOwner(folder);
    } catch (error) {
      if (!hasCode(error, 'ENOENT')) throw error;
    }
}

/** Writes a whole file beside, makes it durable, and puts it in its place in one step. */
export async function replaceFile(request: {
  readonly path: string;
  readonly aside: string;
  readonly text: string;
}): Promise<void> {
  const {path, aside, text} = request;
  try {
    await writeDurably(aside, text);
    await rename(aside, path);
  } catch (error) {
    await rm(aside, {force: true});
    throw error;
  }
  await syncFolder(dirname(path));
}

/** Writes a new file that survives a power cut. */
export async function writeDurably(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes renames within the folder survive a power cut. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Removes the folder if nothing is in it. */
export async function removeEmpty(path: string): Promise<void> {
  try {
    await rmdir(path);
  } catch (error) {
    if (!hasCode(error, 'ENOTEMPTY', 'EEXIST', 'ENOENT', 'ENOTDIR', 'EACCES', 'EPERM')) throw error;
  }
}

/** Removes the entries of processes that are gone; another user's are left to that user. `aside`: where the file system is asked for its time. */
async function sweep(folder: string, aside: string): Promise<void> {
  for (const name of await entries(folder)) {
    const path = join(folder, name);
    try {
      const {mtimeMs} = await stat(path);
      const nowMs = isUnseen(name) ? await fileSystemNow(aside) : Date.now();
      if (isHolderGone(name, mtimeMs, nowMs)) await rm(path, {recursive: true, force: true});
    } catch (error) {
      if (!hasCode(error, 'ENOENT', 'EACCES', 'EPERM', 'ENOTEMPTY')) throw error;
    }
  }
}

/** The names in a folder; none when it is not there. */
export async function entries(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return [];
    throw error;
  }
}

/** Removes a file that may be gone already. */
export async function unlinkIfThere(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error;
  }
}
