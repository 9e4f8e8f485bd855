import {createHash} from 'node:crypto';
import {mkdir, readFile, rm, writeFile} from 'node:fs/promises';
import {userInfo} from 'node:os';
import {join} from 'node:path';
import {Readable} from 'node:stream';
import {describe, expect, it} from 'vitest';
import type {ImageStore} from '../../../src/ports/image-store.ts';
import type {Image} from '../../../src/core/image/image.ts';
import {createLocal} from '../../../src/local/local-cloud.ts';
import {newImage, refused, seen} from '../ports/image-store-contract.ts';
import {tree, useStoreFolder} from './store-folder.ts';

const folder = useStoreFolder();

function open(): ImageStore {
  return createLocal({dir: folder.path()}).store;
}

async function active(store: ImageStore, bytes: Buffer, diskFormat = 'raw'): Promise<Image> {
  const {id} = await store.create({...newImage(), diskFormat});
  await store.upload({id, bytes: Readable.from([bytes])});
  return seen(store, id);
}

function recordPath(id: string): string {
  return join(folder.path(), 'images', id, 'image.json');
}

async function readRecord(id: string): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(recordPath(id), 'utf8')) as Record<string, unknown>;
}

async function edit(id: string, change: Record<string, unknown>): Promise<void> {
  await writeFile(recordPath(id), JSON.stringify({...(await readRecord(id)), ...change}));
}

/** The first 104 bytes of a qcow2 version 3 file: magic, version, cluster bits 16, virtual size, header length. */
function qcow2(virtualSize: bigint): Buffer {
  const header = Buffer.alloc(70_000);
  header.write('QFI\xfb', 'latin1');
  header.writeUInt32BE(3, 4);
  header.writeUInt32BE(16, 20);
  header.writeBigUInt64BE(virtualSize, 24);
  header.writeUInt32BE(4, 96);
  header.writeUInt32BE(104, 100);
  return header;
}

describe('the folder of a local cloud', () => {
  it('is not made by reads: a missing one is an empty store', async () => {
    const store = open();
    const {id} = newUnknown();
    expect(await store.listTagged('managed_by_imgmgr')).toEqual([]);
    expect(await store.listNamed(['Debian 12'])).toEqual([]);
    expect(await store.get(id)).toBeUndefined();
    expect(await store.importState(id, [])).toEqual({kind: 'gone'});
    expect((await store.quota()).bytesLeft).toBeGreaterThan(0);
    await store.offer();
    await store.account();
    await store.delete(id);
    expect(await tree(folder.path())).toEqual([]);
  });

  it('is not made by writes to an image that does not exist', async () => {
    const store = open();
    await refused('NOT_FOUND', () => store.update({...newUnknown()}, {name: 'x'}));
    await refused('NOT_FOUND', () => store.upload({id: newUnknown().id, bytes: Readable.from(['x'])}));
    expect(await tree(folder.path())).toEqual([]);
  });

  it('is not made by a create that is refused', async () => {
    await refused('CLOUD_REFUSED', () => open().create({...newImage(), id: '..'}));
    expect(await tree(folder.path())).toEqual([]);
  });

  it('holds images/<uuid>/{image.json,data} and nothing else once all is done', async () => {
    const store = open();
    const {id} = await active(store, Buffer.from('bytes'));
    const deleted = await active(store, Buffer.from('bytes'));
    await store.update(await seen(store, id), {name: 'Renamed'});
    await store.delete(deleted.id);
    expect(await tree(folder.path())).toEqual([
      'aside',
      'images',
      `images/${id}`,
      `images/${id}/data`,
      `images/${id}/image.json`,
      'locks',
    ]);
  });

  it('holds the bytes as they came', async () => {
    const bytes = Buffer.alloc(300_000, 'abc');
    const {id} = await active(open(), bytes);
    expect((await readFile(join(folder.path(), 'images', id, 'data'))).equals(bytes)).toBe(true);
  });

  it("writes image.json in Glance's words, properties beside the fields", async () => {
    const bytes = Buffer.alloc(4096);
    const {id} = await active(open(), bytes);
    const record = await readRecord(id);
    expect(record).toEqual({
      id,
      name: 'Contract 1',
      status: 'active',
      visibility: 'private',
      os_hidden: false,
      protected: false,
      owner: 'local',
      tags: ['managed_by_imgmgr'],
      min_disk: 0,
      min_ram: 0,
      disk_format: 'raw',
      container_format: 'bare',
      size: 4096,
      virtual_size: 4096,
      checksum: createHash('md5').update(bytes).digest('hex'),
      os_hash_algo: 'sha512',
      os_hash_value: createHash('sha512').update(bytes).digest('hex'),
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/) as string,
      updated_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/) as string,
      stores: 'local',
      imgmgr_definition: 'Contract',
      os_distro: 'debian',
    });
  });

  it('leaves foreign files and folders beside the images alone', async () => {
    const store = open();
    await store.create(newImage());
    await mkdir(join(folder.path(), 'images', 'notes'));
    await writeFile(join(folder.path(), 'images', 'README'), 'mine');
    await writeFile(join(folder.path(), 'aside', 'mine'), 'mine');
    await open().create(newImage());
    expect(await store.listTagged('managed_by_imgmgr')).toHaveLength(2);
    expect(await tree(folder.path())).toEqual(expect.arrayContaining(['aside/mine', 'images/README', 'images/notes']));
  });
});

describe('bytes in a local cloud', () => {
  it('tell the size of the disk inside a qcow2', async () => {
    const image = await active(open(), qcow2(10n * 1024n ** 3n), 'qcow2');
    expect(image).toMatchObject({size: 70_000, virtualSize: 10 * 1024 ** 3});
  });

  it('may be none at all', async () => {
    expect(await active(open(), Buffer.alloc(0))).toMatchObject({status: 'active', size: 0, virtualSize: 0});
  });

  it('are refused for a record without a disk format, as a lease is', async () => {
    const store = open();
    const {id} = await store.create({name: 'lease', osHidden: true, tags: [], properties: {}});
    await refused('CLOUD_REFUSED', () => store.upload({id, bytes: Readable.from(['x'])}));
  });

  it('are refused for a store that does not exist', async () => {
    const store = open();
    const {id} = await store.create(newImage());
    await refused('CLOUD_REFUSED', () => store.upload({id, bytes: Readable.from(['x']), store: 'fast'}));
    expect((await seen(store, id)).status).toBe('queued');
  });

  it('cannot come by the ways that need a server, and the offer says so', async () => {
    const store = open();
    expect(await store.offer()).toEqual({
      methods: ['upload'],
      copyImage: false,
      stores: [{id: 'local', isDefault: true}],
    });
    const {id} = await store.create(newImage());
    await refused('UNSUPPORTED', () => store.importFromUrl({id, url: 'http://127.0.0.1/x'}));
    await refused('UNSUPPORTED', () => store.stage({id, bytes: Readable.from(['x'])}));
    await refused('UNSUPPORTED', () => store.importStaged({id}));
    await refused('UNSUPPORTED', () => store.copyToStores({id, stores: ['fast']}));
    await refused('UNSUPPORTED', () => store.share(id, 'other'));
    await refused('UNSUPPORTED', () => store.accept(id));
    await refused('UNSUPPORTED', () => store.unshare(id, 'other'));
  });

  it('are seen to arrive: the image is saving for everybody, and a second upload is refused', async () => {
    const store = open();
    const {id} = await store.create(newImage());
    const bytes = new Readable({read: () => undefined});
    bytes.push('first');
    const upload = store.upload({id, bytes});
    await expect.poll(async () => (await seen(open(), id)).status).toBe('saving');
    expect(await open().importState(id, [])).toMatchObject({kind: 'running'});
    expect((await readRecord(id))['status']).toBe('queued');
    await refused('CONFLICT', () => open().upload({id, bytes: Readable.from(['second'])}));
    bytes.push(null);
    await upload;
    expect(await seen(open(), id)).toMatchObject({status: 'active', size: 5});
  });

  it('keep a patch that was made while they arrived', async () => {
    const store = open();
    const record = await store.create(newImage());
    const bytes = new Readable({read: () => undefined});
    bytes.push('first');
    const upload = store.upload({id: record.id, bytes});
    await expect.poll(async () => (await seen(store, record.id)).status).toBe('saving');
    expect((await open().update(record, {name: 'Patched'})).status).toBe('saving');
    bytes.push(null);
    await upload;
    expect(await seen(store, record.id)).toMatchObject({status: 'active', name: 'Patched'});
  });

  it('are thrown away when their image is deleted while they arrive', async () => {
    const store = open();
    const {id} = await store.create(newImage());
    const bytes = new Readable({read: () => undefined});
    bytes.push('first');
    const upload = store.upload({id, bytes});
    await expect.poll(async () => (await seen(store, id)).status).toBe('saving');
    await open().delete(id);
    bytes.push(null);
    await refused('IMAGE_GONE', () => upload);
    expect(await tree(folder.path())).toEqual(['aside', 'images', 'locks']);
  });

  it('that broke off leave a queued record and no file', async () => {
    const store = open();
    const {id} = await store.create(newImage());
    const bytes = new Readable({read: () => undefined});
    bytes.push('first');
    const upload = store.upload({id, bytes});
    await expect.poll(async () => (await seen(store, id)).status).toBe('saving');
    bytes.destroy(new Error('connection reset'));
    const error = await refused('SOURCE_UNAVAILABLE', () => upload);
    expect(error.message).toContain('connection reset');
    expect(await store.importState(id, ['local'])).toMatchObject({kind: 'failed', failedStores: ['local']});
    expect(await tree(folder.path())).toEqual(['aside', 'images', `images/${id}`, `images/${id}/image.json`, 'locks']);
  });

  it('miss a store that only another cloud has', async () => {
    const store = open();
    const {id} = await active(store, Buffer.from('x'));
    expect(await store.importState(id, ['local', 'fast'])).toMatchObject({kind: 'failed', failedStores: ['fast']});
  });
});

describe('a record of a local cloud', () => {
  it('has no property with the name of a field', async () => {
    const store = open();
    await refused('CLOUD_REFUSED', () => store.create({...newImage(), properties: {owner: 'somebody'}}));
    const live = await store.create(newImage());
    const error = await refused('CLOUD_REFUSED', () => store.update(live, {set: {status: 'active'}}));
    expect(error.message).toContain("'status'");
    expect(await seen(store, live.id)).toEqual(live);
  });

  it.each([
    ['is no JSON', '{"id": ', /is no JSON/],
    ['is empty', '', /is no JSON/],
    ['is a list', '[]', /image\.json/],
  ])('that %s is named, and stops every listing', async (_, text, message) => {
    const store = open();
    const {id} = await store.create(newImage());
    await store.create(newImage());
    await writeFile(recordPath(id), text);
    const error = await refused('PROTOCOL', () => store.listTagged('managed_by_imgmgr'));
    expect(error.place).toBe(recordPath(id));
    expect(error.message).toMatch(message);
    expect(error.hint).toContain('by hand');
    expect(await readFile(recordPath(id), 'utf8')).toBe(text);
  });

  it.each([
    ['status', 'done'],
    ['visibility', 'everybody'],
    ['os_hidden', 'no'],
    ['min_disk', '3'],
    ['tags', 'one'],
    ['created_at', 'yesterday'],
    ['my_property', 3],
  ])('with a wrong %s is refused with the name of the field', async (field, value) => {
    const store = open();
    const live = await store.create(newImage());
    await edit(live.id, {[field]: value});
    const error = await refused('PROTOCOL', () => store.get(live.id));
    expect(error.message).toContain(`wrong ${field}`);
    expect(error.place).toBe(recordPath(live.id));
    await refused('PROTOCOL', () => store.update(live, {name: 'x'}));
    await refused('PROTOCOL', () => store.delete(live.id));
  });

  it('that was copied to another folder is refused: it says another id', async () => {
    const store = open();
    const {id} = await store.create(newImage());
    await edit(id, {id: newUnknown().id});
    const error = await refused('PROTOCOL', () => store.get(id));
    expect(error.message).toContain(newUnknown().id);
  });

  it('that was removed by hand is missed only while its bytes are there', async () => {
    const store = open();
    const {id} = await active(store, Buffer.from('x'));
    await rm(recordPath(id));
    const error = await refused('PROTOCOL', () => store.get(id));
    expect(error.message).toContain('data');
    await rm(join(folder.path(), 'images', id), {recursive: true});
    expect(await store.get(id)).toBeUndefined();
  });

  it('keeps a property that was added by hand', async () => {
    const store = open();
    const live = await store.create(newImage());
    await edit(live.id, {note: 'from hand'});
    expect((await store.update(live, {name: 'x'})).properties).toHaveProperty('note', 'from hand');
  });
});

describe('who and where', () => {
  it('is the user of this machine in the one project', async () => {
    expect(await open().account()).toEqual({
      projectId: 'local',
      projectName: 'local',
      userName: userInfo().username,
      roles: ['admin'],
    });
  });

  it('has no compute service, so nothing is in use', async () => {
    const {servers} = createLocal({dir: folder.path()});
    const {id} = newUnknown();
    expect(await servers.imageUses({ids: [id]})).toEqual(new Map([[id, {kind: 'no-service'}]]));
  });
});

function newUnknown(): Image {
  return {
    ...newImage(),
    id: '00000000-0000-4000-8000-000000000000',
    status: 'queued',
    visibility: 'private',
    protected: false,
    owner: 'local',
    minDisk: 0,
    minRam: 0,
    diskFormat: 'raw',
    containerFormat: 'bare',
    size: null,
    virtualSize: null,
    osHashAlgo: null,
    osHashValue: null,
    createdAt: '2026-01-31T00:00:00Z',
    updatedAt: '2026-01-31T00:00:00Z',
    stores: [],
  };
}
