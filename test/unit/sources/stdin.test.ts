import {Readable} from 'node:stream';
import {describe, expect, test} from 'vitest';
import {qcow2} from '../core/image-bytes.ts';
import {digestOf, failure, noise, readAll, request, source} from './under-test.ts';

const IMAGE = Buffer.concat([qcow2(), noise(200_000)]);

function piped(): Readable {
  return Readable.from([IMAGE.subarray(0, 1000), IMAGE.subarray(1000, 150_000), IMAGE.subarray(150_000)], {
    objectMode: false,
  });
}

describe('reads what is piped in', () => {
  test('to its end, without a size', async () => {
    const {content, opened} = await readAll(source({stdin: piped()}).open(request('-', {digest: digestOf(IMAGE)})));
    expect([content.equals(IMAGE), opened.size]).toEqual([true, undefined]);
  });

  test('after a look at it, from its first byte', async () => {
    const one = source({stdin: piped()});
    expect(await one.probe(request('-'))).toEqual({url: '-', virtualSize: 1024 ** 3, compressed: false, remote: false});
    expect(await one.probe(request('-'))).toMatchObject({virtualSize: 1024 ** 3});
    expect((await readAll(one.open(request('-')))).content.equals(IMAGE)).toBe(true);
  });

  test('only once', async () => {
    const one = source({stdin: piped()});
    await readAll(one.open(request('-')));
    expect((await failure(one.open(request('-')))).message).toBe('stdin was read already');
  });

  test('and says when there is nothing', async () => {
    expect((await failure(source().open(request('-')))).message).toBe('there is nothing to read on stdin');
  });

  test('and stops when it is told to', async () => {
    const controller = new AbortController();
    const silent = new Readable({read: () => undefined});
    const opening = failure(source({stdin: silent}).open(request('-', {signal: controller.signal})));
    controller.abort();
    expect((await opening).code).toBe('INTERRUPTED');
  });
});
