import {createHash, randomUUID} from 'node:crypto';
import {Readable} from 'node:stream';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import type {ImageStore} from '../../../src/ports/image-store.ts';
import type {Image, NewImage} from '../../../src/core/image/image.ts';
import type {ErrorCode} from '../../../src/errors.ts';
import {ImgmgrError} from '../../../src/errors.ts';

/** A store to be held to the contract. */
export interface StoreUnderTest {
  /** A store in which this run may make images, publish them included. */
  readonly store: ImageStore;
  /** A second connection to the same images, as another run would have. */
  readonly other: ImageStore;
  close(): Promise<void>;
}

const MISSING = '00000000-0000-4000-8000-000000000000';
const DISK = Buffer.alloc(100_000, 'imgmgr');

/** The rules that every image store keeps, whatever it is made of. */
export function describeImageStore(name: string, open: () => Promise<StoreUnderTest>): void {
  let subject: StoreUnderTest;
  let store: ImageStore;
  let other: ImageStore;
  beforeEach(async () => {
    subject = await open();
    ({store, other} = subject);
  });
  afterEach(async () => {
    await subject.close();
  });

  async function created(change: Partial<NewImage> = {}): Promise<Image> {
    return store.create({...newImage(), ...change});
  }

  async function active(change: Partial<NewImage> = {}): Promise<Image> {
    const {id} = await created(change);
    await store.upload({id, bytes: Readable.from([DISK]), size: DISK.length});
    return seen(store, id);
  }

  describe(`${name} keeps the contract of an image store`, () => {
    it('tells who we are, with a project', async () => {
      const account = await store.account();
      expect(account.projectId).not.toBe('');
      expect(account.userName).not.toBe('');
    });

    it('has a clock that agrees with the records it makes, to the second', async () => {
      const before = store.now().getTime();
      const {createdAt} = await created();
      expect(Math.abs(Date.parse(createdAt) - before)).toBeLessThan(60_000);
    });

    it('creates a private, queued record of ours with everything that was given', async () => {
      const image = await created({osHidden: true, minDisk: 3, minRam: 512});
      const {projectId} = await store.account();
      expect(await seen(other, image.id)).toMatchObject({
        name: 'Contract 1',
        status: 'queued',
        visibility: 'private',
        osHidden: true,
        protected: false,
        owner: projectId,
        minDisk: 3,
        minRam: 512,
        diskFormat: 'raw',
        containerFormat: 'bare',
        stores: [],
        properties: {imgmgr_definition: 'Contract', os_distro: 'debian'},
      });
      expect(image.tags).toContain('managed_by_imgmgr');
    });

    it('answers a create with what a look then shows', async () => {
      const image = await created();
      expect(await seen(store, image.id)).toEqual(image);
    });

    it('takes the id that was demanded', async () => {
      const id = randomUUID();
      expect((await created({id})).id).toBe(id);
    });

    it('refuses an id that is taken, and leaves its owner alone', async () => {
      const first = await created();
      await refused('CONFLICT', () => created({id: first.id, name: 'Thief'}));
      expect(await seen(store, first.id)).toEqual(first);
    });

    it('refuses an id that is no UUID', async () => {
      await refused('CLOUD_REFUSED', () => created({id: '../elsewhere'}));
    });

    it('refuses a name of more than 255 characters', async () => {
      await refused('CLOUD_REFUSED', () => created({name: 'x'.repeat(256)}));
    });

    it('keeps text as it is: quotes, blanks, umlauts, line breaks', async () => {
      const odd = 'a "quoted", büsy\nname \\ {}';
      const {id} = await created({name: 'Ä "b", c', properties: {image_description: odd}});
      expect(await seen(other, id)).toMatchObject({name: 'Ä "b", c', properties: {image_description: odd}});
    });

    it('knows no image under an unknown id', async () => {
      expect(await store.get(MISSING)).toBeUndefined();
    });

    it('lists by tag, shown and hidden images alike, and only those', async () => {
      const shown = await created();
      const hidden = await created({osHidden: true});
      await created({tags: ['something_else']});
      expect(ids(await other.listTagged('managed_by_imgmgr'))).toEqual([shown.id, hidden.id].sort());
    });

    it('lists by exact name, hidden images too, several of one name', async () => {
      const a = await created({name: 'Debian 12'});
      const b = await created({name: 'Debian 12', osHidden: true});
      const c = await created({name: 'Quote " and, comma'});
      await created({name: 'Debian 1'});
      expect(ids(await other.listNamed(['Debian 12', 'Quote " and, comma']))).toEqual([a.id, b.id, c.id].sort());
    });

    it('lists what users are offered: public and community images that are not hidden', async () => {
      const shown = await active();
      await store.update(shown, {visibility: 'public'});
      const community = await active();
      await store.update(community, {visibility: 'community'});
      const hidden = await active();
      await store.update(hidden, {visibility: 'public', osHidden: true});
      await active();
      const offered: string[] = [];
      for await (const page of other.listOffered()) offered.push(...page.map(({id}) => id));
      expect(offered.sort()).toEqual([shown.id, community.id].sort());
    });

    it('lists nothing for no names', async () => {
      await created();
      expect(await store.listNamed([])).toEqual([]);
    });

    it('changes only what a patch names', async () => {
      const live = await active();
      await store.update(live, {
        name: 'Debian 12',
        osHidden: true,
        minDisk: 7,
        set: {os_distro: 'ubuntu', added: 'yes'},
        remove: ['imgmgr_definition'],
      });
      const after = await seen(other, live.id);
      expect(after).toEqual({
        ...live,
        name: 'Debian 12',
        osHidden: true,
        minDisk: 7,
        properties: {...after.properties, os_distro: 'ubuntu', added: 'yes'},
        updatedAt: after.updatedAt,
      });
      expect(after.properties).not.toHaveProperty('imgmgr_definition');
    });

    it('answers a patch with what a look then shows', async () => {
      const live = await active();
      const answer = await store.update(live, {name: 'Renamed', set: {a: 'b'}});
      expect(await seen(store, live.id)).toEqual(answer);
    });

    it('replaces the whole list of tags', async () => {
      const live = await active();
      await store.update(live, {tags: ['managed_by_imgmgr', 'os:debian']});
      expect([...(await seen(other, live.id)).tags].sort()).toEqual(['managed_by_imgmgr', 'os:debian']);
    });

    it('publishes name, visibility, hidden and tags in one patch', async () => {
      const live = await active({osHidden: true});
      await store.update(live, {
        name: 'Debian 12',
        visibility: 'public',
        osHidden: false,
        tags: ['managed_by_imgmgr', 'lb'],
      });
      const after = await seen(other, live.id);
      expect(after).toMatchObject({name: 'Debian 12', visibility: 'public', osHidden: false});
      expect(after.tags).toContain('lb');
    });

    it('refuses a patch of an image that is gone', async () => {
      const live = await created();
      await store.delete(live.id);
      await refused('NOT_FOUND', () => store.update(live, {name: 'Ghost'}));
      expect(await store.get(live.id)).toBeUndefined();
    });

    it('makes an image active by an upload, with size, sha512 and store', async () => {
      const image = await active();
      expect(image).toMatchObject({
        status: 'active',
        size: DISK.length,
        osHashAlgo: 'sha512',
        osHashValue: createHash('sha512').update(DISK).digest('hex'),
      });
    });

    it('gives the bytes back, and says so where there are none', async () => {
      const image = await active();
      const {bytes, size} = await other.download(image.id);
      expect(size).toBe(DISK.length);
      expect(await collected(bytes)).toEqual(DISK);
      const {id} = await created();
      await refused('NOT_FOUND', () => store.download(id));
      await refused('NOT_FOUND', () => store.download(MISSING));
    });

    it('takes bytes whose number is not known', async () => {
      const {id} = await created();
      await store.upload({id, bytes: Readable.from([DISK, DISK])});
      expect(await seen(store, id)).toMatchObject({status: 'active', size: 2 * DISK.length});
    });

    it('throws the error of a broken stream, and the record is queued again and takes other bytes', async () => {
      const {id} = await created();
      const error = new ImgmgrError('DIGEST_MISMATCH', 'the bytes are not the demanded ones');
      await expect(store.upload({id, bytes: breaking(error), size: DISK.length})).rejects.toBe(error);
      await expect.poll(async () => (await seen(other, id)).status).toBe('queued');
      expect(await seen(other, id)).toMatchObject({status: 'queued', size: null, osHashValue: null});
      await store.upload({id, bytes: Readable.from([DISK]), size: DISK.length});
      expect((await seen(other, id)).status).toBe('active');
    });

    it('never makes an image of fewer bytes than announced', async () => {
      const {id} = await created();
      await expect(store.upload({id, bytes: Readable.from([DISK]), size: DISK.length + 1})).rejects.toThrow(
        ImgmgrError,
      );
      await expect.poll(async () => (await seen(other, id)).status).toBe('queued');
    });

    it('ends an upload at once when it is told to, and the record is queued again', async () => {
      const {id} = await created();
      const stop = new AbortController();
      const stuck = new Readable({read: () => undefined});
      stuck.push(DISK);
      const upload = store.upload({id, bytes: stuck, size: 2 * DISK.length, signal: stop.signal});
      setTimeout(() => stop.abort(), 50);
      await refused('INTERRUPTED', () => upload);
      await expect.poll(async () => (await seen(other, id)).status).toBe('queued');
    });

    it('never replaces the bytes of an active image', async () => {
      const image = await active();
      await refused('CONFLICT', () => store.upload({id: image.id, bytes: Readable.from(['other']), size: 5}));
      expect(await seen(other, image.id)).toEqual(image);
    });

    it('refuses bytes for an image that does not exist', async () => {
      await refused('NOT_FOUND', () => store.upload({id: MISSING, bytes: Readable.from([DISK]), size: DISK.length}));
    });

    it('deletes an image for everybody, and a second time without complaint', async () => {
      const image = await active();
      await store.delete(image.id);
      expect(await other.get(image.id)).toBeUndefined();
      expect(await other.listTagged('managed_by_imgmgr')).toEqual([]);
      await store.delete(image.id);
    });

    it('does not delete a protected image until its protection is lifted', async () => {
      const live = await store.update(await active(), {protected: true});
      await refused('FORBIDDEN', () => store.delete(live.id));
      expect(await seen(other, live.id)).toEqual(live);
      await store.update(live, {protected: false});
      await store.delete(live.id);
      expect(await other.get(live.id)).toBeUndefined();
    });

    it('deactivates and reactivates, bytes and description unchanged', async () => {
      const live = await active();
      await store.setActive(live.id, false);
      const off = await seen(other, live.id);
      expect(off).toEqual({...live, status: 'deactivated', updatedAt: off.updatedAt});
      await store.setActive(live.id, true);
      expect((await seen(other, live.id)).status).toBe('active');
    });

    it('does not deactivate what has no bytes', async () => {
      const {id} = await created();
      await refused('FORBIDDEN', () => store.setActive(id, false));
    });

    it('offers uploads and names its default store', async () => {
      const {methods, stores} = await store.offer();
      expect(methods).toContain('upload');
      expect(stores.filter(({isDefault}) => isDefault)).toHaveLength(1);
    });

    it('tells of an import that it is done, and of a deleted image that it is gone', async () => {
      const {id} = await active();
      expect(await store.importState(id, [])).toMatchObject({kind: 'done', image: {id}});
      await store.delete(id);
      expect(await store.importState(id, [])).toEqual({kind: 'gone'});
    });

    it('can be closed twice', async () => {
      await store.account();
      await store.close();
      await expect(store.close()).resolves.toBeUndefined();
    });
  });
}

/** Asserts that the work is refused with the code, and with a hint or a place for the operator. */
export async function refused(code: ErrorCode, work: () => Promise<unknown>): Promise<ImgmgrError> {
  const error: unknown = await work().then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ImgmgrError);
  if (!(error instanceof ImgmgrError)) throw new Error('it was not refused by an ImgmgrError');
  expect(error.code, error.message).toBe(code);
  return error;
}

/** A stream that gives some bytes and then is destroyed with the error. */
function breaking(error: Error): Readable {
  return Readable.from(
    (async function* () {
      yield DISK.subarray(0, 50_000);
      await Promise.resolve();
      throw error;
    })(),
  );
}

/** The image, which must be there. */
export async function seen(store: ImageStore, id: string): Promise<Image> {
  const image = await store.get(id);
  if (!image) throw new Error(`image ${id} is not there`);
  return image;
}

/** A record to create. */
export function newImage(): NewImage {
  return {
    name: 'Contract 1',
    osHidden: false,
    diskFormat: 'raw',
    tags: ['managed_by_imgmgr'],
    properties: {imgmgr_definition: 'Contract', os_distro: 'debian'},
  };
}

function ids(images: readonly Image[]): string[] {
  return images.map(({id}) => id).sort();
}

async function collected(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
