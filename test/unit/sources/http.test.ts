import type {ServerResponse} from 'node:http';
import {describe, expect, test} from 'vitest';
import {createHttp} from '../../../src/http.ts';
import {qcow2} from '../core/image-bytes.ts';
import {TEST_TLS} from '../http/test-tls.ts';
import {digestOf, failure, noise, readAll, readUntilBroken, request, source} from './under-test.ts';
import {resolving} from './names.ts';
import {cutOff, file, serve} from './web-server.ts';

const IMAGE = Buffer.concat([qcow2(), noise(300_000)]);
const TAG = {ETag: '"one"'};

describe('reads an image over http', () => {
  test('gives the bytes, their number and their digests', async () => {
    const web = await serve(file(IMAGE));
    const {content, opened} = await readAll(source().open(request(`${web.url}/a.qcow2`, {digest: digestOf(IMAGE)})));
    expect(content.equals(IMAGE)).toBe(true);
    expect([opened.size, opened.virtualSize]).toEqual([IMAGE.length, 1024 ** 3]);
    expect(opened.facts()).toEqual({
      digests: [digestOf(IMAGE), digestOf(IMAGE, 'sha512')],
      unwrapped: digestOf(IMAGE, 'sha512'),
      servedBytes: IMAGE.length,
      givenBytes: IMAGE.length,
      virtualSize: 1024 ** 3,
      format: 'qcow2',
    });
  });

  test('without a length there is none, and all bytes arrive', async () => {
    const web = await serve((_, response) => {
      response.write(IMAGE.subarray(0, 100_000));
      response.end(IMAGE.subarray(100_000));
    });
    const {content, opened} = await readAll(source().open(request(web.url, {digest: digestOf(IMAGE)})));
    expect([content.length, opened.size]).toEqual([IMAGE.length, undefined]);
  });

  test('asks exactly once when nothing goes wrong, and never for a compressed transfer', async () => {
    const web = await serve(file(IMAGE));
    await readAll(source().open(request(web.url)));
    expect(web.requests.length).toBe(1);
    expect(web.requests[0]?.headers['accept-encoding']).toBe('identity');
  });

  test('one wrong digest fails with exactly one GET', async () => {
    const web = await serve(file(IMAGE));
    const {given, error} = await readUntilBroken(
      source().open(request(`${web.url}/a.qcow2`, {digest: digestOf(noise(1))})),
    );
    expect(error.code).toBe('DIGEST_MISMATCH');
    expect(error.message).toContain(
      `${web.url}/a.qcow2 has sha256 ${digestOf(IMAGE).hex}, but ${digestOf(noise(1)).hex} was demanded`,
    );
    expect(error.hint).toContain('stale');
    expect(given).toBeLessThan(IMAGE.length);
    expect(web.requests.length).toBe(1);
  });
});

describe('tells refusals from bad moments', () => {
  test.each([400, 401, 403, 404, 410, 451])('%i is a refusal, asked once', async (status) => {
    const web = await serve((_, response) => response.writeHead(status).end('<html>no</html>'));
    const error = await failure(source().open(request(`${web.url}/x?signature=secret`)));
    expect([error.code, web.requests.length]).toEqual(['SOURCE_REFUSED', 1]);
    expect(error.message).toContain(`answered ${status}`);
    expect(`${error.message}${error.hint ?? ''}`).not.toContain('secret');
  });

  test.each([408, 425, 429, 500, 502, 503])('%i is a bad moment, asked three times', async (status) => {
    const web = await serve((_, response) => response.writeHead(status).end());
    const error = await failure(source().open(request(web.url)));
    expect([error.code, web.requests.length]).toEqual(['SOURCE_UNAVAILABLE', 3]);
  });

  test('a server that recovers is read', async () => {
    const web = await serve((asked, response, seen) =>
      seen === 0 ? response.writeHead(503).end() : file(IMAGE)(asked, response, seen),
    );
    expect((await readAll(source().open(request(web.url)))).content.length).toBe(IMAGE.length);
  });

  test('no server at all is a bad moment', async () => {
    expect((await failure(source().open(request('http://127.0.0.1:1/x')))).code).toBe('SOURCE_UNAVAILABLE');
  });

  test('a reset before the answer is a bad moment', async () => {
    const web = await serve((_, response) => response.destroy());
    expect((await failure(source().open(request(web.url)))).code).toBe('SOURCE_UNAVAILABLE');
  });

  test('silence before the answer is a bad moment', async () => {
    const web = await serve(() => undefined);
    const error = await failure(source({silenceMs: 30, attempts: 1}).open(request(web.url)));
    expect(error.code).toBe('SOURCE_UNAVAILABLE');
    expect(error.message).toContain('went silent');
  });

  test.each(['qcow2', 'raw', 'ami'])('a web page is no %s', async (format) => {
    const web = await serve((_, response) =>
      response.writeHead(200, {'Content-Type': 'text/html; charset=utf-8'}).end(`${' '.repeat(2000)}hello`),
    );
    const page = await serve((_, response) => response.end('<!DOCTYPE html><html>login</html>'));
    const error = await failure(source().open(request(page.url, {format})));
    expect([error.code, error.message]).toEqual(['SOURCE_REFUSED', `${page.url}/ sent a web page instead of an image`]);
    expect((await failure(source().open(request(web.url, {format})))).code).toBe('SOURCE_REFUSED');
  });

  test('an empty file is no image', async () => {
    const web = await serve(file(Buffer.alloc(0)));
    for (const attempt of [
      source().open(request(web.url, {format: 'raw'})),
      source().probe(request(web.url, {format: 'raw'})),
    ])
      expect((await failure(attempt)).message).toContain('is empty');
  });
});

describe('goes on where a download broke off', () => {
  test('with the tag of the first answer as proof', async () => {
    const web = await serve((asked, response, seen) =>
      (seen === 0 ? cutOff(IMAGE, 200_000, TAG) : file(IMAGE, TAG))(asked, response, seen),
    );
    const {content} = await readAll(source().open(request(web.url)));
    expect(content.equals(IMAGE)).toBe(true);
    expect(web.requests[1]?.headers.range).toMatch(/^bytes=[1-9]\d*-$/);
    expect(web.requests[1]?.headers['if-range']).toBe('"one"');
  });

  test('with the date as proof where there is no strong tag', async () => {
    const headers = {ETag: 'W/"weak"', 'Last-Modified': 'Tue, 01 Sep 2026 10:00:00 GMT'};
    const web = await serve((asked, response, seen) =>
      (seen === 0 ? cutOff(IMAGE, 200_000, headers) : file(IMAGE, headers))(asked, response, seen),
    );
    await readAll(source().open(request(web.url)));
    expect(web.requests[1]?.headers['if-range']).toBe('Tue, 01 Sep 2026 10:00:00 GMT');
  });

  test('several times, the digest going on', async () => {
    const web = await serve((asked, response, seen) => {
      const start = Number(/^bytes=(\d+)-/.exec(asked.headers.range ?? '')?.[1] ?? 0);
      if (seen > 3) {
        file(IMAGE, TAG)(asked, response, seen);
        return;
      }
      const part = IMAGE.subarray(start);
      response.writeHead(start === 0 ? 200 : 206, {
        'Content-Length': part.length,
        'Content-Range': `bytes ${start}-${IMAGE.length - 1}/${IMAGE.length}`,
        ...TAG,
      });
      response.write(part.subarray(0, 70_000), () => response.destroy());
    });
    const {content} = await readAll(source().open(request(web.url, {digest: digestOf(IMAGE)})));
    expect(content.equals(IMAGE)).toBe(true);
    expect(web.requests.length).toBe(5);
  });

  test('reading the beginning again from a server without ranges', async () => {
    const whole = (response: ServerResponse): void =>
      void response.writeHead(200, {'Content-Length': IMAGE.length, ...TAG}).end(IMAGE);
    const web = await serve((asked, response, seen) =>
      seen === 0 ? cutOff(IMAGE, 200_000, TAG)(asked, response, seen) : whole(response),
    );
    expect((await readAll(source().open(request(web.url)))).content.equals(IMAGE)).toBe(true);
  });

  test('after silence', async () => {
    const web = await serve((asked, response, seen) => {
      if (seen > 0) file(IMAGE, TAG)(asked, response, seen);
      else response.writeHead(200, {'Content-Length': IMAGE.length, ...TAG}).write(IMAGE.subarray(0, 100_000));
    });
    expect((await readAll(source({silenceMs: 50}).open(request(web.url)))).content.equals(IMAGE)).toBe(true);
  });

  test('not without any proof of the same content', async () => {
    const web = await serve(cutOff(IMAGE, 200_000));
    const {error} = await readUntilBroken(source().open(request(web.url)));
    expect([error.code, web.requests.length]).toEqual(['SOURCE_UNAVAILABLE', 1]);
  });

  test('where a digest will prove it, without a tag', async () => {
    const web = await serve((asked, response, seen) =>
      (seen === 0 ? cutOff(IMAGE, 200_000) : file(IMAGE))(asked, response, seen),
    );
    expect((await readAll(source().open(request(web.url, {digest: digestOf(IMAGE)})))).content.equals(IMAGE)).toBe(
      true,
    );
  });

  test('not when the file changed meanwhile', async () => {
    const web = await serve((asked, response, seen) =>
      (seen === 0 ? cutOff(IMAGE, 200_000, TAG) : file(noise(500_000), {ETag: '"two"'}))(asked, response, seen),
    );
    const {error} = await readUntilBroken(source().open(request(web.url)));
    expect([error.code, web.requests.length]).toEqual(['SOURCE_UNAVAILABLE', 2]);
    expect(error.message).toContain('changed while it was read');
  });

  test('not forever', async () => {
    const web = await serve(cutOff(IMAGE, 150_000, TAG));
    const {error, given} = await readUntilBroken(source().open(request(web.url)));
    expect([error.code, web.requests.length]).toEqual(['SOURCE_UNAVAILABLE', 6]);
    expect(error.message).toContain('given up after 5 attempts');
    expect(given).toBeLessThan(IMAGE.length);
  });

  test('a body that ends early without a word is not taken for the whole', async () => {
    const web = await serve((_, response) => {
      response.socket?.write(`HTTP/1.1 200 OK\r\nContent-Length: ${IMAGE.length}\r\n\r\n`);
      response.socket?.end(IMAGE.subarray(0, 120_000));
    });
    const {error} = await readUntilBroken(source().open(request(web.url)));
    expect(error.code).toBe('SOURCE_UNAVAILABLE');
  });
});

describe('follows redirects with care', () => {
  const to =
    (location: string) =>
    (_: unknown, response: ServerResponse): void =>
      void response.writeHead(302, {Location: location}).end();

  test('up to five, relative ones too', async () => {
    const web = await serve((asked, response, seen) => {
      const hop = Number((asked.url ?? '/0').slice(1));
      if (hop < 5) to(`${hop + 1}`)(asked, response);
      else file(IMAGE)(asked, response, seen);
    });
    const {opened} = await readAll(source().open(request(`${web.url}/0`)));
    expect(opened.url).toBe(`${web.url}/0`);
    expect(web.requests.map(({path}) => path)).toEqual(['/0', '/1', '/2', '/3', '/4', '/5']);
  });

  test('not six', async () => {
    const web = await serve((asked, response) => to(`/${Number((asked.url ?? '/0').slice(1)) + 1}`)(asked, response));
    const error = await failure(source().open(request(`${web.url}/0`)));
    expect([error.code, web.requests.length]).toEqual(['SOURCE_REFUSED', 6]);
    expect(error.message).toContain('more than 5 redirects');
  });

  test('names a loop', async () => {
    const web = await serve((asked, response) => to(asked.url === '/a' ? '/b' : '/a')(asked, response));
    const error = await failure(source().open(request(`${web.url}/a`)));
    expect(error.message).toBe(`${web.url}/a → ${web.url}/b → ${web.url}/a is a redirect loop`);
  });

  test.each([
    ['a metadata address', 'http://169.254.169.254/latest', 'link-local or metadata address 169.254.169.254'],
    ['one in decimal', 'http://2852039166/', 'link-local or metadata address 169.254.169.254'],
    ['one in hexadecimal', 'http://0xa9fea9fe/', 'link-local or metadata address 169.254.169.254'],
    ['one mapped into IPv6', 'http://[::ffff:169.254.169.254]/', 'link-local or metadata address'],
    ['link-local IPv6', 'http://[fe80::1]/', 'link-local or metadata address fe80::1'],
    ['the metadata address of IPv6', 'http://[fd00:ec2::254]/', 'link-local or metadata address fd00:ec2::254'],
    ['credentials', 'http://user:secret@127.0.0.1/', 'carries credentials'],
    ['a file', 'file:///etc/passwd', 'uses file:'],
    ['no address', 'http://', 'is no valid address'],
  ])('never to %s', async (_, location, why) => {
    const web = await serve(to(location));
    const error = await failure(source().open(request(web.url)));
    expect([error.code, web.requests.length]).toEqual(['SOURCE_REFUSED', 1]);
    expect(error.message).toContain(why);
    expect(error.message).not.toContain('secret');
  });

  test('never to a name behind which such an address hides', async () => {
    const web = await serve(to('http://innocent.example/'));
    const {http} = resolving({'innocent.example': [['10.0.0.1', '169.254.169.254']]});
    const error = await failure(source({http, allowPrivate: true}).open(request(web.url)));
    expect(error.message).toBe('http://innocent.example/ leads to the link-local or metadata address 169.254.169.254');
  });

  test('the first address is judged, too', async () => {
    expect((await failure(source().open(request('http://169.254.169.254/x')))).code).toBe('SOURCE_REFUSED');
    expect((await failure(source().open(request('http://me:secret@127.0.0.1/x')))).message).not.toContain('secret');
  });

  test('never from https to http', async () => {
    const web = await serve(to('http://127.0.0.1:1/x'), TEST_TLS);
    const http = createHttp({proxy: 'none', tls: {verify: true, ca: TEST_TLS.cert}});
    const error = await failure(source({http}).open(request(`${web.url}/a`)));
    expect([error.code, error.message]).toEqual([
      'SOURCE_REFUSED',
      `${web.url}/a leads from https to http (${web.url}/a → http://127.0.0.1:1/x)`,
    ]);
  });

  test('a server without a trusted certificate gives nothing', async () => {
    const web = await serve(file(IMAGE), TEST_TLS);
    const error = await failure(source().open(request(web.url)));
    expect([error.code, web.requests.length]).toEqual(['SOURCE_REFUSED', 0]);
    expect(error.hint).toContain('NODE_EXTRA_CA_CERTS');
  });

  test('a redirect without a target is refused', async () => {
    const web = await serve((_, response) => response.writeHead(302).end());
    expect((await failure(source().open(request(web.url)))).message).toContain('without saying where to');
  });
});

describe('falls back from the mirror', () => {
  test('when it has no such file, and tells which place answered', async () => {
    const mirror = await serve((_, response) => response.writeHead(404).end());
    const web = await serve(file(IMAGE));
    const {opened} = await readAll(source().open(request([`${mirror.url}/m`, `${web.url}/u`])));
    expect(opened.url).toBe(`${web.url}/u`);
  });

  test('when it serves a page', async () => {
    const mirror = await serve((_, response) => response.end('<html>'));
    const web = await serve(file(IMAGE));
    expect((await source().probe(request([mirror.url, web.url]))).url).toBe(web.url);
  });

  test('and tells what both said when both fail', async () => {
    const mirror = await serve((_, response) => response.writeHead(403).end());
    const web = await serve((_, response) => response.writeHead(404).end());
    const error = await failure(source().open(request([`${mirror.url}/m`, `${web.url}/u`])));
    expect([error.code, error.message]).toEqual([
      'SOURCE_REFUSED',
      `${web.url}/u answered 404; tried before: ${mirror.url}/m answered 403`,
    ]);
  });
});

describe('looks at a source', () => {
  test('with one request for 64 KiB, and tells size, disk and date', async () => {
    const web = await serve(file(IMAGE, {'Last-Modified': 'Tue, 01 Sep 2026 10:00:00 GMT'}));
    expect(await source().probe(request(web.url))).toEqual({
      url: web.url,
      size: IMAGE.length,
      virtualSize: 1024 ** 3,
      lastModified: new Date('2026-09-01T10:00:00Z'),
      compressed: false,
      remote: true,
    });
    expect(web.requests.map(({headers}) => headers.range)).toEqual(['bytes=0-65535']);
  });

  test('hanging up on a server that ignores the range', async () => {
    let closed: Promise<unknown> = Promise.resolve();
    const web = await serve((_, response) => {
      closed = new Promise((resolve) => response.once('close', resolve));
      response.writeHead(200, {'Content-Length': 10 * 1024 ** 3});
      response.write(IMAGE);
    });
    expect((await source().probe(request(web.url))).size).toBe(10 * 1024 ** 3);
    await closed;
  });

  test('without a size where the server tells none', async () => {
    const web = await serve((_, response) => response.write(IMAGE));
    expect(await source().probe(request(web.url))).toEqual({
      url: web.url,
      virtualSize: 1024 ** 3,
      compressed: false,
      remote: true,
    });
  });

  test('tells the size of a raw disk by its bytes', async () => {
    const web = await serve(file(Buffer.alloc(300_000)));
    expect((await source().probe(request(web.url, {format: 'raw'}))).virtualSize).toBe(300_000);
  });

  test('says when the cloud could not unpack it by itself', async () => {
    const web = await serve(file(Buffer.concat([Buffer.from('fd377a585a00', 'hex'), noise(1000)])));
    expect(await source().probe(request(web.url))).toEqual({url: web.url, size: 1006, compressed: true, remote: false});
  });

  test('refuses an unsafe image before anything is asked of the cloud', async () => {
    const web = await serve(file(qcow2({backing: 512})));
    const error = await failure(source().probe(request(`${web.url}/a.img`)));
    expect([error.code, error.message]).toEqual(['FORMAT_REFUSED', `${web.url}/a.img is qcow2 with a backing file`]);
  });
});

describe('stops when it is told to', () => {
  test('while the server thinks', async () => {
    const controller = new AbortController();
    const web = await serve(() => controller.abort());
    const error = await failure(source().open(request(web.url, {signal: controller.signal})));
    expect([error.code, web.requests.length]).toEqual(['INTERRUPTED', 1]);
  });

  test('in the middle of the bytes, and hangs up', async () => {
    const controller = new AbortController();
    let closed: Promise<unknown> = Promise.resolve();
    const web = await serve((_, response) => {
      closed = new Promise((resolve) => response.once('close', resolve));
      response.writeHead(200, {'Content-Length': 10 * 1024 ** 2, ...TAG}).write(IMAGE);
    });
    const opened = await source().open(request(web.url, {signal: controller.signal}));
    const broken = readUntilBroken(Promise.resolve(opened));
    controller.abort();
    expect((await broken).error.code).toBe('INTERRUPTED');
    await closed;
  });

  test('when its reader goes away', async () => {
    let closed: Promise<unknown> = Promise.resolve();
    const web = await serve((_, response) => {
      closed = new Promise((resolve) => response.once('close', resolve));
      response.writeHead(200, {'Content-Length': 10 * 1024 ** 2}).write(IMAGE);
    });
    const {bytes} = await source().open(request(web.url));
    bytes.destroy();
    await closed;
    expect(bytes.destroyed).toBe(true);
  });
});
