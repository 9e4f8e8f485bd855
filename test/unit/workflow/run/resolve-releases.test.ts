import {describe, expect, test} from 'vitest';
import type {DigestLocation, ImageSource} from '../../../../src/ports/image-source.ts';
import type {Definition, Version} from '../../../../src/core/definition/definition.ts';
import {DEFAULT_LIMITS} from '../../../../src/core/limits.ts';
import {labelReleases, readDigests} from '../../../../src/workflow/run/resolve-releases.ts';

const place = {file: 'x.yml', line: 1, column: 1};
const never = (): Promise<never> => Promise.reject(new Error('not asked for'));

function definition(version: Partial<Version>): Definition {
  return {
    name: 'X',
    enabled: true,
    format: 'qcow2',
    login: '',
    minDiskGib: 0,
    minRamMib: 0,
    status: 'active',
    visibility: 'public',
    multi: true,
    separator: ' ',
    keep: false,
    protected: false,
    tags: [],
    meta: {},
    place,
    versions: [{version: 'latest', url: 'https://example.org/x.qcow2', meta: {}, place, ...version}],
  };
}

describe('L: the list is asked for the path of the URL, without its query', () => {
  test.each([
    ['https://example.org/images/13/disk.qcow2', '/images/13/disk.qcow2'],
    ['https://example.org/13/disk.qcow2?from=/a/b.img&x=%2F#/c', '/13/disk.qcow2'],
    ['https://example.org/img%2Bplus.qcow2', '/img%2Bplus.qcow2'],
    ['file:images/13/disk.qcow2', 'images/13/disk.qcow2'],
    ['file:100%?.qcow2', '100%?.qcow2'],
    ['file:///srv/my%20image.qcow2', '/srv/my%20image.qcow2'],
    ['http://[bad/x.qcow2', 'http://[bad/x.qcow2'],
  ])('%s', async (url, path) => {
    const asked: DigestLocation[] = [];
    const source: ImageSource = {
      probe: never,
      open: never,
      close: () => Promise.resolve(),
      findDigest: (wanted) => {
        asked.push(wanted);
        return Promise.resolve({algorithm: 'sha256', hex: 'a'});
      },
    };
    const checksumsUrl = 'https://example.org/SHA256SUMS';
    const signal = new AbortController().signal;
    await readDigests(definition({url, checksumsUrl}), {source, baseDir: '/defs', signal});
    expect(asked).toEqual([{kind: 'list', url: checksumsUrl, path, baseDir: '/defs'}]);
  });
});

test.each([
  ['2026-10-01T10:00:00Z', '20261001'],
  ['2099-01-01T00:00:00Z', '20261126'],
])('L: a latest version that was changed on %s is labelled %s on 2026-11-26', async (changed, label) => {
  const source: ImageSource = {
    probe: ({urls: [url = '']}) =>
      Promise.resolve({url, lastModified: new Date(changed), compressed: false, remote: true}),
    open: never,
    findDigest: never,
    close: () => Promise.resolve(),
  };
  const wanted = definition({});
  const releases = await labelReleases(
    wanted.versions.map((listed) => ({listed})),
    {
      definition: wanted,
      images: [],
      source,
      baseDir: '/',
      limits: DEFAULT_LIMITS,
      now: new Date('2026-11-26T10:00:00Z'),
      signal: new AbortController().signal,
    },
  );
  expect(releases.map(({version}) => version)).toEqual([label]);
});
