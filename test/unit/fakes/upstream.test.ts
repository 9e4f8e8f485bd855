import {createHash} from 'node:crypto';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {startUpstream, UPSTREAM_MISBEHAVIOURS} from '../../fakes/upstream.ts';
import type {Upstream, UpstreamMisbehaviour} from '../../fakes/upstream.ts';

const BYTES = Buffer.alloc(200_000, 'abcdefgh');

let upstream: Upstream;

beforeEach(async () => {
  upstream = await startUpstream();
  upstream.put('/i/disk.img', BYTES, {lastModified: new Date('2030-01-02T03:04:05Z')});
});

afterEach(async () => {
  await upstream.close();
});

const get = (path = '/i/disk.img', init: RequestInit = {}): Promise<Response> => fetch(upstream.url + path, init);
const bytesOf = async (response: Response): Promise<Buffer> => Buffer.from(await response.arrayBuffer());
const sha512 = (bytes: Buffer): string => createHash('sha512').update(bytes).digest('hex');

describe('the fake source', () => {
  it('serves files with length, ETag and Last-Modified', async () => {
    const response = await get();
    expect([...response.headers]).toEqual(
      expect.arrayContaining([
        ['content-length', '200000'],
        ['last-modified', 'Wed, 02 Jan 2030 03:04:05 GMT'],
        ['accept-ranges', 'bytes'],
      ]),
    );
    expect(response.headers.get('etag')).toMatch(/^"[0-9a-f]{16}"$/);
    expect((await bytesOf(response)).equals(BYTES)).toBe(true);
    expect((await get('/i/none')).status).toBe(404);
  });

  it('serves a range, unless the file is another by now', async () => {
    const part = await get(undefined, {headers: {range: 'bytes=8-11'}});
    expect([part.status, part.headers.get('content-range'), await part.text()]).toEqual([
      206,
      'bytes 8-11/200000',
      'abcd',
    ]);
    expect((await get(undefined, {headers: {range: 'bytes=8-11', 'if-range': '"other"'}})).status).toBe(200);
    expect((await get(undefined, {headers: {range: 'bytes=200000-'}})).status).toBe(416);
  });

  it('answers HEAD without a body', async () => {
    const response = await get(undefined, {method: 'HEAD'});
    expect([response.status, response.headers.get('content-length'), await response.text()]).toEqual([
      200,
      '200000',
      '',
    ]);
    expect(upstream.requests.at(-1)).toMatchObject({method: 'HEAD', path: '/i/disk.img', status: 200, sent: 0});
  });

  it.each([
    {style: 'gnu', line: (hex: string) => `${hex}  disk.img\n`},
    {style: 'gnu-binary', line: (hex: string) => `${hex} *disk.img\n`},
    {style: 'gnu-tab', line: (hex: string) => `${hex}\tdisk.img\n`},
    {style: 'bsd', line: (hex: string) => `SHA512 (disk.img) = ${hex}\n`},
    {style: 'bare', line: (hex: string) => `${hex}\n`},
  ] as const)('writes digest lists in $style style', async ({style, line}) => {
    upstream.putDigests('/i/SUMS', {style});
    expect(await (await get('/i/SUMS')).text()).toBe(line(sha512(BYTES)));
  });

  it('writes a wrong digest when told so', async () => {
    upstream.putDigests('/i/SUMS', {algorithm: 'sha256', wrong: {'disk.img': '00'.repeat(32)}});
    expect(await (await get('/i/SUMS')).text()).toBe(`${'00'.repeat(32)}  disk.img\n`);
  });

  it('serves a large file of which it holds only a block, and knows its digest', async () => {
    upstream.putLarge('/large', 3 * 2 ** 20 + 5);
    const bytes = await bytesOf(await get('/large'));
    expect([bytes.length, sha512(bytes)]).toEqual([3 * 2 ** 20 + 5, upstream.digest('/large')]);
  });

  it('misbehaves only at the path and as often as told', async () => {
    upstream.put('/other', 'x');
    upstream.misbehave('error500', {path: '/other', times: 2});
    const statuses: number[] = [];
    for (const path of ['/i/disk.img', '/other', '/other', '/other']) statuses.push((await get(path)).status);
    expect(statuses).toEqual([200, 500, 500, 200]);
  });
});

const shows: Readonly<Record<UpstreamMisbehaviour, () => Promise<void>>> = {
  notFound404: async () => expect((await get()).status).toBe(404),
  forbidden403: async () => expect((await get()).status).toBe(403),
  error500: async () => {
    expect((await get()).status).toBe(500);
    expect((await get()).status).toBe(200);
  },
  redirect: async () => {
    const response = await get();
    expect([response.status, response.redirected, upstream.requests.length]).toEqual([200, true, 2]);
  },
  redirectLoop: async () => {
    await expect(get()).rejects.toThrow('fetch failed');
    expect(upstream.requests.length).toBeGreaterThan(10);
  },
  htmlPage: async () => {
    const response = await get();
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
  },
  truncatedBody: async () => {
    const response = await get();
    expect(response.headers.get('content-length')).toBe('200000');
    await expect(response.arrayBuffer()).rejects.toThrow('terminated');
    expect(upstream.requests[0]?.sent).toBe(100_000);
  },
  stalledBody: async () => {
    const body = (await get()).body as ReadableStream<Uint8Array>;
    const reader = body.getReader();
    let received = 0;
    while (received < 100_000) received += (await reader.read()).value?.length ?? 0;
    const more = await Promise.race([reader.read(), new Promise((resolve) => setTimeout(resolve, 50, 'nothing'))]);
    expect([received, more]).toEqual([100_000, 'nothing']);
    await reader.cancel();
  },
  wrongLength: async () => {
    expect((await get(undefined, {method: 'HEAD'})).headers.get('content-length')).toBe('200000');
    expect(await bytesOf(await get())).toHaveLength(100_000);
  },
  noRange: async () => {
    const response = await get(undefined, {headers: {range: 'bytes=0-3'}});
    expect([response.status, response.headers.get('accept-ranges'), (await bytesOf(response)).length]).toEqual([
      200,
      null,
      200_000,
    ]);
  },
  noContentLength: async () => {
    const response = await get();
    expect([response.headers.get('content-length'), response.headers.get('transfer-encoding')]).toEqual([
      null,
      'chunked',
    ]);
    expect(await bytesOf(response)).toHaveLength(200_000);
  },
  slow: async () => {
    const start = performance.now();
    expect(await bytesOf(await get())).toHaveLength(200_000);
    expect(performance.now() - start).toBeGreaterThan(150);
  },
  resetMidway: async () => {
    const response = await get();
    await expect(response.arrayBuffer()).rejects.toThrow('terminated');
  },
  changesBetweenRequests: async () => {
    const [first, second] = [await get(), await get()];
    expect(first.headers.get('etag')).not.toBe(second.headers.get('etag'));
    const [one, two] = [await bytesOf(first), await bytesOf(second)];
    expect([one.length, one.equals(two)]).toEqual([200_000, false]);
  },
};

describe('a misbehaving source', () => {
  it.each(
    Object.entries(shows).map(([name, passed]) => ({
      name: name as UpstreamMisbehaviour,
      passed,
      what: UPSTREAM_MISBEHAVIOURS[name as UpstreamMisbehaviour],
    })),
  )('$name: $what', async ({name, passed}) => {
    upstream.misbehave(name);
    await passed();
  });

  it('redirects over as many hops as told', async () => {
    upstream.misbehave('redirect', {hops: 3, status: 307});
    expect((await get()).status).toBe(200);
    expect(upstream.requests.map(({status}) => status)).toEqual([307, 307, 307, 200]);
  });
});
