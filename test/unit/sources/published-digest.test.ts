import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {describe, expect, onTestFinished, test} from 'vitest';
import {failure, source} from './under-test.ts';
import {serve} from './web-server.ts';

const A = 'a'.repeat(64);

describe('reads a published digest', () => {
  test('from a list, by the exact name', async () => {
    const web = await serve((_, response) => response.end(`${'b'.repeat(64)}  a.img.manifest\n${A} *a.img\n`));
    expect(await source().findDigest({kind: 'list', url: `${web.url}/SUMS`, path: 'a.img'})).toEqual({
      algorithm: 'sha256',
      hex: A,
    });
  });

  test('from a file with nothing else', async () => {
    const web = await serve((_, response) => response.end(`${A}\n`));
    expect((await source().findDigest({kind: 'bare', url: web.url})).hex).toBe(A);
  });

  test('from a file of this host, relative to the folder of the definitions', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'imgmgr-digest-'));
    onTestFinished(() => rm(folder, {recursive: true}));
    await writeFile(join(folder, 'SUMS'), `${A}  a.img\n`);
    const place = {kind: 'list', url: 'file:SUMS', path: 'a.img'} as const;
    expect((await source().findDigest({...place, baseDir: folder})).hex).toBe(A);
    expect((await failure(source().findDigest({...place, baseDir: '/'}))).message).toContain('/SUMS does not exist');
  });

  test('behind a redirect', async () => {
    const web = await serve((asked, response) =>
      asked.url === '/a' ? response.writeHead(301, {Location: '/b'}).end() : response.end(A),
    );
    expect((await source().findDigest({kind: 'bare', url: `${web.url}/a`})).hex).toBe(A);
  });

  test('not from the body of an error, however plausible', async () => {
    const web = await serve((_, response) => response.writeHead(404).end(`${A}  a.img\n`));
    expect((await failure(source().findDigest({kind: 'list', url: web.url, path: 'a.img'}))).code).toBe(
      'SOURCE_REFUSED',
    );
  });

  test('not from a web page', async () => {
    const web = await serve((_, response) => response.end(`<html>${A}  a.img\n`));
    expect((await failure(source().findDigest({kind: 'list', url: web.url, path: 'a.img'}))).message).toBe(
      `${web.url}/ sent a web page instead of digests`,
    );
  });

  test('not where the name is missing, and names its nearest', async () => {
    const web = await serve((_, response) => response.end(`${A}  a.img.xz\n`));
    const error = await failure(
      source().findDigest({kind: 'list', url: `${web.url}/SUMS?token=secret`, path: 'a.img'}),
    );
    expect([error.code, error.message]).toEqual([
      'DIGEST_UNKNOWN',
      `no digest of "a.img" in ${web.url}/SUMS?token=***; it lists only a.img.xz`,
    ]);
  });

  test('not from an image of gigabytes', async () => {
    const web = await serve((_, response) => {
      const piece = Buffer.alloc(1024 * 1024);
      const more = (): void => void response.write(piece, (error) => (error ? undefined : more()));
      more();
    });
    expect((await failure(source().findDigest({kind: 'list', url: web.url, path: 'a.img'}))).message).toContain(
      'larger than 4 MiB',
    );
  });

  test('not from a server that has none for the moment', async () => {
    const web = await serve((_, response) => response.writeHead(503).end());
    expect((await failure(source().findDigest({kind: 'bare', url: web.url}))).code).toBe('SOURCE_UNAVAILABLE');
  });

  test('and stops when it is told to', async () => {
    const controller = new AbortController();
    const web = await serve(() => controller.abort());
    expect((await failure(source().findDigest({kind: 'bare', url: web.url}, controller.signal))).code).toBe(
      'INTERRUPTED',
    );
  });
});
