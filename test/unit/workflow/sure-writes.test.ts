import {describe, expect, it} from 'vitest';
import {ImgmgrError} from '../../../src/errors.ts';
import {copySurely, createSurely, patchSurely} from '../../../src/workflow/sure-writes.ts';
import {MemoryStore, VirtualClock, runtime} from './memory-store.ts';

const SPEC = {id: 'i1', name: 'x', osHidden: true, tags: [], properties: {}};

describe('a create whose answer got lost', () => {
  it('is found by its id, and fails when the record is not there', async () => {
    const clock = new VirtualClock();
    const store = new MemoryStore(clock);
    const spec = {id: 'i1', name: 'x', osHidden: true, tags: [], properties: {}};
    let lost = true;
    const real = store.create.bind(store);
    store.create = async (image) => {
      const made = await real(image);
      if (lost) throw new ImgmgrError('TIMEOUT', 'the answer got lost');
      return made;
    };
    expect((await createSurely(store, spec)).id).toBe('i1');
    store.create = () => Promise.reject(new ImgmgrError('UNAVAILABLE', 'down'));
    lost = false;
    await expect(createSurely(store, {...spec, id: 'i2'})).rejects.toMatchObject({code: 'UNAVAILABLE'});
  });
});

describe('a PATCH whose answer got lost', () => {
  async function world() {
    const clock = new VirtualClock();
    const store = new MemoryStore(clock);
    const image = await store.create(SPEC);
    const patch = () => clock.run(patchSurely({store, runtime: runtime(clock, 1, new Set())}, image, {name: 'y'}));
    return {store, patch, patches: () => store.calls.filter((call) => call === 'patch i1').length};
  }

  it('is not sent again when the live image shows that it took effect', async () => {
    const {store, patch, patches} = await world();
    const real = store.update.bind(store);
    store.update = async (live, change) => {
      await real(live, change);
      throw new ImgmgrError('TIMEOUT', 'the answer got lost');
    };
    expect((await patch()).name).toBe('y');
    expect(patches()).toBe(1);
  });

  it('is sent three times at most', async () => {
    const {store, patch, patches} = await world();
    store.before = (call) => {
      if (call.startsWith('patch')) throw new ImgmgrError('UNAVAILABLE', 'down');
    };
    await expect(patch()).rejects.toMatchObject({code: 'UNAVAILABLE'});
    expect(patches()).toBe(3);
  });

  it('is sent once when the cloud refuses it', async () => {
    const {store, patch, patches} = await world();
    store.before = (call) => {
      if (call.startsWith('patch')) throw new ImgmgrError('FORBIDDEN', 'no');
    };
    await expect(patch()).rejects.toMatchObject({code: 'FORBIDDEN'});
    expect(patches()).toBe(1);
  });
});

describe('a copy that the cloud refuses', () => {
  async function world(change: {readonly stores?: readonly string[]; readonly properties?: Record<string, string>}) {
    const store = new MemoryStore(new VirtualClock());
    store.images.set('i1', {...(await store.create(SPEC)), ...change});
    store.copyToStores = () => Promise.reject(new ImgmgrError('CONFLICT', 'is being copied'));
    return () => copySurely(store, 'i1', ['a']);
  }

  it('counts as asked for when the image is in the store already', async () => {
    await expect((await world({stores: ['a']}))()).resolves.toBeUndefined();
  });

  it('counts as asked for while a task of the image runs', async () => {
    await expect((await world({properties: {os_glance_import_task: 't'}}))()).resolves.toBeUndefined();
  });

  it('fails when neither is so', async () => {
    await expect((await world({}))()).rejects.toMatchObject({code: 'CONFLICT'});
  });
});
