import {randomUUID} from 'node:crypto';
import {createReadStream} from 'node:fs';
import {stat} from 'node:fs/promises';
import {userInfo} from 'node:os';
import type {
  Account,
  ByteUpload,
  ImageQuota,
  ImageStore,
  ImportState,
  StoredBytes,
  StoreOffer,
} from '../ports/image-store.ts';
import type {Image, ImagePatch, NewImage} from '../core/image/image.ts';
import {ImgmgrError} from '../errors.ts';
import {ifThere} from '../host/fs-error.ts';
import {asStoreError} from './disk-error.ts';
import type {ImageRecord} from './record.ts';
import {completeRecord, newRecord, patchRecord, PROJECT, setStatus, STORE} from './record.ts';
import {isImageId, Shelf} from './shelf.ts';

/** Fewer, larger pieces: each costs a round through the loop. */
const READ_BYTES = 128 * 1024;

/**
 * A folder as image store, with Glance's behaviour; bytes arrive by upload only. Unlike Glance it hands the id of a deleted
 * image out again. Errors of the disk are DISK_FULL, FORBIDDEN, CONFIG or UNAVAILABLE with the path; PROTOCOL names a
 * record that was broken by hand.
 */
export class LocalImageStore implements ImageStore {
  readonly cloud = 'local';
  readonly #shelf: Shelf;

  constructor(dir: string) {
    this.#shelf = new Shelf(dir);
  }

  account(): Promise<Account> {
    return Promise.resolve({projectId: PROJECT, projectName: PROJECT, userName: userName(), roles: ['admin']});
  }

  now(): Date {
    return new Date();
  }

  listTagged(tag: string): Promise<readonly Image[]> {
    return this.#list(({tags}) => tags.includes(tag));
  }

  listNamed(names: readonly string[]): Promise<readonly Image[]> {
    return this.#list(({name}) => name !== null && names.includes(name));
  }

  async *listOffered(): AsyncGenerator<readonly Image[]> {
    yield await this.#list(({visibility, osHidden}) => ['public', 'community'].includes(visibility) && !osHidden);
  }

  get(id: string): Promise<Image | undefined> {
    return this.#onDisk(() => this.#shelf.look(id));
  }

  create(image: NewImage): Promise<Image> {
    return this.#onDisk(async () => {
      const id = image.id ?? randomUUID();
      if (!isImageId(id))
        throw new ImgmgrError('CLOUD_REFUSED', `'${id}' is no image id`, {hint: 'an id is a UUID; or leave it out'});
      const record = newRecord(image, id, this.now());
      await this.#shelf.add(record);
      return record.image;
    });
  }

  update(live: Image, patch: ImagePatch): Promise<Image> {
    return this.#onDisk(() => this.#shelf.change(live.id, (record) => patchRecord(record, patch, this.now())));
  }

  delete(id: string): Promise<void> {
    return this.#onDisk(() => this.#shelf.remove(id, requireUnprotected));
  }

  async setActive(id: string, active: boolean): Promise<void> {
    const status = active ? 'active' : 'deactivated';
    await this.#onDisk(() => this.#shelf.change(id, (record) => setStatus(record, status, this.now())));
  }

  offer(): Promise<StoreOffer> {
    return Promise.resolve({methods: ['upload'], copyImage: false, stores: [{id: STORE, isDefault: true}]});
  }

  quota(): Promise<ImageQuota> {
    return this.#onDisk(async () => ({bytesLeft: await this.#shelf.freeBytes(), disk: this.#shelf.root}));
  }

  mayPublish(): Promise<boolean> {
    return Promise.resolve(true);
  }

  mayImport(): Promise<boolean> {
    return Promise.resolve(false);
  }

  importFromUrl(): Promise<void> {
    return Promise.reject(unsupported('web-download'));
  }

  stage(): Promise<void> {
    return Promise.reject(unsupported('glance-direct'));
  }

  importStaged(): Promise<void> {
    return Promise.reject(unsupported('glance-direct'));
  }

  copyToStores(): Promise<void> {
    return Promise.reject(unsupported('copy-image'));
  }

  upload(request: ByteUpload & {readonly store?: string}): Promise<void> {
    return this.#onDisk(async () => {
      try {
        requireStore(request.store);
        requireEmpty(await this.#shelf.demand(request.id));
        await this.#shelf.receive(request, (record, received) =>
          completeRecord(requireEmpty(record), received, this.now()),
        );
      } finally {
        request.bytes.destroy();
      }
    });
  }

  hasBytes(id: string): Promise<boolean> {
    return this.#onDisk(async () => {
      const found = await ifThere(stat(this.#shelf.bytesOf(id)));
      return found !== undefined && found.size > 0;
    });
  }

  download(id: string): Promise<StoredBytes> {
    return this.#onDisk(async () => {
      const {image} = await this.#shelf.demand(id);
      if (image.status !== 'active')
        throw new ImgmgrError('NOT_FOUND', `image ${id} has no bytes to be read: it is ${image.status}`);
      const bytes = createReadStream(this.#shelf.bytesOf(id), {highWaterMark: READ_BYTES});
      return {bytes, ...(image.size !== null && {size: image.size})};
    });
  }

  importState(id: string, stores: readonly string[]): Promise<ImportState> {
    return this.#onDisk(async () => {
      const image = await this.#shelf.look(id);
      if (!image) return {kind: 'gone'};
      if (image.status === 'saving') return {kind: 'running', image};
      const failedStores = stores.filter((store) => !image.stores.includes(store));
      if (image.status === 'queued')
        return {kind: 'failed', image, reason: 'no bytes arrived and nobody is uploading any', failedStores};
      if (failedStores.length === 0) return {kind: 'done', image};
      return {kind: 'failed', image, reason: `the local cloud has no store ${failedStores.join(', ')}`, failedStores};
    });
  }

  share(): Promise<void> {
    return Promise.reject(unlendable());
  }

  accept(): Promise<void> {
    return Promise.reject(unlendable());
  }

  unshare(): Promise<void> {
    return Promise.reject(unlendable());
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #list(wanted: (image: Image) => boolean): Promise<readonly Image[]> {
    return this.#onDisk(async () => (await this.#shelf.all()).filter(wanted));
  }

  async #onDisk<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw asStoreError(error, this.#shelf.root);
    }
  }
}

function requireUnprotected({image}: ImageRecord): void {
  if (image.protected)
    throw new ImgmgrError('FORBIDDEN', `image ${image.id} is protected and cannot be deleted`, {
      place: `image ${image.id}`,
      hint: 'lift its protection first',
    });
}

function requireStore(store: string | undefined): void {
  if (store !== undefined && store !== STORE)
    throw new ImgmgrError('CLOUD_REFUSED', `the local cloud has no store '${store}'`, {
      hint: `its only store is '${STORE}'`,
    });
}

function requireEmpty(record: ImageRecord): ImageRecord {
  const {id, status, diskFormat} = record.image;
  if (status !== 'queued')
    throw new ImgmgrError('CONFLICT', `image ${id} is ${status}, its bytes cannot be replaced`, {
      hint: 'make a new image',
    });
  if (diskFormat === null)
    throw new ImgmgrError('CLOUD_REFUSED', `image ${id} has no disk_format, so it cannot take bytes`, {
      hint: 'create it with a disk format',
    });
  return record;
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}

function unsupported(method: string): ImgmgrError {
  return new ImgmgrError('UNSUPPORTED', `the local cloud does not offer ${method}`, {hint: 'use --method upload'});
}

function unlendable(): ImgmgrError {
  return new ImgmgrError(
    'UNSUPPORTED',
    'the local cloud has one project only, so an image cannot be shared with another',
    {
      hint: 'leave --verify-cloud out: the local cloud boots its images itself',
    },
  );
}
