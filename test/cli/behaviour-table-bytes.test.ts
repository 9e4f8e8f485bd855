import {setTimeout as sleep} from 'node:timers/promises';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {makeQcow2} from '../fakes/disk-image.ts';
import type {FakeCloudOptions} from '../fakes/fake-cloud.ts';
import {listed} from './operator.ts';
import type {Table} from './table.ts';
import {fields, openTable} from './table.ts';

let table: Table;

beforeEach(async () => {
  table = await openTable();
});
afterEach(async () => table.close());

async function reopen(options: FakeCloudOptions): Promise<void> {
  await table.close();
  table = await openTable(options);
}

/** Imports that take longer than a first look. */
const SLOW: FakeCloudOptions = {importDelayMs: 300};

/** Version 1 with the digest of its bytes. */
function authenticated(changes: Readonly<Record<string, string>> = {}): string {
  const url = table.serve('1');
  return table.x([listed('1', url, {checksum: `sha512:${table.upstream.digest('/x-1.img')}`, ...changes})]);
}

/** How often each method was asked for. */
function imports(): string[] {
  return table.cloud
    .writes()
    .filter(({path}) => path.endsWith('/import'))
    .map(({body}) => (body as {readonly method: {readonly name: string}}).method.name);
}

describe('a cloud that does not import', () => {
  it('row 29: stuck, --prefetch never, --stuck-retry 1: the first image is deleted, a second attempt is made', async () => {
    await reopen(SLOW);
    table.cloud.misbehave('imageStuckInQueued');
    const ran = await table.manage(
      table.x(['1']),
      ...['--prefetch', 'never', '--stuck-retry', '1', '--import-timeout', '12'],
    );
    expect([ran.code, ran.warnings, imports()]).toEqual([0, ['import-fallback'], ['web-download', 'web-download']]);
    expect(table.show()).toEqual(['X | public | generic']);
    await table.expectQuiet();
  });

  it('row 29: given back as queued, --stuck-retry 1: the same', async () => {
    table.cloud.misbehave('importFailsBackToQueued');
    const ran = await table.manage(table.x(['1']), '--prefetch', 'never', '--stuck-retry', '1');
    expect([ran.code, imports()]).toEqual([0, ['web-download', 'web-download']]);
    expect(table.show()).toEqual(['X | public | generic']);
  });

  it('row 29: --prefetch never without --stuck-retry: one attempt, nothing stays, exit 1', async () => {
    table.cloud.misbehave('importFailsBackToQueued', {times: Infinity});
    const ran = await table.manage(table.x(['1']), '--prefetch', 'never');
    expect([ran.code, ran.errors[0]?.code, imports()]).toEqual([1, 'IMPORT_FAILED', ['web-download']]);
    expect(table.names()).toEqual([]);
  });

  it('row 30: stuck, on-stuck: the leftover is deleted, the proven bytes come by glance-direct, exit 0', async () => {
    await reopen(SLOW);
    table.cloud.misbehave('imageStuckInQueued', {times: Infinity, match: {method: 'POST', body: /web-download/}});
    const ran = await table.manage(authenticated(), '--prefetch', 'on-stuck', '--import-timeout', '12');
    expect([ran.code, imports()]).toEqual([0, ['web-download', 'glance-direct']]);
    expect(table.show()).toEqual(['X | public | generic']);
    expect(table.named('X')['imgmgr_digest']).toBe(`sha512:${table.upstream.digest('/x-1.img')}`);
    await table.expectQuiet();
  });

  it('row 30: stuck, on-stuck, and the bytes are others than demanded: nothing stays, exit 1', async () => {
    table.cloud.misbehave('imageStuckInQueued', {times: Infinity, match: {method: 'POST', body: /web-download/}});
    const ran = await table.manage(authenticated({checksum: `sha512:${'0'.repeat(128)}`}), '--import-timeout', '4');
    expect([ran.code, ran.errors[0]?.code, table.names()]).toEqual([1, 'DIGEST_MISMATCH', []]);
  });

  it('row 31: a web-download that is refused outright falls back too', async () => {
    table.cloud.misbehave('conflict409', {times: Infinity, match: {method: 'POST', body: /web-download/}});
    const ran = await table.manage(table.x(['1']));
    expect([ran.code, imports()]).toEqual([0, ['web-download', 'glance-direct']]);
    expect(table.show()).toEqual(['X | public | generic']);
    await table.expectQuiet();
  });

  it('row 31: a record that cannot be created for the first way is created for the next', async () => {
    table.cloud.misbehave('conflict409', {after: 1, match: {method: 'POST', path: /^\/v2\/images$/}});
    const ran = await table.manage(table.x(['1']));
    expect([ran.code, ran.warnings, imports()]).toEqual([0, ['import-fallback'], ['glance-direct']]);
    expect(table.show()).toEqual(['X | public | generic']);
  });

  it('row 37: an image that the cloud kills ends the wait at once, nothing stays', async () => {
    table.cloud.misbehave('importNeverEnds', {times: Infinity});
    const stop = table.cloud.interceptWrites({
      answered: async ({path}) => {
        // By then the fake has begun.
        await sleep(100);
        const id = /^\/v2\/images\/([^/]+)\/import$/.exec(path)?.[1];
        if (id !== undefined) table.cloud.images.change(id, 'the cloud', (record) => (record.status = 'killed'));
        return undefined;
      },
    });
    const ran = await table.manage(table.x(['1']), '--prefetch', 'never');
    stop();
    expect([ran.code, ran.errors[0]?.code, table.names()]).toEqual([1, 'IMPORT_FAILED', []]);
    expect(ran.errors[0]?.message).toContain('killed');
  });

  it('row 37: an import past its deadline ends at its deadline, nothing stays, exit 75', async () => {
    table.cloud.misbehave('importNeverEnds', {times: Infinity});
    const ran = await table.manage(table.x(['1']), '--prefetch', 'never', '--import-timeout', '1');
    expect([ran.code, ran.errors[0]?.code, table.names()]).toEqual([75, 'TIMEOUT', []]);
  });

  it('row 37: an import that never ends leaves time for the next way', async () => {
    await reopen(SLOW);
    table.cloud.misbehave('importNeverEnds', {times: Infinity, match: {method: 'POST', body: /web-download/}});
    const ran = await table.manage(table.x(['1']), '--import-timeout', '4');
    expect([ran.code, imports()]).toEqual([0, ['web-download', 'glance-direct']]);
    expect(table.show()).toEqual(['X | public | generic']);
  });
});

describe('--prefetch always', () => {
  it('row 33: bytes that are others than demanded: no image, exit 1', async () => {
    const ran = await table.manage(authenticated({checksum: `sha512:${'0'.repeat(128)}`}), '--prefetch', 'always');
    expect([ran.code, ran.errors[0]?.code, table.names()]).toEqual([1, 'DIGEST_MISMATCH', []]);
    expect(imports()).toEqual([]);
  });

  it('row 33: a source that refuses: no image, exit 1', async () => {
    const text = authenticated();
    table.upstream.misbehave('forbidden403', {times: Infinity});
    const ran = await table.manage(text, '--prefetch', 'always');
    expect([ran.code, ran.errors[0]?.code, table.names()]).toEqual([1, 'SOURCE_REFUSED', []]);
  });

  it('row 34: too little room: told before a byte travels, no image', async () => {
    await reopen({quota: {mebibytes: 1}});
    table.serve('1', Buffer.alloc(2 ** 21));
    const ran = await table.manage(
      table.x([listed('1', `${table.upstream.url}/x-1.img`)]),
      ...['--prefetch', 'always'],
    );
    expect([ran.code, ran.errors[0]?.code, table.names()]).toEqual([75, 'QUOTA', []]);
    expect(ran.errors[0]?.message).toContain('2097152');
    expect(table.upstream.requests.map(({sent}) => sent).filter((sent) => sent > 2 ** 20)).toEqual([]);
  });

  it('row 34: a size that nobody tells does not stop it', async () => {
    table.upstream.misbehave('noContentLength', {times: Infinity});
    expect((await table.manage(table.x(['1']), '--prefetch', 'always')).code).toBe(0);
    expect(table.named('X')).toMatchObject({size: 50_000, visibility: 'public'});
    await table.expectQuiet();
  });

  it('row 35: an id that is taken: exit 1, the id is named, no stack, the other image is untouched', async () => {
    const id = '11111111-2222-4333-8444-555555555555';
    table.cloud.seed({id, name: 'theirs', owner: 'somebody'});
    const ran = await table.manage(table.x([listed('1', table.serve('1'), {id})]), ...['--prefetch', 'always']);
    expect([ran.code, ran.errors[0]?.code]).toEqual([1, 'CONFLICT']);
    expect(`${ran.errors[0]?.message ?? ''} ${ran.errors[0]?.place ?? ''}`).toContain(id);
    expect(ran.text).not.toMatch(/\n\s+at /);
    expect(table.names()).toEqual(['theirs']);
  });
});

describe('what the bytes are', () => {
  it('D1: bytes that are others than demanded are never public, the image is removed, exit 1', async () => {
    const watch = table.cloud.watch();
    const ran = await table.manage(authenticated({checksum: `sha512:${'0'.repeat(128)}`}), '--prefetch', 'never');
    expect([ran.code, ran.errors[0]?.code, table.names()]).toEqual([1, 'DIGEST_MISMATCH', []]);
    expect(watch.instants.flatMap(({images}) => images)).toEqual([]);
    watch.stop();
  });

  it('row 41: min_disk is raised to the disk inside, in the publishing, and told', async () => {
    const url = table.serve('1', makeQcow2({virtualBytes: 9 * 2 ** 30 + 512}));
    const ran = await table.manage(table.x([listed('1', url)], {format: 'qcow2', min_disk: '8'}));
    expect([ran.code, table.named('X')['min_disk'], ran.warnings]).toEqual([0, 10, ['min-disk-raised']]);
    await table.expectQuiet();
  });

  it('row 41: a stored size of 9 GiB and one byte raises min_disk 8 to 10', async () => {
    const text = table.x(['1'], {min_disk: '8'});
    await table.manage(text);
    table.byHand('X', {size: 9 * 2 ** 30 + 1});
    const ran = await table.manage(text);
    expect([ran.code, ran.done, fields(table.named('X'), 'min_disk')]).toEqual([0, ['update 1'], [10]]);
    await table.expectQuiet();
  });

  it('row 39, D22: a definition that gains a tag and status deactivated: added, deactivated; a foreign tag stays', async () => {
    await table.manage(table.x(['1'], {tags: '[old_tag]'}));
    table.byHand('X', {tags: [...(table.named('X')['tags'] as string[]), 'theirs']});
    const ran = await table.manage(table.x(['1'], {tags: '[my_tag]', status: 'deactivated'}));
    expect([ran.code, ran.done]).toEqual([0, ['deactivate 1', 'update 1']]);
    expect(table.show()).toEqual(['X | public | deactivated | generic']);
    expect([...(table.named('X')['tags'] as string[])].sort()).toEqual([
      'managed_by_imgmgr',
      'my_tag',
      'os:debian',
      'theirs',
    ]);
    await table.expectQuiet();
  });

  it('row 39: a first import with status deactivated is deactivated and stays so', async () => {
    expect((await table.manage(table.x(['1'], {status: 'deactivated', tags: '[my_tag]'}))).code).toBe(0);
    expect(table.show()).toEqual(['X | public | deactivated | generic']);
    await table.expectQuiet();
  });
});
