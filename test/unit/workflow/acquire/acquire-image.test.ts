import {describe, expect, it} from 'vitest';
import {ImgmgrError} from '../../../../src/errors.ts';
import {acquireImage} from '../../../../src/workflow/acquire/acquire-image.ts';
import {digestOf} from '../memory-source.ts';
import {BYTES, acquireWorld, deeds, taskOf} from './acquire-world.ts';

const OTHER = Buffer.from('other bytes');

describe('the methods', () => {
  it('begin with web-download, and nothing passes through us when it works', async () => {
    const {clock, store, source, context} = acquireWorld({});
    const acquired = await clock.run(acquireImage(context, taskOf({checksum: digestOf(BYTES)})));
    expect(acquired).toMatchObject({pending: false, image: {status: 'active', visibility: 'private'}});
    expect(acquired.detail).toBe('method web-download, disk_format qcow2, stores default');
    expect(deeds(store)).toEqual(['create', 'web-download']);
    expect(source.opened).toEqual([]);
  });

  it('are tried one after the other, and what a failed one left is removed before the next begins', async () => {
    const {clock, store, context, events} = acquireWorld({});
    store.before = (call) => {
      if (/^(?:web-download|stage)/.test(call)) throw new ImgmgrError('UNAVAILABLE', `${call.split(' ')[0]} is down`);
    };
    const acquired = await clock.run(acquireImage(context, taskOf()));
    const each = ['create', 'web-download', 'delete', 'create', 'stage', 'delete', 'create', 'upload'];
    expect(deeds(store)).toEqual(each);
    expect([...store.images.keys()]).toEqual([acquired.image.id]);
    expect(acquired.detail).toBe(
      'method upload, disk_format qcow2, stores default, after web-download failed (web-download is down), after glance-direct failed (stage is down)',
    );
    expect(events.filter((event) => event.type === 'warning').map(({code}) => code)).toEqual([
      'import-fallback',
      'import-fallback',
    ]);
  });

  it('end at a fault of the bytes, and nothing is left', async () => {
    const {clock, store, source, context} = acquireWorld({options: {prefetch: 'always'}});
    source.files.set('https://example.test/1.qcow2', OTHER);
    const task = taskOf({checksum: digestOf(BYTES)});
    await expect(clock.run(acquireImage(context, task))).rejects.toMatchObject({code: 'DIGEST_MISMATCH'});
    expect(deeds(store)).toEqual(['create', 'stage', 'delete']);
    expect(store.images.size).toBe(0);
  });

  it('are left to the cloud with --no-wait', async () => {
    const {clock, store, context} = acquireWorld({policy: {wait: false}});
    const {image, pending} = await clock.run(acquireImage(context, taskOf()));
    expect([pending, image.properties['imgmgr_state']]).toEqual([true, 'pending']);
    expect(deeds(store)).toEqual(['create', 'web-download']);
  });

  it('fill the first store by an upload and copy to the others', async () => {
    const {clock, store, context} = acquireWorld({options: {method: 'upload'}, policy: {stores: ['a', 'b', 'c']}});
    const {image} = await clock.run(acquireImage(context, taskOf()));
    expect(store.calls.slice(1)).toEqual([`upload ${image.id}`, `copy ${image.id} b,c`]);
    expect(image.stores).toEqual(['a', 'b', 'c']);
  });
});

describe('the demanded digest', () => {
  it('is compared with what Glance hashed itself; other bytes are discarded and streamed', async () => {
    const {clock, store, context} = acquireWorld({});
    store.web.set('https://example.test/1.qcow2', OTHER);
    const {image} = await clock.run(acquireImage(context, taskOf({checksum: digestOf(BYTES)})));
    expect(deeds(store)).toEqual(['create', 'web-download', 'delete', 'create', 'stage', 'import']);
    expect(image.osHashValue).toBe(digestOf(BYTES).hex);
  });

  it('of another algorithm than that of Glance is compared while streaming, never by Glance', async () => {
    const {clock, store, source, context} = acquireWorld({});
    await clock.run(acquireImage(context, taskOf({checksum: digestOf(BYTES, 'sha256')})));
    expect(deeds(store)).toEqual(['create', 'stage', 'import']);
    expect(source.opened).toMatchObject([{digest: digestOf(BYTES, 'sha256'), wantSha512: false}]);
  });

  it('is the only one that is computed; sha512 is added for a converted image of the command line, and recorded', async () => {
    const convert = {to: 'raw', compress: false} as const;
    for (const [adHoc, policy, marks] of [
      [false, {convert}, {}],
      [true, {}, {}],
      [true, {convert}, {imgmgr_digests: `sha512:${digestOf(BYTES).hex}`}],
    ] as const) {
      const {clock, source, context} = acquireWorld({adHoc, policy, options: {method: 'upload'}});
      const acquired = await clock.run(acquireImage(context, taskOf()));
      expect(acquired.marks).toEqual(marks);
      const wanted = 'imgmgr_digests' in marks;
      expect([...source.probed, ...source.opened].map(({wantSha512}) => wantSha512)).toEqual([wanted, wanted]);
    }
  });
});

describe('a conversion', () => {
  it('is decided before the record, which has the new format, and keeps the cloud from fetching', async () => {
    const {clock, store, conversions, context} = acquireWorld({policy: {convert: {to: 'raw', compress: false}}});
    store.before = (call) => void conversions.push(call.split(' ')[0] ?? '');
    const {image, detail} = await clock.run(acquireImage(context, taskOf()));
    expect(conversions).toEqual(['tool', `room ${BYTES.length}`, 'create', 'convert qcow2 raw', 'stage', 'import']);
    expect(image.diskFormat).toBe('raw');
    expect(detail).toContain('converted from qcow2 to raw');
  });

  it('is none where the format is the wanted one, and doubtful formats are judged', async () => {
    const convert = {to: 'qcow2', compress: false} as const;
    const same = acquireWorld({policy: {convert}});
    await same.clock.run(acquireImage(same.context, taskOf()));
    expect(same.conversions).toEqual([]);
    const doubtful = acquireWorld({});
    await doubtful.clock.run(acquireImage(doubtful.context, taskOf({}, {format: 'vmdk'})));
    expect(doubtful.conversions).toEqual(['tool', `room ${BYTES.length}`, 'judge vmdk']);
  });

  it('without a room for the source makes nothing', async () => {
    const {clock, store, context} = acquireWorld({policy: {convert: {to: 'raw', compress: false}}});
    const converter = context.converter;
    if (!converter) throw new Error('no converter');
    converter.requireRoom = () => Promise.reject(new ImgmgrError('DISK_FULL', 'no room'));
    await expect(clock.run(acquireImage(context, taskOf()))).rejects.toMatchObject({code: 'DISK_FULL'});
    expect(store.calls).toEqual([]);
  });
});

it('asks nobody for a byte and makes nothing where nothing may be made', async () => {
  const {clock, store, source, context} = acquireWorld({});
  const permitted = Promise.reject(new ImgmgrError('FORBIDDEN', 'not here'));
  await expect(clock.run(acquireImage(context, {...taskOf(), permitted}))).rejects.toMatchObject({code: 'FORBIDDEN'});
  expect([store.calls, source.probed]).toEqual([[], []]);
});

it('removes the record when it is interrupted', async () => {
  const {clock, store, context, abort} = acquireWorld({options: {method: 'web-download'}});
  store.web.clear();
  store.before = (call) => {
    if (call.startsWith('web-download')) abort.abort();
  };
  await expect(clock.run(acquireImage(context, taskOf()))).rejects.toMatchObject({code: 'INTERRUPTED'});
  expect(deeds(store)).toEqual(['create', 'web-download', 'delete']);
});
