import {createHash} from 'node:crypto';
import type http from 'node:http';
import net from 'node:net';
import type {AddressInfo} from 'node:net';
import {Readable} from 'node:stream';
import {afterEach, beforeEach, describe, expect, test, vi} from 'vitest';
import {createHttp, HttpError, publicUrl} from '../../src/http.ts';
import type {BodyOf, Exchange, Http, HttpRequest} from '../../src/http.ts';
import {serve, serveProxy} from './http/local-server.ts';
import type {LocalServer} from './http/local-server.ts';
import {TEST_TLS} from './http/test-tls.ts';

const SOON = {attempts: 3, firstDelayMs: 1};
let client: Http;
let servers: LocalServer[] = [];
let exchanges: Exchange[] = [];

beforeEach(() => {
  exchanges = [];
  client = createHttp({proxy: 'none', onExchange: (exchange) => exchanges.push(exchange)});
});

afterEach(async () => {
  client.close();
  vi.unstubAllEnvs();
  await Promise.all(servers.map((server) => server.close()));
  servers = [];
});

async function start(handler: http.RequestListener, tls?: {key: string; cert: string}): Promise<string> {
  const server = await serve(handler, tls);
  servers.push(server);
  return server.url;
}

function get<Kind extends keyof BodyOf>(
  url: string,
  response: Kind,
  more: Partial<HttpRequest<Kind>> = {},
): HttpRequest<Kind> {
  return {method: 'GET', url, response, expect: [200], timeoutMs: 5000, ...more};
}

async function failure(request: HttpRequest<keyof BodyOf>, http: Http = client): Promise<HttpError> {
  const error: unknown = await http.request(request).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(HttpError);
  return error as HttpError;
}

async function text(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

describe('answers', () => {
  test('json is parsed, headers are lower case, the request id is told', async () => {
    const url = await start((_, response) => {
      response.writeHead(200, {'X-OpenStack-Request-Id': 'req-1', 'Content-Type': 'application/json'}).end('{"a":1}');
    });
    const answer = await client.request(get(`${url}/x`, 'json'));
    expect(answer).toMatchObject({status: 200, body: {a: 1}, requestId: 'req-1', url: `${url}/x`});
    expect(answer.headers['content-type']).toBe('application/json');
  });

  test('json is sent with its type, and a write without a body has none', async () => {
    const seen: string[] = [];
    const url = await start((request, response) => {
      seen.push(request.headers['content-type'] ?? 'none');
      response.writeHead(204).end();
    });
    await client.request({method: 'POST', url, json: {}, response: 'none', expect: [204], timeoutMs: 5000});
    await client.request({method: 'POST', url, response: 'none', expect: [204], timeoutMs: 5000});
    expect(seen).toEqual(['application/json', 'none']);
  });

  test('bytes are handed over as served, whatever encoding the server claims', async () => {
    const url = await start((_, response) => response.writeHead(200, {'Content-Encoding': 'gzip'}).end('no gzip'));
    const answer = await client.request(get(url, 'stream'));
    expect(await text(answer.body)).toBe('no gzip');
  });

  test('an answer larger than its limit is refused', async () => {
    const url = await start((_, response) => response.end('x'.repeat(100)));
    expect((await failure(get(url, 'text', {maxBytes: 99}))).kind).toBe('too-large');
    const streamed = await client.request(get(url, 'stream', {maxBytes: 99}));
    await expect(text(streamed.body)).rejects.toMatchObject({kind: 'too-large'});
  });

  test('a web page where json is due is an invalid body that quotes its beginning', async () => {
    const url = await start((_, response) => response.end('<html>hello'));
    expect(await failure(get(url, 'json'))).toMatchObject({kind: 'invalid-body', status: 200, body: '<html>hello'});
  });

  test('an unexpected status carries the text, bounded', async () => {
    const url = await start((_, response) =>
      response.writeHead(409, {'x-openstack-request-id': 'req-2'}).end('n'.repeat(9000)),
    );
    const error = await failure(get(url, 'json'));
    expect(error).toMatchObject({kind: 'status', status: 409, requestId: 'req-2', method: 'GET'});
    expect(error.body).toHaveLength(4096);
  });
});

describe('what breaks', () => {
  test('a body shorter than its length is broken-off, as text and as a stream', async () => {
    const url = await start((_, response) => {
      response.writeHead(200, {'Content-Length': '100'});
      response.write('half');
      setTimeout(() => response.destroy(), 20);
    });
    expect((await failure(get(url, 'text', {retry: false}))).kind).toBe('broken-off');
    const streamed = await client.request(get(url, 'stream', {retry: false}));
    await expect(text(streamed.body)).rejects.toMatchObject({kind: 'broken-off'});
  });

  test('silence is a timeout: before the answer, and in the middle of a stream', async () => {
    const url = await start((request, response) => {
      if (request.url === '/stream') response.writeHead(200).write('some');
    });
    expect((await failure(get(url, 'json', {timeoutMs: 100, retry: false}))).kind).toBe('timeout');
    const streamed = await client.request(get(`${url}/stream`, 'stream', {timeoutMs: 100}));
    await expect(text(streamed.body)).rejects.toMatchObject({kind: 'timeout'});
  });

  test('a slow reader is no stalled server', async () => {
    const url = await start((_, response) => response.end(Buffer.alloc(4 * 1024 * 1024)));
    const {body} = await client.request(get(url, 'stream', {timeoutMs: 100}));
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(await text(body)).toHaveLength(4 * 1024 * 1024);
  });

  test('a refused connection, an unknown host and a server that speaks no http are told apart', async () => {
    const closed = await serve(() => undefined);
    await closed.close();
    expect((await failure(get(closed.url, 'json', {retry: false}))).kind).toBe('connect');
    expect((await failure(get('http://no-such-host.invalid/', 'json', {retry: false}))).kind).toBe('dns');
    const raw = net.createServer((socket) => socket.end('SSH-2.0-hello\r\n'));
    await new Promise<void>((resolve) => raw.listen(0, '127.0.0.1', resolve));
    const {port} = raw.address() as AddressInfo;
    expect((await failure(get(`http://127.0.0.1:${port}/`, 'json', {retry: false}))).kind).toBe('invalid-body');
    raw.close();
  });

  test('a certificate that is not trusted is a tls failure; its authority or verify: false makes it pass', async () => {
    const url = await start((_, response) => response.end('{}'), TEST_TLS);
    expect((await failure(get(url, 'json'))).kind).toBe('tls');
    for (const tls of [{verify: true, ca: TEST_TLS.cert}, {verify: false}]) {
      const trusting = createHttp({proxy: 'none', tls});
      expect((await trusting.request(get(url, 'json'))).body).toEqual({});
      trusting.close();
    }
  });

  test('an abort ends a request, a stream and the wait between attempts', async () => {
    const url = await start((request, response) => {
      if (request.url === '/stream') response.writeHead(200).write('some');
      if (request.url === '/busy') response.writeHead(503).end();
    });
    const stop = new AbortController();
    const {body} = await client.request(get(`${url}/stream`, 'stream', {signal: stop.signal}));
    const waiting = failure(get(url, 'json', {signal: stop.signal}));
    const retrying = failure(
      get(`${url}/busy`, 'json', {signal: stop.signal, retry: {attempts: 5, firstDelayMs: 60_000}}),
    );
    setTimeout(() => stop.abort(), 50);
    await expect(text(body)).rejects.toMatchObject({kind: 'aborted'});
    expect((await waiting).kind).toBe('aborted');
    expect((await retrying).kind).toBe('aborted');
    expect((await failure(get(url, 'json', {signal: stop.signal}))).kind).toBe('aborted');
  });
});

describe('repeating', () => {
  test('a read is repeated on 5xx and 429 until it succeeds', async () => {
    const statuses = [503, 429, 200];
    const url = await start((_, response) => response.writeHead(statuses.shift() ?? 200).end('{}'));
    expect((await client.request(get(url, 'json', {retry: SOON}))).status).toBe(200);
    expect(exchanges.map((exchange) => exchange.status)).toEqual([503, 429, 200]);
  });

  test('Retry-After is honoured', async () => {
    const statuses = [503, 200];
    const url = await start((_, response) =>
      response.writeHead(statuses.shift() ?? 200, {'Retry-After': '1'}).end('{}'),
    );
    const started = performance.now();
    await client.request(get(url, 'json', {retry: SOON}));
    expect(performance.now() - started).toBeGreaterThan(950);
  });

  test('the last failure is thrown when the attempts are used up', async () => {
    const url = await start((_, response) => response.writeHead(502).end('bad gateway'));
    expect(await failure(get(url, 'json', {retry: SOON}))).toMatchObject({status: 502, body: 'bad gateway'});
    expect(exchanges).toHaveLength(3);
  });

  test('a refusal is not repeated, nor a write that nobody asked to repeat', async () => {
    const url = await start((request, response) => response.writeHead(request.method === 'GET' ? 404 : 503).end());
    await failure(get(url, 'json', {retry: SOON}));
    await failure({method: 'PATCH', url, json: [], response: 'json', expect: [200], timeoutMs: 5000});
    expect(exchanges.map((exchange) => exchange.status)).toEqual([404, 503]);
  });
});

describe('redirects', () => {
  test('are not followed unless asked, and then only so often', async () => {
    const url = await start((_, response) => response.writeHead(302, {Location: '/again'}).end());
    expect(await failure(get(url, 'text'))).toMatchObject({kind: 'redirect', status: 302});
    expect(await failure(get(url, 'text', {maxRedirects: 3}))).toMatchObject({kind: 'redirect'});
    expect(exchanges).toHaveLength(5);
  });

  test('secrets stay with their origin, other headers travel on', async () => {
    const seen: http.IncomingHttpHeaders[] = [];
    const target = await start((request, response) => {
      seen.push(request.headers);
      response.end('there');
    });
    const url = await start((_, response) => response.writeHead(307, {Location: `${target}/t`}).end());
    const hops: string[] = [];
    const answer = await client.request(
      get(url, 'text', {
        maxRedirects: 1,
        headers: {'X-Auth-Token': 't', authorization: 'b', 'X-Kept': 'k'},
        onRedirect: (to) => hops.push(to),
      }),
    );
    expect(answer).toMatchObject({body: 'there', url: `${target}/t`});
    expect(hops).toEqual([`${target}/t`]);
    expect(seen[0]).toMatchObject({'x-kept': 'k'});
    expect(seen[0]).not.toHaveProperty('x-auth-token');
    expect(seen[0]).not.toHaveProperty('authorization');
  });

  test('from https to http is refused, and so is what the caller refuses', async () => {
    const url = await start(
      (_, response) => response.writeHead(301, {Location: 'http://127.0.0.1:1/'}).end(),
      TEST_TLS,
    );
    const trusting = createHttp({proxy: 'none', tls: {verify: false}});
    expect((await failure(get(url, 'text', {maxRedirects: 1}), trusting)).message).toContain('from https');
    trusting.close();
    const plain = await start((_, response) => response.writeHead(301, {Location: '/x'}).end());
    const refuse = (): never => {
      throw new Error('not there');
    };
    await expect(client.request(get(plain, 'text', {maxRedirects: 1, onRedirect: refuse}))).rejects.toThrow(
      'not there',
    );
  });
});

describe('uploads', () => {
  function put(url: string, body: Readable, more: Partial<HttpRequest<'none'>> = {}): HttpRequest<'none'> {
    return {method: 'PUT', url, body, response: 'none', expect: [204], timeoutMs: 5000, ...more};
  }

  test('arrive whole, with their length when it is known, chunked otherwise', async () => {
    const seen: string[] = [];
    const url = await start((request, response) => {
      const hash = createHash('sha256');
      request.on('data', (chunk: Buffer) => hash.update(chunk));
      request.on('end', () => {
        seen.push(
          `${request.headers['content-length'] ?? request.headers['transfer-encoding'] ?? ''} ${hash.digest('hex')}`,
        );
        response.writeHead(204).end();
      });
    });
    const bytes = Buffer.alloc(3_000_000, 7);
    const digest = createHash('sha256').update(bytes).digest('hex');
    const pieces = (): Readable => Readable.from([bytes.subarray(0, 1_000_000), bytes.subarray(1_000_000)]);
    await client.request(put(url, pieces(), {size: bytes.length}));
    await client.request(put(url, pieces()));
    expect(seen).toEqual([`3000000 ${digest}`, `chunked ${digest}`]);
  });

  test.each([
    ['with a length', 1_000_000],
    ['chunked', undefined],
  ])('a body that fails drops the connection and throws its own error (%s)', async (_, size) => {
    const ended = Promise.withResolvers<string>();
    const url = await start((request) => {
      request.resume();
      request.on('end', () => ended.resolve('whole'));
      request.on('error', () => ended.resolve('dropped'));
    });
    const mine = new Error('digest differs');
    async function* failing(): AsyncGenerator<Buffer> {
      yield Buffer.alloc(500_000);
      await new Promise((resolve) => setTimeout(resolve, 30));
      throw mine;
    }
    const sent = client.request(put(url, Readable.from(failing()), size === undefined ? {} : {size}));
    await expect(sent).rejects.toBe(mine);
    expect(await ended.promise).toBe('dropped');
  });

  test('a body that has failed before is never sent', async () => {
    const url = await start((_, response) => response.writeHead(204).end());
    const body = new Readable({read: () => undefined});
    body.on('error', () => undefined);
    body.destroy(new Error('gone'));
    await new Promise((resolve) => setImmediate(resolve));
    await expect(client.request(put(url, body))).rejects.toThrow('gone');
    expect(servers[0]?.requests).toEqual([]);
  });

  test.each([
    ['shorter', 9],
    ['longer', 5],
  ])('a body %s than its size drops the connection', async (_, size) => {
    const url = await start((request) => request.resume());
    expect((await failure(put(url, Readable.from([Buffer.alloc(7)]), {size}))).kind).toBe('body-size');
  });

  test('chunks stay below what uWSGI takes', async () => {
    const received: string[] = [];
    const server = net.createServer((socket) => {
      socket.on('data', (data) => {
        received.push(data.toString('latin1'));
        if (received.join('').endsWith('0\r\n\r\n')) socket.end('HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n');
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const {port} = server.address() as AddressInfo;
    await client.request(put(`http://127.0.0.1:${port}/`, Readable.from([Buffer.alloc(2_000_000)])));
    server.close();
    const sizes = [...received.join('').matchAll(/\r\n([0-9a-f]+)\r\n\0/g)].map(([, hex]) =>
      Number.parseInt(hex ?? '', 16),
    );
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(2_000_000);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(256 * 1024);
  });

  test('a server that takes no byte is a timeout; a source that is slow is not', async () => {
    const url = await start((request, response) => {
      if (request.url === '/deaf') return;
      request.resume();
      request.on('end', () => response.writeHead(204).end());
    });
    async function* endless(): AsyncGenerator<Buffer> {
      for (;;) yield await Promise.resolve(Buffer.alloc(1_000_000));
    }
    expect((await failure(put(`${url}/deaf`, Readable.from(endless()), {timeoutMs: 200}))).kind).toBe('timeout');
    async function* slow(): AsyncGenerator<Buffer> {
      yield Buffer.alloc(10);
      await new Promise((resolve) => setTimeout(resolve, 700));
      yield Buffer.alloc(10);
    }
    expect((await client.request(put(url, Readable.from(slow()), {timeoutMs: 200}))).status).toBe(204);
  });

  test('an early refusal is told, and the rest of the body is let go', async () => {
    const url = await start((request, response) => {
      request.once('data', () => response.writeHead(413).end('too big'));
    });
    async function* endless(): AsyncGenerator<Buffer> {
      for (;;) yield await Promise.resolve(Buffer.alloc(100_000));
    }
    const body = Readable.from(endless());
    expect(await failure(put(url, body))).toMatchObject({kind: 'status', status: 413, body: 'too big'});
    expect(body.destroyed).toBe(true);
  });
});

describe('proxies', () => {
  function local(url: string): string {
    return url.replace('127.0.0.1', 'localhost');
  }

  test('http goes through HTTP_PROXY, https through a CONNECT tunnel that keeps our tls options; NO_PROXY and none go straight', async () => {
    const proxy = await serveProxy();
    servers.push(proxy);
    const plain = await start((_, response) => response.end('{}'));
    const secure = local(await start((_, response) => response.end('{}'), TEST_TLS));
    for (const name of ['http_proxy', 'HTTP_PROXY', 'https_proxy', 'HTTPS_PROXY']) vi.stubEnv(name, proxy.url);
    for (const name of ['no_proxy', 'NO_PROXY']) vi.stubEnv(name, '');
    const through = createHttp({proxy: 'environment', tls: {verify: true, ca: TEST_TLS.cert}});
    await through.request(get(`${plain}/p`, 'json'));
    await through.request(get(`${secure}/s`, 'json'));
    const distrusting = createHttp({proxy: 'environment'});
    expect((await failure(get(secure, 'json', {retry: false}), distrusting)).kind).toBe('tls');
    expect(proxy.requests.slice(0, 2)).toEqual([`GET ${plain}/p`, `CONNECT ${new URL(secure).host}`]);
    const before = proxy.requests.length;
    await client.request(get(plain, 'json'));
    vi.stubEnv('no_proxy', '127.0.0.1');
    await through.request(get(plain, 'json'));
    expect(proxy.requests).toHaveLength(before);
    through.close();
    distrusting.close();
  });

  test('an upload through the tunnel arrives whole', async () => {
    const proxy = await serveProxy();
    servers.push(proxy);
    let seen = 0;
    const secure = local(
      await start((request, response) => {
        request.on('data', (chunk: Buffer) => (seen += chunk.length));
        request.on('end', () => response.writeHead(204).end());
      }, TEST_TLS),
    );
    for (const name of ['https_proxy', 'HTTPS_PROXY']) vi.stubEnv(name, proxy.url);
    for (const name of ['no_proxy', 'NO_PROXY']) vi.stubEnv(name, '');
    const through = createHttp({proxy: 'environment', tls: {verify: false}});
    const body = Readable.from([Buffer.alloc(2_000_000)]);
    await through.request({
      method: 'PUT',
      url: secure,
      body,
      size: 2_000_000,
      response: 'none',
      expect: [204],
      timeoutMs: 5000,
    });
    expect(seen).toBe(2_000_000);
    through.close();
  });
});

describe('secrets', () => {
  test('are in no error and no exchange', async () => {
    const url = await start((_, response) => response.writeHead(403).end('no'));
    const secret =
      url.replace('http://', 'http://user:hunter2@') + '/f?temp_url_sig=hunter2&X-Amz-Signature=hunter2&a=b';
    const error = await failure(get(secret, 'text', {headers: {'X-Auth-Token': 'hunter2'}}));
    expect(JSON.stringify([Object.entries(error), error.message, error.stack])).not.toContain('hunter2');
    expect(error.cause).toBeUndefined();
    expect(JSON.stringify(exchanges)).not.toContain('hunter2');
    expect(error.url).toContain('a=b');
  });

  test.each([
    ['https://u:p@h/x#frag', 'https://h/x'],
    ['https://h/x?token=1&b=2', 'https://h/x?token=***&b=2'],
    ['not a url?token=1', 'not a url'],
  ])('%s is shown as %s', (url, shown) => {
    expect(publicUrl(url)).toBe(shown);
  });
});
