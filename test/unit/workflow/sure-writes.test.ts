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
    const clock = new VirtualClock();
    const store = new MemoryStore(clock);
    store.images.set('i1', {...(await store.create(SPEC)), ...change});
    const asked: string[] = [];
    const refused = new ImgmgrError('CONFLICT', 'Image has active task');
    const isLocked = () => 'os_glance_import_task' in (store.images.get('i1')?.properties ?? {});
    store.copyToStores = ({stores}) => {
      asked.push(stores.join(' '));
      return change.properties && !isLocked() ? Promise.resolve() : Promise.reject(refused);
    };
    const context = {store, runtime: runtime(clock, 1, new Set()), signal: new AbortController().signal};
    return {
      asked,
      /** The task ends so much later. */
      endIn: (ms: number) =>
        void clock.sleep(ms).then(() => {
          const image = store.images.get('i1');
          if (image) store.images.set('i1', {...image, properties: {}});
        }),
      copy: (stores: readonly string[] = ['a']) =>
        clock.run(copySurely(context, {id: 'i1', stores, deadlineMs: clock.monotonic() + 60_000})),
    };
  }

  it('counts as asked for when the image is in the store already', async () => {
    await expect((await world({stores: ['a']})).copy()).resolves.toBeUndefined();
  });

  it('counts as asked for while a task copies to these stores', async () => {
    const properties = {os_glance_import_task: 't', os_glance_importing_to_stores: 'b,a'};
    const {copy, asked} = await world({properties});
    await copy();
    expect(asked).toEqual(['a']);
  });

  it('is asked for again, for what is missing then, when another task has let go of the image', async () => {
    const {copy, asked, endIn} = await world({stores: ['b'], properties: {os_glance_import_task: 't'}});
    endIn(1000);
    await copy(['a', 'b']);
    expect(asked[0]).toBe('a b');
    expect(asked.length).toBeGreaterThan(2);
    expect(new Set(asked.slice(1))).toEqual(new Set(['a']));
  });

  it('fails at the deadline where that task never ends', async () => {
    const {copy} = await world({properties: {os_glance_import_task: 't'}});
    await expect(copy()).rejects.toMatchObject({code: 'CONFLICT'});
  });

  it('fails at once when neither is so', async () => {
    const {copy, asked} = await world({});
    await expect(copy()).rejects.toMatchObject({code: 'CONFLICT'});
    expect(asked).toEqual(['a']);
  });
});
