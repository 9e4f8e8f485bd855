import {setTimeout as sleep} from 'node:timers/promises';
import type {ServerResponse} from 'node:http';
import {describe, expect, test} from 'vitest';
import {qcow2} from '../core/image-bytes.ts';
import {failure, noise, readUntilBroken, request, source} from './under-test.ts';
import {file, serve} from './web-server.ts';

const IMAGE = Buffer.concat([qcow2(), noise(400_000)]);

/** Sends the beginning, then a byte now and then. */
function dripping(begin: number): (_: unknown, response: ServerResponse) => void {
  const send = async (response: ServerResponse): Promise<void> => {
    response.writeHead(200, {'Content-Length': IMAGE.length});
    response.write(IMAGE.subarray(0, begin));
    for (let at = begin; at < IMAGE.length && !response.destroyed; at += 1) {
      response.write(IMAGE.subarray(at, at + 1));
      await sleep(5);
    }
  };
  return (_, response) => void send(response);
}

describe('S5: a source that sends a byte now and then', () => {
  test.each(['probe', 'open'] as const)('%s ends with SOURCE_UNAVAILABLE by the floor of progress', async (what) => {
    const web = await serve(dripping(100));
    const error = await failure(
      (async () => {
        await source({silenceMs: 1000, attempts: 1})[what](request(web.url));
      })(),
    );
    expect(error.code).toBe('SOURCE_UNAVAILABLE');
    expect(error.message).toContain('fewer than 4370 bytes within 1 s');
  });

  test('a first look ends with TIMEOUT at the limit of the image', async () => {
    const web = await serve(dripping(100));
    const error = await failure(source().probe(request(web.url, {limitMs: 300})));
    expect([error.code, error.message]).toEqual(['TIMEOUT', `${web.url}/ was not read within 0.3 s`]);
    expect(error.hint).toContain('--import-timeout');
  });

  test('a download ends with TIMEOUT at the limit of the image, after the first bytes were given on', async () => {
    const web = await serve(dripping(300_000));
    const {given, error} = await readUntilBroken(source().open(request(web.url, {limitMs: 1500})));
    expect([error.code, given > 0]).toEqual(['TIMEOUT', true]);
  });

  test('the limit also ends a download that nobody reads, because whoever takes the bytes takes none', async () => {
    const web = await serve(file(IMAGE));
    const {bytes} = await source().open(request(web.url, {limitMs: 1500}));
    const error = await new Promise((resolve) => bytes.once('error', resolve));
    expect(error).toMatchObject({code: 'TIMEOUT'});
  });

  test('a limit that has passed already reads nothing', async () => {
    const web = await serve(file(IMAGE));
    expect((await failure(source().open(request(web.url, {limitMs: 0})))).code).toBe('TIMEOUT');
    expect(web.requests).toHaveLength(0);
  });

  test('the limit ends repeated attempts, too, and keeps its name', async () => {
    const web = await serve((_, response) => response.writeHead(503).end());
    const error = await failure(source({attempts: 50, delayMs: 60_000}).open(request(web.url, {limitMs: 200})));
    expect([error.code, web.requests.length]).toEqual(['TIMEOUT', 1]);
  });

  test('a list of digests that drips ends by the floor of progress', async () => {
    const web = await serve(dripping(0));
    const place = {kind: 'bare', url: web.url} as const;
    expect((await failure(source({silenceMs: 1000, attempts: 1}).findDigest(place))).message).toContain(
      'fewer than 4370 bytes within 1 s',
    );
  });
});
