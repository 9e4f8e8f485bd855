import {Readable} from 'node:stream';
import {describe, expect, it} from 'vitest';
import type {Version} from '../../../src/core/definition/definition.ts';
import {createFinder} from '../../../src/finders/create-finder.ts';
import type {ImageBuilder} from '../../../src/ports/image-builder.ts';
import type {DigestLocation, ImageSource} from '../../../src/ports/image-source.ts';
import {definition, version} from '../core/plan/plan-world.ts';

const CHECKSUMS = 'https://example.org/SHA256SUMS';
const DIGEST = {algorithm: 'sha256', hex: 'a'} as const;
const signal = new AbortController().signal;

/** A source that refuses everything but what is given. */
function sourceOf(given: Partial<ImageSource>): ImageSource {
  const never = (): Promise<never> => Promise.reject(new Error('not asked for'));
  return {probe: never, open: never, findDigest: never, close: () => Promise.resolve(), ...given};
}

function find(versions: readonly Version[], source: ImageSource) {
  return createFinder({source}).find({definition: definition(versions), baseDir: '/defs', signal});
}

describe('L: the list is asked for the path of the URL, without its query', () => {
  it.each([
    ['https://example.org/images/13/disk.qcow2', '/images/13/disk.qcow2'],
    ['https://example.org/13/disk.qcow2?from=/a/b.img&x=%2F#/c', '/13/disk.qcow2'],
    ['https://example.org/img%2Bplus.qcow2', '/img%2Bplus.qcow2'],
    ['file:images/13/disk.qcow2', 'images/13/disk.qcow2'],
    ['file:100%?.qcow2', '100%?.qcow2'],
    ['file:///srv/my%20image.qcow2', '/srv/my%20image.qcow2'],
    ['http://[bad/x.qcow2', 'http://[bad/x.qcow2'],
  ])('%s', async (url, path) => {
    const asked: DigestLocation[] = [];
    const source = sourceOf({
      findDigest: (wanted) => {
        asked.push(wanted);
        return Promise.resolve(DIGEST);
      },
    });
    const found = await find([version('latest', {url, checksumsUrl: CHECKSUMS})], source);
    expect(asked).toEqual([{kind: 'list', url: CHECKSUMS, path, baseDir: '/defs'}]);
    expect(found).toMatchObject([{kind: 'latest', digest: DIGEST}]);
  });
});

describe('a version', () => {
  it('is found in the order of its definition; a digest of its own is not looked up', async () => {
    const found = await find([version('2', {checksum: DIGEST, checksumUrl: CHECKSUMS}), version('10')], sourceOf({}));
    expect(found.map((one) => (one.kind === 'listed' ? [one.listed.version, one.digest, one.file] : []))).toEqual([
      ['2', DIGEST, undefined],
      ['10', undefined, undefined],
    ]);
  });

  it('that is revoked is not looked up and not read', async () => {
    const revoked = 'does not boot';
    const found = await find(
      [version('1', {checksumsUrl: CHECKSUMS, revoked}), version('2', {url: 'file:x.qcow2', revoked})],
      sourceOf({}),
    );
    expect(found).toMatchObject([
      {kind: 'listed', listed: {version: '1'}},
      {kind: 'listed', listed: {version: '2'}},
    ]);
    expect(found.some((one) => one.kind === 'listed' && (one.digest ?? one.file) !== undefined)).toBe(false);
  });

  it('of a local file is read when its digests are asked for, and once', async () => {
    let opened = 0;
    const source = sourceOf({
      open: ({urls: [url = '']}) => {
        opened++;
        const facts = () => ({digests: [DIGEST], servedBytes: 1, givenBytes: 1});
        return Promise.resolve({url, bytes: Readable.from([Buffer.from('a')]), facts});
      },
    });
    const [one] = await find([version('1', {url: 'file:x.raw'})], source);
    const file = one?.kind === 'listed' ? one.file : undefined;
    expect([opened, typeof file]).toEqual([0, 'function']);
    expect([await file?.(), await file?.(), opened]).toEqual([{served: [DIGEST]}, {served: [DIGEST]}, 1]);
  });
});

it('the upstream of a latest version is asked for its last change and its size only when somebody wants to know', async () => {
  const lastModified = new Date('2026-10-01T10:00:00Z');
  const probed: (readonly string[])[] = [];
  const source = sourceOf({
    probe: ({urls}) => {
      probed.push(urls);
      return Promise.resolve({url: '', lastModified, size: 5, compressed: false, remote: true});
    },
  });
  const mirrored = version('latest', {url: 'https://example.org/x', mirrorUrl: 'https://mirror.test/x'});
  const [one] = await find([mirrored], source);
  expect(probed).toEqual([]);
  expect(one?.kind === 'latest' ? await one.look() : undefined).toEqual({changedAt: lastModified, size: 5});
  expect(probed).toEqual([['https://mirror.test/x', 'https://example.org/x']]);
});

describe('a build', () => {
  const spec = {elements: ['vm'], environment: {}, packages: [], formats: [], compress: true, timeoutSeconds: 1};
  const built = definition([], {build: spec, meta: {architecture: 'x86_64'}});
  const request = {definition: built, baseDir: '/defs', signal};

  it('is its inputs and the builds that are here', async () => {
    const inputs = {hash: 'aaa'};
    const asked: unknown[] = [];
    const builder = {
      inputs: (order: unknown) => {
        asked.push(order);
        return Promise.resolve(inputs);
      },
      artifacts: () => Promise.resolve([]),
    } as unknown as ImageBuilder;
    const found = await createFinder({source: sourceOf({}), builder}).find(request);
    expect(found).toEqual([{kind: 'build', inputs, artifacts: []}]);
    expect(asked).toEqual([{spec, machine: 'x86_64', baseDir: '/defs'}]);
  });

  it('is not looked for without a builder', async () => {
    expect(await createFinder({source: sourceOf({})}).find(request)).toEqual([{kind: 'build', artifacts: []}]);
  });
});
