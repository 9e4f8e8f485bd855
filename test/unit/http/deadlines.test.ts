import {Readable} from 'node:stream';
import {setTimeout as sleep} from 'node:timers/promises';
import {afterEach, beforeEach, describe, expect, onTestFinished, test, vi} from 'vitest';
import {createHttp, HttpError} from '../../../src/http.ts';
import {ProgressFloor} from '../../../src/http/progress-floor.ts';
import {StallWatch} from '../../../src/http/stall-watch.ts';
import type {Wire} from '../../../src/http/stall-watch.ts';
import {WatchedBody} from '../../../src/http/watched-body.ts';
import {serve} from '../sources/web-server.ts';

const FLOOR = {bytesPerMinute: 600, windowMs: 60_000};

function timeout(message: string): HttpError {
  return new HttpError({kind: 'timeout', message, method: 'GET', url: 'http://x.example/'});
}

test('S5: a window of waiting must bring its share of bytes; shorter waits are not judged', () => {
  const floor = new ProgressFloor({bytesPerMinute: 600, windowMs: 30_000});
  expect(floor.least).toBe(300);
  expect(floor.enough({waitedMs: 29_999, bytes: 0})).toBe(true);
  expect(floor.enough({waitedMs: 1, bytes: 300})).toBe(true);
  expect(floor.enough({waitedMs: 30_000, bytes: 299})).toBe(false);
});

describe('S5: with a clock that the test turns', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  /** A body whose source gives what the test pushes. */
  function bodyOf(): {readonly source: Readable; readonly body: WatchedBody; readonly broke: () => Error | undefined} {
    const source = new Readable({read: () => undefined});
    const body = new WatchedBody(source, {
      silenceMs: 60_000,
      maxBytes: Infinity,
      floor: FLOOR,
      onTimeout: () => timeout('silence'),
      onTooLarge: () => timeout('too large'),
      onTooSlow: (least) => timeout(`fewer than ${least}`),
      onBroken: () => timeout('broken'),
      onEnd: () => undefined,
    });
    let broke: Error | undefined;
    body.on('error', (error: Error) => (broke = error));
    return {source, body, broke: () => broke};
  }

  test('a download that gets a byte now and then ends, though it is never silent', async () => {
    const {source, body, broke} = bodyOf();
    body.resume();
    for (let second = 0; second < 60 && broke() === undefined; second += 10) {
      source.push(Buffer.alloc(9));
      await vi.advanceTimersByTimeAsync(10_000);
    }
    source.push(Buffer.alloc(9));
    await vi.advanceTimersByTimeAsync(0);
    expect(broke()?.message).toBe('fewer than 600');
  });

  test('a download above the floor goes on', async () => {
    const {source, body, broke} = bodyOf();
    body.resume();
    for (let second = 0; second < 300; second += 10) {
      source.push(Buffer.alloc(101));
      await vi.advanceTimersByTimeAsync(10_000);
    }
    expect(broke()).toBeUndefined();
    body.destroy();
  });

  /** A request that has a body to send, as the test says. */
  class FakeWire implements Wire {
    socket = {connecting: false, secureConnecting: false, bytesWritten: 0, writableLength: 1};
    writableFinished = false;
    writableLength = 1;
    once(): this {
      return this;
    }
  }

  function watched(wire: Wire): {readonly watch: StallWatch; readonly reported: string[]} {
    const reported: string[] = [];
    const watch = new StallWatch({
      wire,
      limitMs: 60_000,
      connectMs: 30_000,
      streaming: true,
      floor: FLOOR,
      onStall: (what) => void reported.push(what),
    });
    onTestFinished(() => watch.stop());
    return {watch, reported};
  }

  test.each([
    ['a byte', 1, ['the server took fewer than 600 bytes within 60 s']],
    ['enough', 60, []],
  ])('an upload of which the server takes %s every five seconds', async (_, step, expected) => {
    const wire = new FakeWire();
    const {reported} = watched(wire);
    for (let second = 0; second < 120; second += 5) {
      wire.socket.bytesWritten += step;
      await vi.advanceTimersByTimeAsync(5000);
    }
    expect(reported).toEqual(expected);
  });

  test('a source that gives nothing to send is no slow server', async () => {
    const wire = new FakeWire();
    wire.socket.writableLength = 0;
    wire.writableLength = 0;
    const {reported} = watched(wire);
    await vi.advanceTimersByTimeAsync(600_000);
    expect(reported).toEqual([]);
  });

  test.each([
    ['no name, no connection', {connecting: true, secureConnecting: false}],
    ['no TLS', {connecting: false, secureConnecting: true}],
  ])('%s within its own, shorter limit', async (_, state) => {
    const wire = new FakeWire();
    Object.assign(wire.socket, state);
    const {reported} = watched(wire);
    await vi.advanceTimersByTimeAsync(29_000);
    expect(reported).toEqual([]);
    await vi.advanceTimersByTimeAsync(6000);
    expect(reported).toEqual(['no connection within 30 s']);
  });
});

describe('S5: on real connections', () => {
  function client(): ReturnType<typeof createHttp> {
    const http = createHttp({proxy: 'none'});
    onTestFinished(() => http.close());
    return http;
  }

  /** Writes to a socket again and again, until it is gone. */
  async function drip(write: () => boolean): Promise<void> {
    while (write()) await sleep(5);
  }

  test.each(['text', 'stream'] as const)('headers that come byte by byte count as no answer (%s)', async (response) => {
    const web = await serve((_, answer) => {
      const {socket} = answer;
      socket?.write('HTTP/1.1 200 OK\r\nX-Long: ');
      void drip(() => socket !== null && !socket.destroyed && (socket.write('x'), true));
    });
    const asked = client().request({
      method: 'GET',
      url: web.url,
      response,
      expect: [200],
      timeoutMs: 200,
      retry: false,
    });
    await expect(asked).rejects.toMatchObject({kind: 'timeout', message: 'no answer within 0.2 s'});
  });

  test('a stream that drips ends, and a text that drips', async () => {
    const web = await serve((_, answer) => void drip(() => !answer.destroyed && (answer.write('x'), true)));
    const asked = {method: 'GET', url: web.url, expect: [200], timeoutMs: 200, retry: false} as const;
    const {body} = await client().request({...asked, response: 'stream'});
    await expect(body.toArray()).rejects.toMatchObject({
      kind: 'timeout',
      message: 'fewer than 874 bytes within 0.2 s',
    });
    await expect(client().request({...asked, response: 'text'})).rejects.toMatchObject({kind: 'timeout'});
  });
});
