import {afterEach, beforeEach, describe, expect, it} from 'vitest';
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

/** What the last import was asked for. */
function asked(): unknown {
  return table.cloud.writes().findLast(({path}) => path.endsWith('/import'))?.body;
}

function sha512(version: string): string {
  return `sha512:${table.upstream.digest(`/x-${version}.img`)}`;
}

describe('which definitions and versions', () => {
  it('--force processes disabled definitions; without it nothing is done, with a warning', async () => {
    const text = table.x(['1'], {enable: 'false'});
    const ran = await table.manage(text);
    expect([ran.code, ran.warnings, table.cloud.writes()]).toEqual([0, ['no-definitions-enabled'], []]);
    expect((await table.manage(text, '--force')).code).toBe(0);
    expect(table.show()).toEqual(['X | public | generic']);
    await table.expectQuiet();
  });

  it('images of a definition that was disabled stay untouched, without a warning', async () => {
    await table.manage(table.x(['1'], {}, {uuid_validity: 'last-1'}));
    const off = table.x(['2'], {enable: 'false'}, {uuid_validity: 'last-1'});
    const ran = await table.manage([off, table.x([], {name: 'Y'})], '--delete', '--yes', '--hide');
    expect([ran.code, ran.done, ran.warnings, table.show()]).toEqual([0, [], [], ['X | public | generic']]);
  });

  it('--filter selects definitions by name, not images', async () => {
    const texts = [table.x(['1'], {name: 'Debian 12'}), table.x(['1'], {name: 'Ubuntu 24.04'})];
    expect((await table.manage(texts, '--filter', '^Debian')).code).toBe(0);
    expect(table.names()).toEqual(['Debian 12']);
    await table.expectQuiet();
  });

  it('a definition without versions wants nothing and supersedes nothing', async () => {
    await table.manage(table.x(['1'], {}, {uuid_validity: 'last-1'}));
    table.cloud.clearLog();
    const ran = await table.manage(table.x([], {}, {uuid_validity: 'last-1'}), '--delete', '--yes', '--hide');
    expect([ran.code, table.cloud.writes(), table.show()]).toEqual([0, [], ['X | public | generic']]);
  });

  it('a catalogue that goes back republishes what is there', async () => {
    await table.manage(table.x(['1']));
    await table.manage(table.x(['2']));
    const ran = await table.manage(table.x(['1']));
    expect([ran.code, ran.done]).toEqual([0, ['publish 1', 'retire 2']]);
    expect(table.show()).toEqual(['X (2) | public | oldgeneric', 'X | public | generic']);
    expect(fields(table.named('X'), 'internal_version', 'tags')).toEqual([
      '1',
      ['T', 'managed_by_imgmgr', 'os:debian'],
    ]);
    await table.expectQuiet();
  });
});

describe('--replace', () => {
  it('accepts another digest under the same version; without it that is an error, and nothing changes', async () => {
    const text = (): string => table.x([listed('1', `${table.upstream.url}/x-1.img`, {checksum: sha512('1')})]);
    table.serve('1');
    await table.manage(text());
    table.serve('1', Buffer.alloc(40_000, 'respun'));
    table.cloud.clearLog();
    const refused = await table.manage(text());
    expect([refused.code, refused.errors[0]?.code, table.cloud.writes()]).toEqual([1, 'DIGEST_CHANGED', []]);
    expect(refused.errors[0]?.hint).toContain('--replace');
    const ran = await table.manage(text(), '--replace');
    expect(ran.code).toBe(0);
    expect(table.show()).toEqual(['X (1-1) | public | oldgeneric', 'X | public | generic']);
    expect(table.named('X')['imgmgr_digest']).toBe(sha512('1'));
    await table.expectQuiet();
  });

  it('is exit 2 for a version with an id', async () => {
    const id = '11111111-2222-4333-8444-555555555555';
    const text = (): string => table.x([listed('1', `${table.upstream.url}/x-1.img`, {checksum: sha512('1'), id})]);
    table.serve('1');
    await table.manage(text());
    table.serve('1', Buffer.alloc(40_000, 'respun'));
    const ran = await table.manage(text(), '--replace');
    expect([ran.code, ran.errors[0]?.code, table.names()]).toEqual([2, 'USAGE', ['X']]);
  });
});

describe('--tag', () => {
  it('adds a tag to current images, keeps it without the flag, and takes it off when the image retires', async () => {
    await table.manage(table.x(['1']), '--tag', 'blue');
    expect(table.named('X')['tags']).toContain('blue');
    await table.expectQuiet();
    expect((await table.manage(table.x(['1']))).done).toEqual([]);
    await table.manage(table.x(['2']), '--tag', 'blue');
    expect(table.named('X (1)')['tags']).toEqual(['managed_by_imgmgr']);
    expect(table.named('X')['tags']).toContain('blue');
    await table.expectQuiet();
  });

  it('reaches an image that is there already in one PATCH', async () => {
    await table.manage(table.x(['1']));
    const ran = await table.manage(table.x(['1']), '--tag', 'blue');
    expect([ran.done, table.named('X')['tags']]).toEqual([
      ['update 1'],
      ['T', 'blue', 'managed_by_imgmgr', 'os:debian'],
    ]);
    await table.expectQuiet();
  });
});

describe('ways of retiring', () => {
  const ways = [
    ['renamed', 'X (1) | public | oldgeneric'],
    ['hidden', 'X | public | hidden | oldgeneric'],
    ['renamed-by-date', 'X 20260102 | public | oldgeneric'],
    ['community', 'X (1) | community | oldgeneric'],
    ['deactivated', 'X (1) | public | oldgeneric'],
  ] as const;

  it.each(ways)('--retire-as %s, at the rotation', async (way, line) => {
    await table.manage(table.x(['1']));
    expect((await table.manage(table.x(['2']), '--retire-as', way)).code).toBe(0);
    expect(table.show()).toEqual([line, 'X | public | generic'].sort());
    expect(table.cloud.views().find((view) => view['internal_version'] === '1')?.['tags']).toEqual([
      'managed_by_imgmgr',
    ]);
    await table.expectQuiet();
  });

  it.each(ways)('retire_as: %s in the definition does the same', async (way, line) => {
    await table.manage(table.x(['1'], {retire_as: way}));
    expect((await table.manage(table.x(['2'], {retire_as: way}))).code).toBe(0);
    expect(table.show()).toEqual([line, 'X | public | generic'].sort());
    await table.expectQuiet();
  });

  it.each([
    ['renamed-by-date', 'X 20260102 | public | oldgeneric'],
    ['community', 'X (1) | community | oldgeneric'],
    ['hidden', 'X (1) | public | hidden | oldgeneric'],
  ])('--retire-as %s reaches what was retired before; the definition alone would not', async (way, line) => {
    await table.manage(table.x(['1']));
    await table.manage(table.x(['2']));
    const reported = await table.manage(table.x(['2'], {retire_as: way}));
    expect([reported.code, reported.done]).toEqual([0, []]);
    expect((await table.manage(table.x(['2']), '--retire-as', way)).code).toBe(0);
    expect(table.show()).toEqual([line, 'X | public | generic'].sort());
    await table.expectQuiet();
  });

  it('--retire-as goes before retire_as', async () => {
    await table.manage(table.x(['1'], {retire_as: 'community'}));
    await table.manage(table.x(['2'], {retire_as: 'community'}), '--retire-as', 'hidden');
    expect(table.show()).toEqual(['X | public | generic', 'X | public | hidden | oldgeneric']);
  });

  it.each(ways.map(([way]) => way))('multi: false keeps its name with --retire-as %s', async (way) => {
    await table.manage(table.n(['1', '2']));
    expect((await table.manage(table.n(['2']), '--retire-as', way)).code).toBe(0);
    expect(table.names()).toEqual(['X 1', 'X 2']);
    expect(table.named('X 1')['os_purpose']).toBe('oldgeneric');
    await table.expectQuiet();
  });

  it.each([
    ['--deactivate', ['--deactivate']],
    ['--retire-as deactivated', ['--retire-as', 'deactivated']],
  ])('%s acts only beyond the promise', async (_title, flags) => {
    const text = (version: string): string => table.x([version], {}, {uuid_validity: 'last-2'});
    for (const version of ['1', '2', '3']) await table.manage(text(version));
    expect((await table.manage(text('3'), ...flags)).done).toEqual(['deactivate 1']);
    expect(table.show()).toEqual([
      'X (1) | public | deactivated | oldgeneric',
      'X (2) | public | oldgeneric',
      'X | public | generic',
    ]);
    await table.expectQuiet();
  });

  it('an unknown way is exit 2 with the nearest one', async () => {
    const ran = await table.manage(table.x(['1']), '--retire-as', 'rename');
    expect([ran.code, table.cloud.requests]).toEqual([2, []]);
    expect(ran.text).toContain('did you mean renamed?');
  });
});

describe('stopping early', () => {
  it('--no-publish leaves a private, hidden candidate; a second such run does nothing; manage publishes it', async () => {
    const ran = await table.manage(table.x(['1']), '--no-publish');
    expect([ran.code, ran.done]).toEqual([0, ['acquire 1']]);
    expect(table.show()).toEqual(['X (1) | private | hidden | oldgeneric']);
    expect(table.named('X (1)')['tags']).toEqual(['managed_by_imgmgr']);
    await table.expectQuiet();
    const published = await table.manage(table.x(['1']));
    expect([published.code, published.done, table.show()]).toEqual([0, ['publish 1'], ['X | public | generic']]);
    await table.expectQuiet();
  });

  it('--no-publish leaves the base alone', async () => {
    await table.manage(table.x(['1']));
    await table.manage(table.x(['2']), '--no-publish');
    expect(table.show()).toEqual(['X (2) | private | hidden | oldgeneric', 'X | public | generic']);
    expect(table.named('X')['internal_version']).toBe('1');
    await table.expectQuiet();
  });

  it('--no-wait: exit 0 with what is pending; again: still pending, no write; then manage publishes', async () => {
    const letGo = table.cloud.holdImports();
    const ran = await table.manage(table.x(['1']), '--no-wait');
    expect([ran.code, ran.counts['pending'], ran.counts['imported']]).toEqual([0, 1, 0]);
    expect(table.show()).toEqual(['X (1) | private | hidden | queued | oldgeneric']);
    table.cloud.clearLog();
    const again = await table.manage(table.x(['1']), '--no-wait');
    expect([again.code, again.counts['pending'], table.cloud.writes()]).toEqual([0, 1, []]);
    letGo();
    const ended = await table.manage(table.x(['1']));
    expect([ended.code, ended.done, table.show()]).toEqual([0, ['resume 1', 'publish 1'], ['X | public | generic']]);
    await table.expectQuiet();
  });

  it('--no-wait with another method uploads, stops before publishing, and counts it as pending', async () => {
    const ran = await table.manage(table.x(['1']), '--no-wait', '--method', 'upload');
    expect([ran.code, ran.counts['pending']]).toEqual([0, 1]);
    expect(table.show()).toEqual(['X (1) | private | hidden | oldgeneric']);
    expect((await table.manage(table.x(['1']))).done).toEqual(['publish 1']);
  });
});

describe('how the bytes travel', () => {
  it.each([
    ['web-download', ['POST import']],
    ['glance-direct', ['PUT stage', 'POST import']],
    ['upload', ['PUT file']],
  ])('--method %s', async (method, calls) => {
    const ran = await table.manage(table.x(['1']), '--method', method);
    expect(ran.code).toBe(0);
    const seen = table.cloud
      .writes()
      .map(({method: verb, path}) => `${verb} ${path.replace(/^.*\//, '')}`)
      .filter((call) => /import|stage|file/.test(call));
    expect([seen, table.show()]).toEqual([calls, ['X | public | generic']]);
    await table.expectQuiet();
  });

  it('--method web-download for what the cloud cannot fetch is exit 2, nothing stays', async () => {
    const ran = await table.manage(
      table.x([listed('1', table.serve('1'), {checksum: `md5:${'0'.repeat(32)}`})]),
      ...['--method', 'web-download'],
    );
    expect([ran.code, ran.errors[0]?.code, table.names()]).toEqual([2, 'USAGE', []]);
  });

  it('--method that this cloud does not offer is exit 2 with what it offers', async () => {
    await reopen({importMethods: ['web-download']});
    const ran = await table.manage(table.x(['1']), '--method', 'glance-direct');
    expect([ran.code, table.names()]).toEqual([2, []]);
    expect(ran.errors[0]?.message).toContain('web-download');
  });

  it('a cloud that cannot import at all gets the bytes uploaded', async () => {
    await reopen({importMethods: [], multiStore: false});
    expect((await table.manage(table.x(['1']))).code).toBe(0);
    expect(table.show()).toEqual(['X | public | generic']);
    await table.expectQuiet();
  });

  it.each(['web-download', 'glance-direct', 'upload'])(
    '--stores with %s: the bytes are in all of them',
    async (method) => {
      const ran = await table.manage(table.x(['1']), '--stores', 'file,fast', '--method', method);
      expect(ran.code).toBe(0);
      if (method !== 'upload') expect(asked()).toMatchObject({stores: ['file', 'fast']});
      expect(String(table.named('X')['stores']).split(',').sort()).toEqual(['fast', 'file']);
      await table.expectQuiet();
    },
  );

  it('--stores mends an image that is missing from one', async () => {
    await table.manage(table.x(['1']));
    expect(table.named('X')['stores']).toBe('file');
    const ran = await table.manage(table.x(['1']), '--stores', 'file', '--stores', 'fast');
    expect([ran.code, ran.done]).toEqual([0, ['copy 1']]);
    expect(String(table.named('X')['stores']).split(',').sort()).toEqual(['fast', 'file']);
    await table.expectQuiet();
  });

  it.each([[['--method', 'web-download', '--prefetch', 'always']], [['--method', 'upload', '--prefetch', 'never']]])(
    '%j contradict each other: exit 2',
    async (flags) => {
      const ran = await table.manage(table.x(['1']), ...flags);
      expect([ran.code, table.cloud.requests]).toEqual([2, []]);
    },
  );
});
