import {Readable} from 'node:stream';
import type {ImageStore} from '../../../src/ports/image-store.ts';

export const NEW_ID = '11111111-1111-4111-8111-111111111111';
export const OLD_ID = '22222222-2222-4222-8222-222222222222';
const DISK = Buffer.alloc(200_000, 'disk');

/** A run in small: make the new image, upload, publish, delete the old one. Goes on wherever it was left. */
export async function rotate(store: ImageStore): Promise<void> {
  let image =
    (await store.get(NEW_ID)) ??
    (await store.create({id: NEW_ID, name: 'new', osHidden: true, diskFormat: 'raw', tags: ['t'], properties: {}}));
  if (image.status === 'queued') await store.upload({id: NEW_ID, bytes: Readable.from([DISK])});
  image = (await store.get(NEW_ID)) ?? image;
  if (image.osHidden) await store.update(image, {name: 'Debian 12', visibility: 'public', osHidden: false});
  await store.delete(OLD_ID);
}

/** The image that {@link rotate} replaces. */
export async function makeOld(store: ImageStore): Promise<void> {
  await store.create({id: OLD_ID, name: 'Debian 12', osHidden: false, diskFormat: 'raw', tags: ['t'], properties: {}});
  await store.upload({id: OLD_ID, bytes: Readable.from([DISK])});
}
