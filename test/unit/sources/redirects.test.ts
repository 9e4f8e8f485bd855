import {createServer} from 'node:http';
import type {ServerResponse} from 'node:http';
import type {AddressInfo} from 'node:net';
import {describe, expect, onTestFinished, test} from 'vitest';
import {ImgmgrError} from '../../../src/errors.ts';
import {hopJudge} from '../../../src/sources/address.ts';
import {qcow2} from '../core/image-bytes.ts';
import {TEST_TLS} from '../http/test-tls.ts';
import {resolving} from './names.ts';
import {digestOf, failure, noise, readAll, request, source} from './under-test.ts';
import {file, serve} from './web-server.ts';

const IMAGE = Buffer.concat([qcow2(), noise(1000)]);

const to =
  (location: string) =>
  (_: unknown, response: ServerResponse): void =>
    void response.writeHead(302, {Location: location}).end();

describe('S2: where a redirect may lead', () => {
  test.each([
    ['another server of this host', (url: string) => `${url}/x`],
    ['a name of it', (url: string) => url.replace('127.0.0.1', 'inside.example')],
    ['the unspecified address', (url: string) => url.replace('127.0.0.1', '0.0.0.0')],
    ['its IPv6 notation', (url: string) => url.replace('127.0.0.1', '[::ffff:127.0.0.1]')],
  ])('not to %s, unless private sources are allowed', async (_, place) => {
    const inside = await serve(file(IMAGE));
    const web = await serve(to(place(inside.url)));
    const names = {'inside.example': [['127.0.0.1']]};
    const error = await failure(source({http: resolving(names).http}).open(request(web.url)));
    expect([error.code, inside.requests.length]).toEqual(['SOURCE_REFUSED', 0]);
    expect(error.message).toMatch(/is a redirect to the private address \S+$/);
    expect(error.hint).toContain('--allow-private-sources');
    const allowing = source({http: resolving(names).http, allowPrivate: true});
    expect((await readAll(allowing.open(request(web.url)))).content.equals(IMAGE)).toBe(true);
  });

  test.each([['list'], ['bare']] as const)('the same for a digest (%s)', async (kind) => {
    const inside = await serve((_, response) => response.end(`${digestOf(IMAGE).hex}  a.img\n`));
    const web = await serve(to(inside.url));
    const place = kind === 'list' ? {kind, url: web.url, path: '/a.img'} : {kind, url: web.url};
    expect((await failure(source().findDigest(place))).code).toBe('SOURCE_REFUSED');
    expect(inside.requests).toHaveLength(0);
  });

  test('the same for a first look', async () => {
    const inside = await serve(file(IMAGE));
    const web = await serve(to(inside.url));
    expect((await failure(source().probe(request(web.url)))).code).toBe('SOURCE_REFUSED');
    expect(inside.requests).toHaveLength(0);
  });

  test('a server that is private already may redirect within itself', async () => {
    const web = await serve((asked, response, seen) =>
      asked.url === '/a' ? to('/b')(asked, response) : file(IMAGE)(asked, response, seen),
    );
    expect((await readAll(source().open(request(`${web.url}/a`)))).content.equals(IMAGE)).toBe(true);
  });

  test('a name that answered publicly may not lead to itself at a private address', () => {
    const from = new URL('http://rebinding.example/a');
    const url = new URL('http://rebinding.example/b');
    const was = (kind: 'public' | 'local') => hopJudge({url, from: {url: from, kind}, allowPrivate: false});
    expect(was('public').judge('127.0.0.1')).toBeInstanceOf(ImgmgrError);
    expect(was('local').judge('127.0.0.1')).toBeUndefined();
  });

  test.each([
    ['http://mirror.example/a', 'https://mirror.example/a', true],
    ['http://mirror.example/a', 'http://mirror.example:9200/a', false],
    ['http://mirror.example/a', 'https://mirror.example:8443/a', false],
    ['http://mirror.example/a', 'http://other.example/a', false],
  ])('from the private %s to %s: %s', (from, url, may) => {
    const hop = {url: new URL(url), from: {url: new URL(from), kind: 'local' as const}, allowPrivate: false};
    expect(hopJudge(hop).judge('10.0.0.1') === undefined).toBe(may);
  });

  test('metadata addresses stay refused when private sources are allowed', () => {
    const hop = {url: new URL('http://x.example/'), allowPrivate: true};
    expect(hopJudge(hop).judge('64:ff9b::a9fe:a9fe')?.message).toContain('metadata address 64:ff9b::a9fe:a9fe');
    expect(hopJudge(hop).judge('10.0.0.1')).toBeUndefined();
  });

  test.each([
    'http://[64:ff9b::a9fe:a9fe]/',
    'http://[2002:a9fe:a9fe::]/',
    'http://[::169.254.169.254]/',
    'http://100.100.100.200/',
  ])('%s is refused as url, too', async (url) =>
    expect((await failure(source().open(request(url)))).code).toBe('SOURCE_REFUSED'),
  );

  test('a name that answers with a metadata address the second time is refused the second time', async () => {
    const web = await serve((_, response) => response.writeHead(503, {connection: 'close'}).end());
    const {http} = resolving({'rebinding.example': [['127.0.0.1'], ['169.254.169.254']]});
    const error = await failure(source({http}).open(request(web.url.replace('127.0.0.1', 'rebinding.example'))));
    expect(error.message).toContain('leads to the link-local or metadata address 169.254.169.254');
    expect(web.requests).toHaveLength(1);
  });
});

describe('S2: behind a proxy', () => {
  /** A proxy of plain http that answers everything itself. */
  async function proxyThat(
    answer: (path: string, response: ServerResponse) => void,
  ): Promise<{url: string; asked: string[]}> {
    const asked: string[] = [];
    const server = createServer((asking, response) => {
      asked.push(asking.url ?? '');
      answer(asking.url ?? '', response);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    return {url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked};
  }

  test('the proxy may be private, and addresses in URLs are judged all the same', async () => {
    const proxy = await proxyThat((path, response) =>
      path.endsWith('/a') ? response.end(IMAGE) : response.writeHead(302, {Location: 'http://169.254.169.254/'}).end(),
    );
    const {http} = resolving({}, {proxy: 'environment', env: {http_proxy: proxy.url}});
    expect((await readAll(source({http}).open(request('http://far.example/a')))).content.equals(IMAGE)).toBe(true);
    const error = await failure(source({http}).open(request('http://far.example/b')));
    expect(error.message).toContain('metadata address 169.254.169.254');
    expect(proxy.asked).toEqual(['http://far.example/a', 'http://far.example/b']);
  });

  test('a name that this host knows is judged before the proxy is asked; one that it does not know is left to the proxy', async () => {
    const proxy = await proxyThat((_, response) => response.end(IMAGE));
    const {http} = resolving(
      {'metadata.example': [['169.254.169.254']]},
      {proxy: 'environment', env: {http_proxy: proxy.url}},
    );
    expect((await failure(source({http}).open(request('http://metadata.example/a')))).code).toBe('SOURCE_REFUSED');
    expect(proxy.asked).toEqual([]);
    expect((await readAll(source({http}).open(request('http://unknown.example/a')))).content.equals(IMAGE)).toBe(true);
  });

  test.each([
    'metadata.google.internal',
    'METADATA.google.internal.',
    'metadata',
    'instance-data',
    'metadata.azure.internal',
  ])('the proxy is never asked for the metadata service %s, which it may know', async (name) => {
    const proxy = await proxyThat((path, response) =>
      path.endsWith('/b') ? response.writeHead(302, {Location: `http://${name}/`}).end() : response.end(IMAGE),
    );
    const {http} = resolving({}, {proxy: 'environment', env: {http_proxy: proxy.url}});
    for (const url of [`http://${name}/a`, 'http://far.example/b'])
      expect(await failure(source({http}).open(request(url)))).toMatchObject({
        code: 'SOURCE_REFUSED',
        message: expect.stringContaining('is the name of a metadata service') as unknown,
      });
    expect(proxy.asked).toEqual(['http://far.example/b']);
  });
});

describe('L: a redirect from https to http', () => {
  test('is followed where the definition allows it and pins the digest, and the digest decides', async () => {
    const plain = await serve(file(IMAGE));
    const web = await serve(to(`${plain.url}/a`), TEST_TLS);
    const trusting = (): ReturnType<typeof source> =>
      source({http: resolving({}, {tls: {verify: true, ca: TEST_TLS.cert}}).http, allowPrivate: true});
    const allowed = {allowHttpRedirect: true, digest: digestOf(IMAGE)};
    expect((await readAll(trusting().open(request(web.url, allowed)))).content.equals(IMAGE)).toBe(true);
    expect((await trusting().probe(request(web.url, allowed))).size).toBe(IMAGE.length);
    const wrong = readAll(trusting().open(request(web.url, {...allowed, digest: digestOf(noise(1))})));
    expect((await failure(wrong)).code).toBe('DIGEST_MISMATCH');
    const asked = plain.requests.length;
    for (const more of [{digest: digestOf(IMAGE)}, {allowHttpRedirect: true}]) {
      const error = await failure(trusting().open(request(web.url, more)));
      expect(error.message).toContain('leads from https to http');
      expect(error.hint).toContain('allow_http_redirect: true');
    }
    expect(plain.requests).toHaveLength(asked);
  });
});
