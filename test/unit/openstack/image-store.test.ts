import {randomUUID} from 'node:crypto';
import {Readable} from 'node:stream';
import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import type {ImageStore, ImportState} from '../../../src/ports/image-store.ts';
import type {Image, NewImage} from '../../../src/core/image/image.ts';
import type {ImgmgrError} from '../../../src/errors.ts';
import {startFakeCloud} from '../../fakes/fake-cloud.ts';
import type {FakeCloud, FakeCloudOptions} from '../../fakes/fake-cloud.ts';
import {startUpstream} from '../../fakes/upstream.ts';
import type {Upstream} from '../../fakes/upstream.ts';
import {connect} from './fake.ts';
import type {Connected} from './fake.ts';

let fake: FakeCloud;
let upstream: Upstream;
let connected: Connected;
let store: ImageStore;

beforeEach(async () => {
  upstream = await startUpstream();
  upstream.put('/disk.raw', new Uint8Array(4096));
  await start();
});

afterEach(async () => {
  await stop();
  await upstream.close();
});

async function start(options: FakeCloudOptions = {}): Promise<void> {
  fake = await startFakeCloud(options);
  connected = connect(fake);
  store = connected.store;
}

async function stop(): Promise<void> {
  await store.close();
  await fake.close();
}

async function restart(options: FakeCloudOptions): Promise<void> {
  await stop();
  await start(options);
}

function create(more: Partial<NewImage> = {}): Promise<Image> {
  return store.create({
    id: randomUUID(),
    name: 'n',
    osHidden: true,
    diskFormat: 'raw',
    tags: ['t'],
    properties: {},
    ...more,
  });
}

async function failure(work: Promise<unknown>): Promise<ImgmgrError> {
  return (await work.catch((reason: unknown) => reason)) as ImgmgrError;
}

/** Calls since the last time, as `METHOD path?query`. */
function calls(): string[] {
  return connected.exchanges
    .splice(0)
    .map(({method, url}) => `${method} ${decodeURIComponent(url.replace(/^.*?\/image\/v2/, ''))}`);
}

async function outcome(id: string, stores: readonly string[] = []): Promise<{state: ImportState; looks: number}> {
  for (let looks = 1; looks < 200; looks += 1) {
    const state = await store.importState(id, stores);
    if (state.kind !== 'running') return {state, looks};
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('the import did not end');
}

describe('listing', () => {
  test('asks for shown and hidden images at once, and follows every page', async () => {
    fake.seedImages(1100, {tags: ['t']});
    fake.seedImages(3, {tags: ['t'], os_hidden: true});
    fake.seedImages(2, {tags: ['other']});
    await store.account();
    calls();
    expect(await store.listTagged('t')).toHaveLength(1103);
    const made = calls();
    expect(made).toHaveLength(3);
    expect(made.slice(0, 2).toSorted()).toEqual([
      'GET /images?limit=1000&tag=t',
      'GET /images?limit=1000&tag=t&os_hidden=true',
    ]);
    expect(made[2]).toMatch(/^GET \/images\?limit=1000&tag=t&marker=/);
  });

  test('names are asked for in one list, those with quotes alone', async () => {
    await store.account();
    calls();
    await store.listNamed(['A', 'B, c', 'q"q']);
    expect(calls().toSorted()).toEqual([
      'GET /images?limit=1000&name=in:"A","B,+c"',
      'GET /images?limit=1000&name=in:"A","B,+c"&os_hidden=true',
      'GET /images?limit=1000&name=q"q',
      'GET /images?limit=1000&name=q"q&os_hidden=true',
    ]);
  });

  test('a web page in place of the answer is PROTOCOL, with its beginning', async () => {
    fake.misbehave('htmlInsteadOfJson', {times: 2});
    expect(await failure(store.listTagged('t'))).toMatchObject({
      code: 'PROTOCOL',
      message: expect.stringContaining('<') as unknown,
    });
  });

  test('passing faults of a read are sat out', async () => {
    for (const fault of ['glance503', 'connectionReset', 'halfAnswer', 'rateLimited429'] as const)
      fake.misbehave(fault, {match: {method: 'GET'}});
    expect(await store.listTagged('t')).toEqual([]);
  });

  test('an image that does not fit the API is PROTOCOL with the field', async () => {
    fake.seed({tags: ['t'], status: 'baking'});
    expect(await failure(store.listTagged('t'))).toMatchObject({
      code: 'PROTOCOL',
      message: expect.stringContaining('images.0.status') as unknown,
    });
  });
});

describe('writing', () => {
  test('a write is not repeated by itself, whether it was done or not', async () => {
    const image = await create();
    calls();
    fake.misbehave('doneButAnswers504', {match: {method: 'PATCH'}});
    expect((await failure(store.update(image, {name: 'm'}))).code).toBe('UNAVAILABLE');
    expect(calls()).toHaveLength(1);
    expect((await store.get(image.id))?.name).toBe('m');
  });

  test('an empty patch calls nobody', async () => {
    const image = await create();
    calls();
    expect(await store.update(image, {remove: ['absent']})).toBe(image);
    expect(calls()).toEqual([]);
  });

  test('a delete whose answer was lost is repeated, and gone is gone', async () => {
    const {id} = await create();
    fake.misbehave('doneButAnswers504', {match: {method: 'DELETE'}});
    await store.delete(id);
    expect(await store.get(id)).toBeUndefined();
  });

  test('a delete that is refused says whether it is in use, protected or simply not allowed', async () => {
    const {id} = await create();
    const inUse = fake.misbehave('deleteInUse409');
    expect(await failure(store.delete(id))).toMatchObject({
      code: 'IN_USE',
      message: expect.stringContaining(id) as unknown,
    });
    inUse.stop();
    const forbidden = fake.misbehave('forbiddenDelete');
    expect((await failure(store.delete(id))).code).toBe('FORBIDDEN');
    forbidden.stop();
    const [image] = await store.listTagged('t');
    if (image) await store.update(image, {protected: true});
    expect(await failure(store.delete(id))).toMatchObject({
      code: 'FORBIDDEN',
      hint: expect.stringContaining(`--unprotect ${id}`) as unknown,
    });
  });

  test.each([
    ['quota413', 'QUOTA'],
    ['unsupported415', 'FORMAT_REFUSED'],
  ] as const)('bytes refused by %s are %s', async (fault, code) => {
    const {id} = await create();
    fake.misbehave(fault, {match: {method: 'PUT'}});
    expect((await failure(store.upload({id, bytes: Readable.from([Buffer.from('x')]), size: 1}))).code).toBe(code);
  });
});

describe('R5: the right to import', () => {
  test('is learnt by one call that changes nothing', async () => {
    const image = await create();
    calls();
    expect(await store.mayImport(image.id)).toBe(true);
    expect(calls()).toEqual([`POST /images/${image.id}/import`]);
    expect(await store.get(image.id)).toEqual(image);
  });

  test.each([403, 404])('is missing where the call is refused with %i', async (status) => {
    const image = await create();
    fake.misbehave('forbiddenImport', {status});
    expect(await store.mayImport(image.id)).toBe(false);
  });

  test('is taken for granted where the cloud does not say', async () => {
    const image = await create();
    fake.misbehave('forbiddenImport', {status: 400});
    expect(await store.mayImport(image.id)).toBe(true);
  });
});

describe('the right to publish', () => {
  test('is learnt by one PATCH that changes nothing', async () => {
    const image = await create();
    calls();
    expect(await store.mayPublish(image, 'public')).toBe(true);
    expect(calls()).toEqual([`PATCH /images/${image.id}`]);
    expect(await store.get(image.id)).toEqual(image);
  });

  test('is missing for an ordinary tenant', async () => {
    const member = connect(fake, {role: 'member'}).store;
    const image = await member.create({name: 'n', osHidden: true, tags: [], properties: {}});
    expect(await member.mayPublish(image, 'public')).toBe(false);
    expect(await member.get(image.id)).toEqual(image);
    await member.close();
  });

  test('cannot be told when something else is wrong; passing faults are thrown', async () => {
    const image = await create();
    fake.misbehave('conflict409');
    expect(await store.mayPublish(image, 'public')).toBeUndefined();
    fake.misbehave('glance503', {match: {method: 'PATCH'}});
    expect((await failure(store.mayPublish(image, 'public'))).code).toBe('UNAVAILABLE');
  });
});

describe('the right to make images', () => {
  test('is learnt with the id of an image that is there, so that nothing is made', async () => {
    const image = await create();
    const before = fake.views();
    calls();
    expect(await store.mayCreate?.('public')).toBe(true);
    expect(calls()).toEqual(['GET /images?limit=1', 'GET /images?limit=1&os_hidden=true', 'POST /images']);
    expect(await store.mayCreate?.('private')).toBe(true);
    expect(fake.views()).toEqual(before);
    expect(await store.get(image.id)).toEqual(image);
  });

  test('to make public ones is missing for an ordinary tenant, which sees an image of others at least', async () => {
    fake.seed({name: 'public', visibility: 'public'});
    const member = connect(fake, {role: 'member'}).store;
    expect(await member.mayCreate?.('public')).toBe(false);
    expect(await member.mayCreate?.('community')).toBe(true);
    expect(await member.mayCreate?.('private')).toBe(true);
    expect(fake.views()).toHaveLength(1);
    await member.close();
  });

  test('is not known where there is no image, and not asked for', async () => {
    await store.account();
    calls();
    expect(await store.mayCreate?.('public')).toBeUndefined();
    expect(calls()).toEqual(['GET /images?limit=1', 'GET /images?limit=1&os_hidden=true']);
  });

  test('is there also where the quota is used up; passing faults are thrown', async () => {
    await create();
    fake.misbehave('quota413');
    expect(await store.mayCreate?.('public')).toBe(true);
    fake.misbehave('glance503', {match: {method: 'POST'}});
    expect((await failure(store.mayCreate?.('public') ?? Promise.resolve())).code).toBe('UNAVAILABLE');
  });
});

describe('what the store offers', () => {
  test('is asked in two calls, in one after a create, which tells the methods', async () => {
    await store.account();
    calls();
    const offer = await store.offer();
    expect(offer).toEqual({
      methods: ['web-download', 'glance-direct', 'upload'],
      copyImage: true,
      stores: [
        {id: 'file', isDefault: true},
        {id: 'fast', isDefault: false},
      ],
    });
    expect(calls()).toHaveLength(2);
    await create();
    calls();
    expect(await store.offer()).toEqual(offer);
    expect(calls()).toEqual(['GET /info/stores']);
  });

  test('is no store to choose where there is one only, and no import where there is none', async () => {
    await restart({multiStore: false, importMethods: []});
    expect(await store.offer()).toEqual({methods: ['upload'], copyImage: false, stores: []});
  });

  test('the quota is what is left, in bytes; nothing where the cloud does not tell', async () => {
    expect(await store.quota()).toEqual({});
    fake.misbehave('noUsageApi');
    expect(await store.quota()).toEqual({});
    await restart({quota: {images: 5, mebibytes: 10}});
    fake.seed({});
    expect(await store.quota()).toEqual({bytesLeft: expect.any(Number) as unknown, imagesLeft: 4});
  });
});

describe('an import', () => {
  function fetchInto(id: string, more: {stores?: readonly string[]} = {}): Promise<void> {
    return store.importFromUrl({id, url: `${upstream.url}/disk.raw`, ...more});
  }

  test('demands all of the demanded stores, and copies keep what could be copied', async () => {
    const {id} = await create();
    await fetchInto(id, {stores: ['file', 'fast']});
    expect(fake.writes().at(-1)?.body).toEqual({
      method: {name: 'web-download', uri: `${upstream.url}/disk.raw`},
      stores: ['file', 'fast'],
      all_stores_must_succeed: true,
    });
    expect((await outcome(id, ['file', 'fast'])).state).toMatchObject({kind: 'done'});
    const other = await create();
    await store.stage({id: other.id, bytes: Readable.from([Buffer.from('x')]), size: 1});
    await store.importStaged({id: other.id});
    expect(fake.writes().at(-1)?.body).toEqual({method: {name: 'glance-direct'}});
    expect((await outcome(other.id)).state.kind).toBe('done');
    // As in Glance, the lock of an import goes a moment after the image is active.
    await expect
      .poll(async () => Object.keys((await store.get(other.id))?.properties ?? {}))
      .not.toContain('os_glance_import_task');
    await store.copyToStores({id: other.id, stores: ['fast']});
    expect(fake.writes().at(-1)?.body).toEqual({
      method: {name: 'copy-image'},
      stores: ['fast'],
      all_stores_must_succeed: false,
    });
    expect((await outcome(other.id, ['file', 'fast'])).state.kind).toBe('done');
  });

  test.each([
    ['importFailsBackToQueued', 'queued', 'Internal Error'],
    ['importTaskFails', 'queued', 'no route to source'],
    ['imageStuckInImporting', 'importing', 'no route to source'],
  ] as const)('that fails (%s) is seen in two looks after it ended', async (fault, status, reason) => {
    const {id} = await create();
    fake.misbehave(fault, {message: 'no route to source'});
    await fetchInto(id);
    await expect.poll(() => fake.tasks.at(-1)?.status).toBe('failure');
    const first = await store.importState(id, []);
    const state = first.kind === 'running' ? await store.importState(id, []) : first;
    expect(state).toMatchObject({
      kind: 'failed',
      image: {status},
      reason: expect.stringContaining(reason) as unknown,
    });
  });

  test('that reached only some stores has failed, and names the others', async () => {
    const {id} = await create();
    fake.misbehave('someStoresFail', {store: 'fast'});
    await fetchInto(id, {stores: ['file', 'fast']});
    expect((await outcome(id, ['file', 'fast'])).state).toMatchObject({kind: 'failed', failedStores: ['fast']});
  });

  test.each(['importNeverEnds', 'imageStuckInQueued'] as const)(
    'that goes on (%s) costs one call per look',
    async (fault) => {
      const {id} = await create();
      fake.misbehave(fault);
      await fetchInto(id);
      calls();
      const perLook = [];
      for (let look = 1; look <= 5; look += 1) {
        expect((await store.importState(id, [])).kind).toBe('running');
        perLook.push(calls().length);
      }
      expect(perLook).toEqual([1, 1, 1, 1, 1]);
    },
  );

  test('whose image vanishes is gone', async () => {
    const {id} = await create();
    fake.misbehave('importNeverEnds');
    await fetchInto(id);
    for (let look = 1; look <= 3; look += 1) await store.importState(id, []);
    await connect(fake).store.delete(id);
    expect(await store.importState(id, [])).toEqual({kind: 'gone'});
  });

  test('begun anew on a record that failed before is not judged by the old failure', async () => {
    const {id} = await create();
    fake.misbehave('importFailsBackToQueued');
    await fetchInto(id);
    expect((await outcome(id)).state.kind).toBe('failed');
    fake.misbehave('importNeverEnds');
    await fetchInto(id);
    expect((await store.importState(id, [])).kind).toBe('running');
    expect((await store.importState(id, [])).kind).toBe('running');
  });
});

describe('the clock', () => {
  test('is the cloud’s, not this host’s', async () => {
    fake.misbehave('serverClockAhead', {aheadMs: 7_200_000});
    await store.listTagged('t');
    expect(Math.abs(store.now().getTime() - Date.now() - 7_200_000)).toBeLessThan(5000);
  });

  test('is Glance’s own where it sends no Date header, told by what was written', async () => {
    await restart({dateHeader: false});
    await store.account();
    fake.misbehave('serverClockAhead', {aheadMs: 60_000});
    await create();
    expect(Math.abs(store.now().getTime() - Date.now() - 60_000)).toBeLessThan(5000);
  });
});
