import {describe, expect, it} from 'vitest';
import {candidate} from '../../../../src/core/image/form.ts';
import type {Image} from '../../../../src/core/image/image.ts';
import {SOURCE_FACT} from '../../../../src/core/image/record.ts';
import type {AcquireTask} from '../../../../src/workflow/acquire/types.ts';
import {resumeImage} from '../../../../src/workflow/acquire/resume-image.ts';
import {digestOf} from '../memory-source.ts';
import type {MemoryStore} from '../memory-store.ts';
import {BYTES, acquireWorld, deeds, taskOf} from './acquire-world.ts';

const ID = '11111111-1111-4111-8111-111111111111';

/** A complete candidate that a dead run left. */
async function left(store: MemoryStore, task: AcquireTask, change: Partial<Image> = {}): Promise<Image> {
  const spec = candidate({...task, oldPurpose: 'oldgeneric', adHoc: false}, 'r0', undefined);
  const image = {...(await store.create({...spec, id: ID})), status: 'active' as const, stores: ['default'], ...change};
  store.images.set(ID, image);
  store.calls.length = 0;
  return image;
}

describe('an image that another run left', () => {
  it('is gone on with where it has the demanded digest, and nothing is imported', async () => {
    const {clock, store, source, context} = acquireWorld({});
    const task = taskOf({checksum: digestOf(BYTES)});
    const image = await left(store, task, {osHashAlgo: 'sha512', osHashValue: digestOf(BYTES).hex});
    expect(await clock.run(resumeImage(context, {...task, image}))).toMatchObject({
      image: {id: ID},
      pending: false,
      detail: 'gone on with, nothing was imported again',
    });
    expect([store.calls, source.probed]).toEqual([[], []]);
  });

  it.each([
    ['file:///srv/images/disk%20one.img', 'file:disk one.img'],
    ['file:disk.img', 'file:disk.img'],
    ['-', 'stdin'],
    ['image:22222222-2222-4222-8222-222222222222', 'image:22222222-2222-4222-8222-222222222222@memory'],
    ['image:22222222-2222-4222-8222-222222222222@other', 'image:22222222-2222-4222-8222-222222222222@other'],
    ['volume:22222222-2222-4222-8222-222222222222', 'volume:22222222-2222-4222-8222-222222222222@memory'],
    ['https://example.com/disk.img', undefined],
  ])('records where its bytes came from, as an undisturbed run does: %s', async (url, source) => {
    const {clock, store, context} = acquireWorld({});
    const task = taskOf({url, checksum: digestOf(BYTES)});
    const image = await left(store, task, {osHashAlgo: 'sha512', osHashValue: digestOf(BYTES).hex});
    const {marks} = await clock.run(resumeImage(context, {...task, image}));
    expect(marks).toEqual(source === undefined ? {} : {[SOURCE_FACT]: source});
  });

  it('with other bytes is removed and made anew, with a warning', async () => {
    const {clock, store, context, events} = acquireWorld({});
    const task = taskOf({checksum: digestOf(BYTES)});
    const image = await left(store, task, {osHashAlgo: 'sha512', osHashValue: digestOf(Buffer.from('x')).hex});
    const acquired = await clock.run(resumeImage(context, {...task, image}));
    expect(acquired.image.id).not.toBe(ID);
    expect(deeds(store)).toEqual(['delete', 'create', 'web-download']);
    expect(events).toContainEqual(expect.objectContaining({type: 'warning', code: 'import-restarted', image: ID}));
  });

  it('with a demanded id was compared while it was streamed, so the hash of Glance says nothing against it', async () => {
    const {clock, store, context} = acquireWorld({});
    const task = taskOf({id: ID, checksum: digestOf(BYTES, 'sha256')});
    const image = await left(store, task, {osHashAlgo: 'sha512', osHashValue: 'ab'});
    expect((await clock.run(resumeImage(context, {...task, image}))).image.id).toBe(ID);
    expect(store.calls).toEqual([]);
  });

  it('is waited for while the cloud works on it, and copied to the stores that lack it', async () => {
    const {clock, store, context} = acquireWorld({policy: {stores: ['default', 'b']}});
    const task = taskOf();
    const image = await left(store, task, {status: 'importing'});
    const resumed = resumeImage(context, {...task, image});
    store.images.set(ID, {...image, status: 'active'});
    expect((await clock.run(resumed)).image.stores).toEqual(['default', 'b']);
    expect(store.calls).toEqual([`copy ${ID} b`]);
  });

  it('is removed by an interruption only where it was half-made', async () => {
    for (const [state, calls] of [
      ['importing', [`delete ${ID}`]],
      ['pending', []],
    ] as const) {
      const {clock, store, context, abort} = acquireWorld({});
      const task = taskOf();
      const {properties, ...image} = await left(store, task, {status: 'importing'});
      abort.abort();
      const resumed = resumeImage(context, {
        ...task,
        image: {...image, properties: {...properties, imgmgr_state: state}},
      });
      await expect(clock.run(resumed)).rejects.toMatchObject({code: 'INTERRUPTED'});
      expect(store.calls).toEqual(calls);
    }
  });
});
