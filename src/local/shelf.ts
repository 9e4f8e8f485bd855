import {mkdir, readdir, readFile, rename, rm} from 'node:fs/promises';
import {join} from 'node:path';
import type {ByteUpload} from '../ports/image-store.ts';
import type {Image} from '../core/image/image.ts';
import {ImgmgrError} from '../errors.ts';
import {replaceFile, syncPath, writeDurably} from '../host/durable.ts';
import {freeBytes} from '../host/free-bytes.ts';
import {hasCode, ifThere} from '../host/fs-error.ts';
import {Folders} from './folders.ts';
import {isLocked, lockHolder, tryLock, withLock} from './lock.ts';
import type {Received} from './receive.ts';
import {receiveBytes} from './receive.ts';
import type {ImageRecord} from './record.ts';
import {formatRecord, parseRecord} from './record.ts';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** How many records are read at the same time. */
const READERS = 32;

/**
 * The images in a folder. Readers never wait: they see a record before or after a change, never half of it. Writers of the
 * same image take turns. A killed process leaves nothing that a reader sees; the next writing one sweeps the rest away.
 */
export class Shelf {
  readonly root: string;
  readonly #folders: Folders;

  constructor(root: string) {
    this.root = root;
    this.#folders = new Folders(root);
  }

  /** All images, as {@link look} sees them. */
  async all(): Promise<readonly Image[]> {
    await this.#folders.trust();
    const ids = ((await ifThere(readdir(this.#folders.images))) ?? []).filter(isImageId);
    const found: Image[] = [];
    for (let from = 0; from < ids.length; from += READERS) {
      const images = await Promise.all(ids.slice(from, from + READERS).map((id) => this.look(id)));
      for (const image of images) if (image) found.push(image);
    }
    return found;
  }

  /** The image as others see it: `saving` while a living process uploads, though the disk says `queued` until the end. */
  async look(id: string): Promise<Image | undefined> {
    const record = await this.#read(id);
    return record && this.#asSeen(record);
  }

  /** The record on disk; NOT_FOUND when there is none. */
  async demand(id: string): Promise<ImageRecord> {
    const record = await this.#read(id);
    if (record) return record;
    throw new ImgmgrError('NOT_FOUND', `there is no image ${id} in ${this.#folders.images}`, {
      hint: 'it may have been deleted a moment ago; run again',
    });
  }

  /** Puts a new image in its place, whole; CONFLICT when its id is taken. */
  async add(record: ImageRecord): Promise<void> {
    const {id} = record.image;
    await this.#folders.prepare();
    const aside = this.#folders.asidePath();
    try {
      await mkdir(aside, {mode: 0o700});
      await writeDurably(join(aside, 'image.json'), formatRecord(record));
      await syncPath(aside);
      await rename(aside, this.#folders.image(id));
    } catch (error) {
      await rm(aside, {recursive: true, force: true});
      if (!hasCode(error, 'ENOTEMPTY', 'EEXIST')) throw error;
      throw new ImgmgrError('CONFLICT', `the id ${id} is taken by another image`, {
        place: this.#folders.image(id),
        hint: 'choose another id, or none',
      });
    }
    await syncPath(this.#folders.images);
  }

  /** Reads, changes and writes a record while nobody else does; NOT_FOUND when there is none. */
  async change(id: string, change: (record: ImageRecord) => ImageRecord): Promise<Image> {
    // Without this look, a change of nothing would make folders.
    await this.demand(id);
    await this.#folders.prepare();
    const changed = await withLock(this.#folders, id, async () => this.#write(change(await this.demand(id))));
    return this.#asSeen(changed);
  }

  /** Takes an image away, in one step for all readers, unless the check throws; nothing to do when it is gone. */
  async remove(id: string, check: (record: ImageRecord) => void): Promise<void> {
    if ((await this.#read(id)) === undefined) return;
    await this.#folders.prepare();
    const aside = this.#folders.asidePath();
    await withLock(this.#folders, id, async () => {
      const record = await this.#read(id);
      if (!record) return;
      check(record);
      await rename(this.#folders.image(id), aside);
    });
    await syncPath(this.#folders.images);
    await rm(aside, {recursive: true, force: true});
  }

  /**
   * Brings bytes in beside, then bytes and changed record in. CONFLICT while another process uploads to the image,
   * IMAGE_GONE when it was deleted in between; however it fails, the record stays as it was.
   */
  async receive(
    request: ByteUpload,
    complete: (record: ImageRecord, received: Received) => ImageRecord,
  ): Promise<void> {
    const {id} = request;
    await this.#folders.prepare();
    const lock = await tryLock(this.#folders, uploadLock(id));
    if (!lock)
      throw new ImgmgrError('CONFLICT', `image ${id} is being uploaded by another process`, {
        hint: `wait for ${await lockHolder(this.#folders, uploadLock(id))}, then run again`,
      });
    const aside = this.#folders.asidePath();
    try {
      const received = await receiveBytes(request, aside);
      await withLock(this.#folders, id, async () => {
        const record = complete(await this.#demandStill(id), received);
        // Bytes first: bytes beside a record that does not speak of them mean nothing to anybody.
        await rename(aside, this.#folders.bytes(id));
        await this.#write(record);
      });
    } finally {
      await rm(aside, {force: true});
      await lock.release();
    }
  }

  /** The file of an image's bytes, where it has any. */
  bytesOf(id: string): string {
    return this.#folders.bytes(id);
  }

  /** Bytes that still fit on the disk that holds, or will hold, the folder. */
  freeBytes(): Promise<number> {
    return freeBytes(this.root);
  }

  async #asSeen({image}: ImageRecord): Promise<Image> {
    if (image.status !== 'queued' || !(await isLocked(this.#folders, uploadLock(image.id)))) return image;
    return {...image, status: 'saving'};
  }

  async #read(id: string): Promise<ImageRecord | undefined> {
    if (!isImageId(id)) return undefined;
    await this.#folders.trust();
    const file = this.#folders.record(id);
    const text = await ifThere(readFile(file, 'utf8'));
    return text === undefined ? this.#readNothing(id, file) : parseRecord(text, {id, file});
  }

  /** A folder without a record was emptied by hand; with the folder gone, the image is gone. */
  async #readNothing(id: string, file: string): Promise<undefined> {
    const left = (await ifThere(readdir(this.#folders.image(id)))) ?? [];
    if (left.length === 0 || left.includes('image.json')) return undefined;
    throw new ImgmgrError('PROTOCOL', `${file} is missing, though its folder holds ${left.join(', ')}`, {
      place: file,
      hint: 'it was removed by hand: delete the whole folder',
    });
  }

  async #demandStill(id: string): Promise<ImageRecord> {
    const record = await this.#read(id);
    if (record) return record;
    throw new ImgmgrError('IMAGE_GONE', `image ${id} was deleted while its bytes were uploaded`, {
      hint: 'find out who deletes it, then run again',
    });
  }

  async #write(record: ImageRecord): Promise<ImageRecord> {
    const path = this.#folders.record(record.image.id);
    await replaceFile({path, aside: this.#folders.asidePath(), text: formatRecord(record)});
    return record;
  }
}

/** True for a UUID, the only names that images may have; so no id leads out of the folder. */
export function isImageId(id: string): boolean {
  return UUID.test(id);
}

function uploadLock(id: string): string {
  return `${id}.upload`;
}
