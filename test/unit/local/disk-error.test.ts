import type {FileHandle} from 'node:fs/promises';
import {mkdir, open, readFile, rm, writeFile} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import {Readable} from 'node:stream';
import {afterEach, describe, expect, it, vi} from 'vitest';
import {createLocal} from '../../../src/local/local-cloud.ts';
import {newImage, refused, seen} from '../ports/image-store-contract.ts';
import {tree, useStoreFolder} from './store-folder.ts';

const folder = useStoreFolder();

function openStore() {
  return createLocal({dir: folder.path()}).store;
}

/** The object that all open files inherit their calls from, so that one of them can fail as a disk does. */
async function fileCalls(): Promise<FileHandle> {
  const file = await open('/dev/null');
  await file.close();
  return Object.getPrototypeOf(file) as FileHandle;
}

function diskError(code: string): Error {
  return Object.assign(new Error(`${code}: the disk says no`), {code});
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe('a disk that refuses', () => {
  it('full while bytes arrive: DISK_FULL with the path, the record is queued, nothing is left', async () => {
    const store = openStore();
    const {id} = await store.create(newImage());
    vi.spyOn(await fileCalls(), 'write').mockRejectedValueOnce(diskError('ENOSPC'));
    const bytes = Readable.from(['bytes']);
    const error = await refused('DISK_FULL', () => store.upload({id, bytes}));
    expect(error.place).toContain(folder.path());
    expect(error.hint).toContain('IMGMGR_LOCAL');
    expect(bytes.destroyed).toBe(true);
    expect((await seen(store, id)).status).toBe('queued');
    expect(await tree(folder.path())).toEqual(['aside', 'images', `images/${id}`, `images/${id}/image.json`, 'locks']);
  });

  it('full when the bytes are made durable: DISK_FULL, never an active image', async () => {
    const store = openStore();
    const {id} = await store.create(newImage());
    vi.spyOn(await fileCalls(), 'sync').mockRejectedValueOnce(diskError('EDQUOT'));
    await refused('DISK_FULL', () => store.upload({id, bytes: Readable.from(['bytes'])}));
    expect((await seen(store, id)).status).toBe('queued');
  });

  it('full at a create: DISK_FULL, and there is no image', async () => {
    const store = openStore();
    vi.spyOn(await fileCalls(), 'writeFile').mockRejectedValueOnce(diskError('ENOSPC'));
    await refused('DISK_FULL', () => store.create(newImage()));
    expect(await tree(folder.path())).toEqual(['aside', 'images', 'locks']);
  });

  it('full at a patch: DISK_FULL, and the record is the old one', async () => {
    const store = openStore();
    const live = await store.create(newImage());
    vi.spyOn(await fileCalls(), 'writeFile').mockRejectedValueOnce(diskError('ENOSPC'));
    await refused('DISK_FULL', () => store.update(live, {name: 'new'}));
    expect(await seen(store, live.id)).toEqual(live);
    expect((await store.update(live, {name: 'new'})).name).toBe('new');
  });

  it('taking only a part of a block: the rest is written, too', async () => {
    const store = openStore();
    const {id} = await store.create(newImage());
    const calls = await fileCalls();
    const write = Reflect.get(calls, 'write') as (...given: unknown[]) => unknown;
    const partly = vi.spyOn(calls, 'write').mockImplementationOnce(function (this: FileHandle, bytes: Uint8Array) {
      return Reflect.apply(write, this, [bytes, 0, 2]);
    } as never);
    await store.upload({id, bytes: Readable.from([Buffer.from('bytes')])});
    expect(await seen(store, id)).toMatchObject({size: 5, status: 'active'});
    expect(partly).toHaveBeenCalledTimes(2);
    expect(await readFile(join(folder.path(), 'images', id, 'data'), 'utf8')).toBe('bytes');
  });

  it('failing in its own way: UNAVAILABLE with its words', async () => {
    const store = openStore();
    const {id} = await store.create(newImage());
    vi.spyOn(await fileCalls(), 'write').mockRejectedValueOnce(diskError('EIO'));
    const error = await refused('UNAVAILABLE', () => store.upload({id, bytes: Readable.from(['bytes'])}));
    expect(error.message).toContain('the disk says no');
  });
});

describe('a folder that cannot be one', () => {
  it('may not be written: FORBIDDEN with the path', async () => {
    // sysfs takes no folders from anybody, root included.
    const store = createLocal({dir: '/sys/imgmgr'}).store;
    const error = await refused('FORBIDDEN', () => store.create(newImage()));
    expect(error.place).toContain('/sys/imgmgr');
    expect(error.hint).toContain('IMGMGR_LOCAL');
  });

  it('is a file: CONFIG with the path, for reads and writes', async () => {
    await mkdir(dirname(folder.path()), {recursive: true});
    await writeFile(folder.path(), 'a file');
    const read = await refused('CONFIG', () => openStore().listTagged('managed_by_imgmgr'));
    expect(read.place).toBe(join(folder.path(), 'images'));
    const write = await refused('CONFIG', () => openStore().create(newImage()));
    expect(write.place).toContain(folder.path());
  });

  it('could not be made at first: the next write tries again', async () => {
    await mkdir(dirname(folder.path()), {recursive: true});
    await writeFile(folder.path(), 'a file');
    const store = openStore();
    await refused('CONFIG', () => store.create(newImage()));
    await rm(folder.path());
    expect((await store.create(newImage())).status).toBe('queued');
  });
});
