import {createHash} from 'node:crypto';
import {writeFile} from 'node:fs/promises';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import type {ImageView} from '../fakes/glance/image-table.ts';
import {listed} from './operator.ts';
import type {Table} from './table.ts';
import {fields, openTable} from './table.ts';

let table: Table;

beforeEach(async () => {
  table = await openTable();
});
afterEach(async () => table.close());

const TAGS = ['T', 'managed_by_imgmgr', 'os:debian'];

describe('a first import', () => {
  it('row 1: a private, tagged, fully described record; web-download; then public under the plain name', async () => {
    const ran = await table.manage(table.x(['1']));
    expect([ran.code, ran.done]).toEqual([0, ['acquire 1', 'publish 1']]);
    const create = table.cloud.writes().find(({body}) => (body as ImageView | undefined)?.['imgmgr_version'] === '1');
    expect(create).toMatchObject({
      method: 'POST',
      path: '/v2/images',
      body: {
        visibility: 'private',
        os_hidden: true,
        tags: ['managed_by_imgmgr'],
        container_format: 'bare',
        disk_format: 'raw',
        min_disk: 1,
        min_ram: 64,
        os_distro: 'debian',
        os_purpose: 'oldgeneric',
      },
    });
    const bring = table.cloud.writes().find(({path}) => path.endsWith('/import'));
    expect(bring?.body).toMatchObject({
      method: {name: 'web-download', uri: `${table.upstream.url}/x-1.img`},
    });
    expect(table.show()).toEqual(['X | public | generic']);
    const image = table.named('X');
    expect(image).toMatchObject({
      status: 'active',
      internal_version: '1',
      image_name: 'X',
      image_description: 'X',
      image_original_user: 'debian',
      image_build_date: '2026-01-02',
      image_source: `${table.upstream.url}/x-1.img`,
      architecture: 'x86_64',
      uuid_validity: 'last-3',
    });
    expect(image['tags']).toEqual(TAGS);
    await table.expectQuiet();
  });

  it('row 2, D19: --dry-run writes nothing and exits 3', async () => {
    const ran = await table.manage(table.x(['1']), '--dry-run');
    expect([ran.code, table.cloud.writes(), table.names()]).toEqual([3, [], []]);
    await table.expectQuiet();
  });

  it('row 3: multi: false with separator "-" is X-1', async () => {
    expect((await table.manage(table.n(['1'], {separator: "'-'"}))).code).toBe(0);
    expect(table.show()).toEqual(['X-1 | public | generic']);
    expect(table.named('X-1')['os_version']).toBe('1');
    await table.expectQuiet();
  });

  it('row 5: a file is staged and imported by glance-direct; image_source is private, its name is on record', async () => {
    await writeFile(join(table.folder, 'b.img'), Buffer.alloc(10_000, 'b'));
    const text = table.x([listed('1', `file://${table.folder}/b.img`)]);
    expect((await table.manage(text)).code).toBe(0);
    expect(table.upstream.requests).toEqual([]);
    const calls = table.cloud.writes().map(({method, path}) => `${method} ${path.replace(/^.*\//, '')}`);
    expect(calls).toContain('PUT stage');
    expect(table.cloud.writes().find(({path}) => path.endsWith('/import'))?.body).toMatchObject({
      method: {name: 'glance-direct'},
    });
    expect(table.named('X')).toMatchObject({image_source: 'private', visibility: 'public', size: 10_000});
    await table.expectQuiet();
    // As an earlier version left it: one PATCH, and then nothing.
    const {id} = table.named('X');
    expect(JSON.stringify(table.named('X'))).toContain('file:b.img');
    expect(JSON.stringify(table.named('X'))).not.toContain(`${table.folder}/b.img`);
    table.cloud.images.change(String(id), 'an earlier version', (image) =>
      Object.assign(image.properties, {image_source: 'file:b.img'}),
    );
    table.cloud.clearLog();
    expect((await table.manage(text)).code).toBe(0);
    expect(table.cloud.writes().filter(({method}) => method === 'PATCH')).toHaveLength(1);
    expect(table.named('X')['image_source']).toBe('private');
    await table.expectQuiet();
  });

  it('row 9: the bytes come from mirror_url, image_source stays url', async () => {
    table.serve('1');
    const text = table.x([listed('1', 'https://example.invalid/a.img', {mirror_url: `${table.upstream.url}/x-1.img`})]);
    expect((await table.manage(text)).code).toBe(0);
    expect(table.cloud.writes().find(({path}) => path.endsWith('/import'))?.body).toMatchObject({
      method: {uri: `${table.upstream.url}/x-1.img`},
    });
    expect(table.named('X')).toMatchObject({image_source: 'https://example.invalid/a.img', visibility: 'public'});
    await table.expectQuiet();
  });

  it('row 42: overrides of a version: `X (1)` private with its os_version, X public with that of meta', async () => {
    const url = table.serve('1');
    const text = table.x([listed('1', url, {visibility: 'private', os_version: 'a'}), '2']);
    expect((await table.manage(text)).code).toBe(0);
    expect(table.show()).toEqual(['X (1) | private | oldgeneric', 'X | public | generic']);
    expect([table.named('X (1)')['os_version'], table.named('X')['os_version']]).toEqual(['a', '12']);
    await table.expectQuiet();
  });

  it('row 43: id: becomes the Glance id', async () => {
    const id = '11111111-2222-4333-8444-555555555555';
    expect((await table.manage(table.x([listed('1', table.serve('1'), {id})]))).code).toBe(0);
    expect(table.named('X')['id']).toBe(id);
    await table.expectQuiet();
  });
});

describe('one failure among several definitions', () => {
  const other = (): string => table.x(['9'], {name: 'Other'});

  it('row 6: a file is missing: the other one is imported, exit 1', async () => {
    const ran = await table.manage([table.x([listed('1', 'file:///not/there.img')]), other()]);
    expect([ran.code, ran.counts['imported'], ran.counts['failed']]).toEqual([1, 1, 1]);
    expect(ran.errors[0]?.message).toContain('/not/there.img');
    expect(table.show()).toEqual(['Other | public | generic']);
  });

  it('row 7: the source answers 404: the other one is imported, exit 1, nothing half-made stays', async () => {
    const ran = await table.manage([table.x([listed('1', `${table.upstream.url}/gone.img`)]), other()]);
    expect([ran.code, ran.counts['imported'], ran.counts['failed']]).toEqual([1, 1, 1]);
    expect(ran.errors).toMatchObject([{code: 'SOURCE_REFUSED'}]);
    expect(table.show()).toEqual(['Other | public | generic']);
  });

  it('row 55, D18: cleanup is skipped for the failed definition only; exit 1', async () => {
    const last1 = {uuid_validity: 'last-1'};
    const texts = (a: readonly string[], b: readonly string[]): string[] => [
      table.x(a, {name: 'A'}, last1),
      table.x(b, {name: 'B'}, last1),
    ];
    await table.manage(texts(['1'], ['1']));
    await table.manage(texts(['2'], ['2']));
    expect(table.names()).toEqual(['A', 'A (1)', 'B', 'B (1)']);
    const broken = listed('3', `${table.upstream.url}/gone.img`);
    const ran = await table.manage(texts([broken], ['2']), '--delete', '--yes');
    expect([ran.code, ran.done]).toEqual([1, ['delete 1']]);
    expect(table.names()).toEqual(['A', 'A (1)', 'B']);
    expect(table.named('A')).toMatchObject({internal_version: '2', os_purpose: 'generic'});
  });
});

describe('names and rotation of multi: true', () => {
  it.each([[[]], [['--latest']]])('row 10: the base is the listed version (%j): no write', async (flags) => {
    await table.manage(table.x(['1']));
    table.cloud.clearLog();
    const ran = await table.manage(table.x(['1']), ...flags);
    expect([ran.code, ran.done, table.cloud.writes()]).toEqual([0, [], []]);
  });

  it.each([[[]], [['--latest']]])('row 10: all three are there (%j): no write', async (flags) => {
    await table.manage(table.x(['1', '2', '3']));
    table.cloud.clearLog();
    const ran = await table.manage(table.x(['1', '2', '3']), ...flags);
    expect([ran.code, ran.done, table.cloud.writes()]).toEqual([0, [], []]);
  });

  it.each([[['--latest']], [[]]])('row 11, D2, D16: version 2 over base 1 (%j) rotates', async (flags) => {
    await table.manage(table.x(['1']));
    const ran = await table.manage(table.x(['2']), ...flags);
    expect([ran.code, ran.done]).toEqual([0, ['acquire 2', 'publish 2', 'retire 1']]);
    expect(table.show()).toEqual(['X (1) | public | oldgeneric', 'X | public | generic']);
    expect([table.named('X')['internal_version'], table.named('X')['tags']]).toEqual(['2', TAGS]);
    expect(table.named('X (1)')['tags']).toEqual(['managed_by_imgmgr']);
    await table.expectQuiet();
  });

  it('row 13: M[1,2,3] gives `X (1)`, `X (2)` and X = 3', async () => {
    expect((await table.manage(table.x(['1', '2', '3']))).code).toBe(0);
    expect(table.show()).toEqual([
      'X (1) | public | oldgeneric',
      'X (2) | public | oldgeneric',
      'X | public | generic',
    ]);
    expect(['X (1)', 'X (2)', 'X'].map((name) => table.named(name)['internal_version'])).toEqual(['1', '2', '3']);
    expect(table.named('X (2)')['tags']).toEqual(['managed_by_imgmgr']);
    await table.expectQuiet();
  });

  it('row 14: M[2,3,4] over that imports only 4; `X (1)` alone may be deleted', async () => {
    await table.manage(table.x(['1', '2', '3']));
    const ran = await table.manage(table.x(['2', '3', '4']));
    expect([ran.code, ran.done]).toEqual([0, ['acquire 4', 'publish 4', 'retire 3']]);
    expect(table.names()).toEqual(['X', 'X (1)', 'X (2)', 'X (3)']);
    const asked = await table.run('delete', table.x(['2', '3', '4']));
    expect(asked.lines.find(({type}) => type === 'deletable')?.images).toMatchObject([{name: 'X (1)'}]);
    await table.manage(table.x(['2', '3', '4']));
    await table.expectQuiet();
  });

  it('row 15: M[1,2,3] --latest imports only 3, named X', async () => {
    const ran = await table.manage(table.x(['1', '2', '3']), '--latest');
    expect([ran.code, ran.done]).toEqual([0, ['acquire 3', 'publish 3']]);
    expect(table.show()).toEqual(['X | public | generic']);
    await table.expectQuiet();
  });

  it('row 17: natural order: of 10 and 9, X is 10', async () => {
    await table.manage(table.x(['10', '9']));
    expect([table.named('X')['internal_version'], table.named('X (9)')['internal_version']]).toEqual(['10', '9']);
    await table.expectQuiet();
  });
});

describe('version: latest', () => {
  const DAY = new Date('2026-01-05T10:00:00Z');
  const put = (content: string, day: Date): void => {
    table.upstream.put('/x.img', Buffer.alloc(20_000, content), {lastModified: day});
    table.upstream.putDigests('/SUMS', {algorithm: 'sha512', names: ['x.img']});
  };
  const text = (): string =>
    table.x([`- {version: latest, url: '${table.upstream.url}/x.img', checksums_url: '${table.upstream.url}/SUMS'}`]);

  it('row 18: internal_version is the Last-Modified day, upstream_checksum the digest of the list', async () => {
    put('a', DAY);
    expect((await table.manage(text())).code).toBe(0);
    expect(table.show()).toEqual(['X | public | generic']);
    expect(fields(table.named('X'), 'internal_version', 'upstream_checksum', 'os_hash_value')).toEqual([
      '20260105',
      table.upstream.digest('/x.img'),
      table.upstream.digest('/x.img'),
    ]);
    await table.expectQuiet();
  });

  it('row 19: the same digest writes nothing, also when the file was touched', async () => {
    put('a', DAY);
    await table.manage(text());
    put('a', new Date('2026-02-01T10:00:00Z'));
    await table.expectQuiet();
  });

  it('row 19: another digest rotates: the old one is `X (YYYYMMDD)`', async () => {
    put('a', DAY);
    await table.manage(text());
    put('b', new Date('2026-02-01T10:00:00Z'));
    expect((await table.manage(text())).code).toBe(0);
    expect(table.show()).toEqual(['X (20260105) | public | oldgeneric', 'X | public | generic']);
    expect(fields(table.named('X'), 'internal_version', 'upstream_checksum')).toEqual([
      '20260201',
      table.upstream.digest('/x.img'),
    ]);
    await table.expectQuiet();
  });
});

describe('digests that stand upstream', () => {
  const bare = (url: string): string => table.x([listed('1', table.serve('1'), {checksum_url: url})]);
  const list = (url: string): string => table.x([listed('1', table.serve('1'), {checksums_url: url})]);

  it('row 21: checksum_url with one digest and a newline is accepted', async () => {
    table.serve('1');
    table.upstream.put('/one', `${table.upstream.digest('/x-1.img')}\n`, {contentType: 'text/plain'});
    expect((await table.manage(bare(`${table.upstream.url}/one`))).code).toBe(0);
    expect(table.named('X')['imgmgr_digest']).toBe(`sha512:${table.upstream.digest('/x-1.img')}`);
    await table.expectQuiet();
  });

  it('row 21: checksum_url that answers with a web page is refused', async () => {
    table.upstream.put('/one', '<html><body>sign in</body></html>', {contentType: 'text/html'});
    const ran = await table.manage(bare(`${table.upstream.url}/one`));
    expect([ran.code, table.names()]).toEqual([1, []]);
    expect(`${ran.errors[0]?.message ?? ''} ${ran.errors[0]?.place ?? ''}`).toContain('/one');
    await table.expectQuiet();
  });

  it('row 22: of a list the line of exactly this file counts', async () => {
    table.serve('1');
    const mine = table.upstream.digest('/x-1.img');
    const theirs = createHash('sha512').update('other').digest('hex');
    table.upstream.put('/SUMS', `${theirs} *other\n${theirs} *x-1.img.manifest\n${mine} *x-1.img\n`);
    expect((await table.manage(list(`${table.upstream.url}/SUMS`))).code).toBe(0);
    expect(table.named('X')['imgmgr_digest']).toBe(`sha512:${mine}`);
    await table.expectQuiet();
  });

  it.each(['checksum_url', 'checksums_url'])(
    'row 23: %s that answers 404 is refused, however plausible its body',
    async (key) => {
      const url = table.serve('1');
      const digest = table.upstream.digest('/x-1.img');
      const server = createServer((_request, response) =>
        response.writeHead(404, {'Content-Type': 'text/plain'}).end(`${digest} *x-1.img\n`),
      );
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const {port} = server.address() as AddressInfo;
      const ran = await table.manage(table.x([listed('1', url, {[key]: `http://127.0.0.1:${port}/SUMS`})]));
      await new Promise((resolve) => server.close(resolve));
      expect([ran.code, ran.errors[0]?.code, table.names()]).toEqual([1, 'SOURCE_REFUSED', []]);
    },
  );

  it.each(['checksum_url', 'checksums_url'])('row 23: %s that nobody listens for is refused: exit 75', async (key) => {
    const ran = await table.manage(table.x([listed('1', table.serve('1'), {[key]: 'http://127.0.0.1:1/SUMS'})]));
    expect([ran.code, ran.errors[0]?.code, table.names()]).toEqual([75, 'SOURCE_UNAVAILABLE', []]);
    expect(table.cloud.writes()).toEqual([]);
  });
});

describe('what is checked before the login', () => {
  it.each(['checksum_url', 'checksums_url', 'latest_checksum_url'])(
    'row 25: ftp in %s is invalid, http is not',
    async (key) => {
      const text = (scheme: string): string => {
        const url = `${scheme}://127.0.0.1:1/SUMS`;
        return key === 'latest_checksum_url'
          ? table.x(['1'], {enable: 'false', [key]: `'${url}'`})
          : table.x([listed('1', table.serve('1'), {[key]: url})], {enable: 'false'});
      };
      for (const scheme of ['ftp', 'ftps']) {
        const bad = await table.manage(text(scheme));
        expect([bad.code, table.cloud.requests]).toEqual([2, []]);
        expect(JSON.stringify(bad.errors)).toContain(key);
      }
      for (const scheme of ['http', 'https']) expect((await table.manage(text(scheme))).code).toBe(0);
    },
  );

  it('row 27: an unknown key ends the run before the login: exit 2', async () => {
    const ran = await table.manage(table.x(['1'], {nmae: 'Y'}));
    expect([ran.code, table.cloud.requests]).toEqual([2, []]);
    expect(ran.errors[0]?.problems?.[0]).toMatchObject({place: {line: expect.any(Number) as number}});
    expect(JSON.stringify(ran.errors)).toContain('nmae');
  });

  it('row 38: --prefetch with a typo: exit 2 and what was meant', async () => {
    const ran = await table.manage(table.x(['1']), '--prefetch', 'on-stukc');
    expect([ran.code, table.cloud.requests]).toEqual([2, []]);
    expect(ran.text).toContain('on-stuck');
  });
});
