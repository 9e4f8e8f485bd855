import {EventEmitter} from 'node:events';
import type {ServerResponse} from 'node:http';
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest';
import {SecretRegistry} from '../../../../src/secrets/registry.ts';
import type {RunRow} from '../../../../src/server/contract/runs.ts';
import type {FeedItem, Watcher} from '../../../../src/server/runs/feeds.ts';
import {EventStreams, lastEventId} from '../../../../src/server/web/events.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** The other end of a stream; `takes`: it has room for more. */
class Reader extends EventEmitter {
  readonly chunks: (string | Buffer)[] = [];
  takes = true;
  destroyed = false;

  writeHead(): void {
    // Nothing is looked at.
  }

  write(chunk: string | Buffer): boolean {
    this.chunks.push(chunk);
    return this.takes;
  }

  end(chunk: string): void {
    this.chunks.push(chunk);
    this.destroy();
  }

  destroy(): void {
    if (this.destroyed) return;
    this.destroyed = true;
    this.emit('close');
  }

  drain(): void {
    this.takes = true;
    this.emit('drain');
  }

  get text(): string {
    return this.chunks.map(String).join('');
  }
}

function begin(
  streams: EventStreams,
  isIn = (): boolean => true,
): {readonly reader: Reader; readonly watcher: Watcher; readonly ended: () => number} {
  const reader = new Reader();
  let ended = 0;
  const response = reader as unknown as ServerResponse;
  const watcher = streams.begin(response, {onEnd: () => void (ended += 1), isIn});
  return {reader, watcher, ended: () => ended};
}

const item = (seq: number): FeedItem => ({event: {run: 'r', seq, at: '', type: 'a'}, json: `{"seq":${seq}}`});

describe('a reader of events', () => {
  it('gets each with its number, a comment every 15 seconds, and the end', () => {
    const streams = new EventStreams(new SecretRegistry());
    const {reader, watcher, ended} = begin(streams);
    void watcher.take(item(7));
    vi.advanceTimersByTime(31_000);
    watcher.end({id: 'r', state: 'SUCCESS'} as RunRow);
    expect(reader.text).toBe(
      'retry: 2000\n\nid: 7\ndata: {"seq":7}\n\n: ping\n\n: ping\n\nevent: end\ndata: {"id":"r","state":"SUCCESS"}\n\n',
    );
    expect([ended(), vi.getTimerCount()]).toEqual([1, 0]);
  });

  it('who has no room is waited for, and dropped after 30 seconds', async () => {
    const streams = new EventStreams(new SecretRegistry());
    const [slow, stuck] = [begin(streams), begin(streams)];
    slow.reader.takes = false;
    stuck.reader.takes = false;
    const taken = vi.fn();
    const [first, second] = [slow.watcher.take(item(1)), stuck.watcher.take(item(1))];
    void Promise.resolve(first).then(taken);
    await vi.advanceTimersByTimeAsync(29_000);
    expect(taken).not.toHaveBeenCalled();
    slow.reader.drain();
    await first;
    await vi.advanceTimersByTimeAsync(1000);
    await second;
    expect([slow.reader.destroyed, stuck.reader.destroyed, stuck.ended()]).toEqual([false, true, 1]);
    // Nothing is written to one who is gone, and nobody listens to him.
    const before = stuck.reader.chunks.length;
    expect(stuck.watcher.take(item(2))).toBeUndefined();
    expect([stuck.reader.chunks.length, stuck.reader.listenerCount('drain')]).toEqual([before, 0]);
    streams.close();
    expect([slow.reader.destroyed, vi.getTimerCount()]).toEqual([true, 0]);
  });

  it('is out when its login is, or when nobody can tell', async () => {
    const streams = new EventStreams(new SecretRegistry());
    let isIn = true;
    const [one, other] = [
      begin(streams, () => isIn),
      begin(streams, () => {
        if (isIn) return true;
        throw new Error('the tokens cannot be read');
      }),
    ];
    await vi.advanceTimersByTimeAsync(10_000);
    expect([one.reader.destroyed, other.reader.destroyed]).toEqual([false, false]);
    isIn = false;
    await vi.advanceTimersByTimeAsync(10_000);
    expect([one.reader.destroyed, other.reader.destroyed]).toEqual([true, true]);
  });
});

it('1,000 readers of an event share its bytes', () => {
  const streams = new EventStreams(new SecretRegistry());
  const all = Array.from({length: 1000}, () => begin(streams));
  const same = item(1);
  for (const {watcher} of all) void watcher.take(same);
  expect(new Set(all.map(({reader}) => reader.chunks.at(-1))).size).toBe(1);
  streams.close();
});

it.each([
  ['17', 17],
  ['0', 0],
  ['-1', 0],
  ['1e9', 0],
  ['9'.repeat(16), 0],
  ['x', 0],
  [undefined, 0],
])('last-event-id %j is %d', (text, number) => {
  expect(lastEventId({headers: {'last-event-id': text}} as never)).toBe(number);
});
