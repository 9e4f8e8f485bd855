import {buffer} from 'node:stream/consumers';
import {describe, expect, it} from 'vitest';
import type {ExportRequest} from '../../../src/app/export.ts';
import {exportImages} from '../../../src/app/export.ts';
import type {Image} from '../../../src/core/image/image.ts';
import {MANAGED_TAG, stampProperties} from '../../../src/core/image/stamp.ts';
import type {ImageToWrite} from '../../../src/ports/image-target.ts';
import {Readable} from 'node:stream';
import {appWorld} from './app-world.ts';

const ID = (n: number): string => `00000000-0000-4000-8000-00000000000${n}`;
const IMAGE: Image = {
  ...{
    id: ID(1),
    name: 'Debian',
    status: 'active',
    visibility: 'private',
    osHidden: false,
    protected: false,
    owner: 'p',
  },
  ...{tags: [], minDisk: 0, minRam: 0, diskFormat: 'qcow2', containerFormat: 'bare', size: 5, virtualSize: null},
  ...{osHashAlgo: 'sha512', osHashValue: 'ab'.repeat(64), checksum: 'cd'.repeat(16)},
  ...{createdAt: '2026-01-01T00:00:00Z', updatedAt: '2026-01-01T00:00:00Z', stores: []},
  properties: {architecture: 'aarch64'},
};

function ours(id: number, version: string, state: 'current' | 'retired' | 'quarantined', owner = 'p'): Image {
  const stamp = stampProperties({definition: 'Debian 13', version, state, run: 'r', keys: [], applied: {}} as never);
  return {...IMAGE, id: ID(id), name: `Debian 13 (${version})`, owner, tags: [MANAGED_TAG], properties: {...stamp}};
}

/** What the export of this request gives on a cloud with these images. */
async function exported(images: readonly Image[], request: Partial<ExportRequest> = {}) {
  const world = appWorld([]);
  const {store} = world.cloud('a');
  for (const image of images) store.images.set(image.id, image);
  store.download = () => Promise.resolve({bytes: Readable.from([Buffer.from('bytes')])});
  const written: {address: string; force: boolean; image: ImageToWrite; content: string; writing: number}[] = [];
  const ports = {
    ...world.ports,
    targets: () =>
      Promise.resolve({
        open: ({address, force}: {address: string; force: boolean}) =>
          Promise.resolve({
            write: async (image: ImageToWrite) => {
              const content = (await buffer((await image.read()).bytes)).toString();
              written.push({address, force, image, content, writing: world.writing()});
              return {target: address, bytes: 5, digests: image.digests};
            },
          }),
        close: () => Promise.resolve(),
      }),
  };
  const asked = {clouds: [], image: {target: 'Debian'}, to: 'a.qcow2', force: false, ...request};
  const [outcome] = await world.outcomes(exportImages(asked, ports, world.emit));
  return {outcome, written, events: world.events, writing: world.writing(), calls: store.calls};
}
const chosen = async (images: readonly Image[], image: ExportRequest['image']): Promise<string> => {
  const {outcome, events} = await exported(images, {image});
  const [answer] = events.flatMap((event) => (event.type === 'exported' ? [event.image] : []));
  const [error] = outcome?.errors ?? [];
  return answer ?? `${error?.code}: ${error?.message}. ${error?.hint}`;
};

describe('an export', () => {
  it('hands the bytes, and what the cloud says of them, to the place that was named; nothing is written to the cloud', async () => {
    const {outcome, written, events, writing, calls} = await exported([IMAGE]);
    expect(outcome).toMatchObject({errors: [], counts: {failed: 0}});
    expect(written).toMatchObject([
      {address: '/a.qcow2', content: 'bytes', writing: 1, image: {size: 5, format: 'qcow2', architecture: 'aarch64'}},
    ]);
    expect(written[0]?.image.digests).toEqual([{algorithm: 'sha512', hex: 'ab'.repeat(64)}]);
    expect(events.find(({type}) => type === 'exported')).toMatchObject({image: ID(1), target: '/a.qcow2', bytes: 5});
    expect([writing, calls.filter((call) => /create|update|delete/.test(call))]).toEqual([0, []]);
  });

  it('is compared with the md5 of an old image, and warns where the cloud has none', async () => {
    const old = {...IMAGE, osHashAlgo: null, osHashValue: null};
    expect((await exported([old])).written[0]?.image.digests).toEqual([{algorithm: 'md5', hex: 'cd'.repeat(16)}]);
    const bare = {...old, checksum: ''};
    const {events} = await exported([bare]);
    expect(events.filter(({type}) => type === 'warning')).toMatchObject([{code: 'export-not-compared', image: ID(1)}]);
  });

  it('takes a reference as it stands', async () => {
    const {written} = await exported([IMAGE], {to: 'oci://r.example.org/a:1'});
    expect(written[0]?.address).toBe('oci://r.example.org/a:1');
  });

  it('is of one cloud', async () => {
    const {ports, emit, outcomes} = appWorld([], ['a', 'b']);
    const request = {clouds: ['a', 'b'], image: {target: 'x'}, to: 'a', force: false};
    await expect(outcomes(exportImages(request, ports, emit))).rejects.toMatchObject({code: 'USAGE'});
  });

  it.each<[string, Partial<Image>, RegExp]>([
    ['queued', {status: 'queued'}, /has no bytes: it is queued/],
    ['deactivated', {status: 'deactivated'}, /is deactivated/],
    ['a record of volumes', {size: 0, properties: {block_device_mapping: '[]'}}, /stands for snapshots of volumes/],
    ['empty', {size: 0}, /has no bytes/],
  ])('is refused of an image that is %s', async (_, more, message) => {
    const {outcome, written} = await exported([{...IMAGE, ...more}]);
    expect(outcome?.errors).toMatchObject([{code: 'NOT_FOUND', message: expect.stringMatching(message) as string}]);
    expect(written).toEqual([]);
  });
});

describe('which image it is', () => {
  const ALL = [
    IMAGE,
    ours(2, '1', 'retired'),
    ours(3, '2', 'current'),
    ours(4, '3', 'quarantined'),
    ours(5, '4', 'current', 'q'),
  ];

  it.each<[string, ExportRequest['image'], string]>([
    ['an id', {target: ID(4)}, ID(4)],
    ['the current image of a definition', {target: 'Debian 13'}, ID(3)],
    ['a version of it', {target: 'Debian 13', version: '1'}, ID(2)],
    ['the name of an image', {target: 'Debian'}, ID(1)],
  ])('is %s', async (_, image, id) => {
    expect(await chosen(ALL, image)).toBe(id);
  });

  it('is none that failed its verification, nor one of another project', async () => {
    for (const version of ['3', '4'])
      expect(await chosen(ALL, {target: 'Debian 13', version})).toContain(
        `NOT_FOUND: Debian 13 has no image of the version ${version}`,
      );
  });

  it('is none of several: they are listed', async () => {
    const twin = {...IMAGE, id: ID(9)};
    expect(await chosen([IMAGE, twin], {target: 'Debian'})).toMatch(
      /^USAGE: 2 images .* called "Debian"\. give the id: .*9$/,
    );
    const two = await chosen([...ALL, ours(6, '5', 'current')], {target: 'Debian 13'});
    expect(two).toMatch(/^USAGE: Debian 13 has 2 current images on a\. .*--image-version.*2 \(.*5 \(/);
  });

  it('is none of no name', async () => {
    expect(await chosen(ALL, {target: 'Fedora'})).toContain('NOT_FOUND: there is no image "Fedora" on a');
    expect(await chosen(ALL, {target: 'Debian', version: '1'})).toContain('no image of a definition "Debian"');
  });

  it('is the shown one of two that bear its name', async () => {
    expect(await chosen([{...IMAGE, id: ID(9), osHidden: true}, IMAGE], {target: 'Debian'})).toBe(ID(1));
  });
});
