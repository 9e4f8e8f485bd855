import {readdir} from 'node:fs/promises';
import {join} from 'node:path';
import {removeEmpty, sweepHolders} from '../host/lock.ts';
import {requireTrustedOwners} from '../host/trusted-folder.ts';
import {closeToWriters, makePrivateFolder} from '../host/private-folder.ts';
import {holderName} from '../host/process.ts';

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

  /** Throws UntrustedFolderError where the store is another user's, whose images are none of ours; nothing to say where there is none. */
  async trust(): Promise<void> {
    this.#trusted ??= requireTrustedOwners([this.root, this.images]);
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
    return join(this.aside, holderName());
  }

  async #makeAndSweep(): Promise<void> {
    await this.trust();
    for (const folder of [this.images, this.aside, this.locks]) await makePrivateFolder(folder);
    // The root may be a folder that the operator shares; but nobody else may exchange those in it.
    await closeToWriters(this.root);
    await sweepHolders({folder: this.aside});
    for (const name of await readdir(this.locks)) {
      const lock = join(this.locks, name);
      await sweepHolders({folder: lock, aside: this.aside});
      await removeEmpty(lock);
    }
  }
}
