import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest';
import type {StoredEvent} from '../../../../src/core/history/records.ts';
import type {HistoryReader} from '../../../../src/ports/history.ts';
import {SecretRegistry} from '../../../../src/secrets/registry.ts';
import type {RunRow} from '../../../../src/server/contract/runs.ts';
import type {FeedItem, Watcher} from '../../../../src/server/runs/feeds.ts';
import {Feeds} from '../../../../src/server/runs/feeds.ts';

const WATCHERS = 1000;

/** A run whose events are in memory, and how often they were read. */
class Run {
  readonly events: StoredEvent[] = [];
  reads = 0;
  looks = 0;
  isOver = false;
  readonly feeds: Feeds;

  constructor() {
    const reader = {
      events: (_: string, {after, limit}: {readonly after: number; readonly limit: number}): readonly StoredEvent[] => {
        this.reads += 1;
        return this.events.filter(({seq}) => seq > after).slice(0, limit);
      },
    } as unknown as HistoryReader;
    this.feeds = new Feeds({
      secrets: new SecretRegistry(),
      history: {read: async (ask) => ask(reader)},
      look: async () => {
        this.looks += 1;
        return Promise.resolve({run: {lastSeq: this.events.at(-1)?.seq ?? 0} as RunRow, isOver: this.isOver});
      },
    });
  }

  emit(count: number): void {
    for (let n = 0; n < count; n++)
      this.events.push({run: 'r', seq: this.events.length + 1, at: '', type: 'decision', message: 'm'});
  }
}

class Seen implements Watcher {
  readonly seqs: number[] = [];
  ended = 0;
  failed = 0;

  take({event}: FeedItem): void | Promise<void> {
    this.seqs.push(event.seq);
  }

  end(): void {
    this.ended += 1;
  }

  fail(): void {
    this.failed += 1;
  }
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const upTo = (count: number): readonly number[] => Array.from({length: count}, (_, at) => at + 1);

describe('1,000 watchers of a run', () => {
  it('have what was before read once a page for all, and each batch that comes once', async () => {
    const run = new Run();
    run.emit(450);
    const watchers = Array.from({length: WATCHERS}, () => new Seen());
    const stops = watchers.map((watcher) => run.feeds.watch('r', 0, watcher));
    await vi.advanceTimersByTimeAsync(0);
    for (const {seqs} of watchers) expect(seqs).toEqual(upTo(450));
    // Three pages, and the looks of the tail that follows them.
    expect(run.reads).toBeLessThan(10);
    expect(run.looks).toBeLessThan(10);
    const [reads, before] = [run.reads, run.looks];
    for (let batch = 0; batch < 20; batch++) {
      run.emit(3);
      await vi.advanceTimersByTimeAsync(80);
    }
    for (const {seqs} of watchers) expect(seqs).toEqual(upTo(510));
    expect(run.reads - reads).toBeLessThanOrEqual(21);
    expect(run.looks - before).toBeLessThanOrEqual(21);
    run.isOver = true;
    await vi.advanceTimersByTimeAsync(1000);
    expect(watchers.map(({ended}) => ended)).toEqual(watchers.map(() => 1));
    for (const stop of stops) stop();
    const over = run.reads;
    await vi.advanceTimersByTimeAsync(10_000);
    expect([run.reads, run.feeds.watchers, vi.getTimerCount()]).toEqual([over, 0, 0]);
  });

  it('of which one is slow do not wait for it', async () => {
    const run = new Run();
    run.emit(500);
    let release = (): void => undefined;
    const slow = new Seen();
    slow.take = ({event}) => {
      slow.seqs.push(event.seq);
      return new Promise((resolve) => (release = resolve));
    };
    const quick = new Seen();
    const stop = [run.feeds.watch('r', 0, slow), run.feeds.watch('r', 0, quick)];
    await vi.advanceTimersByTimeAsync(100);
    run.emit(1);
    await vi.advanceTimersByTimeAsync(100);
    expect([quick.seqs.at(-1), slow.seqs]).toEqual([501, [1]]);
    release();
    await vi.advanceTimersByTimeAsync(0);
    expect(slow.seqs).toEqual([1, 2]);
    for (const one of stop) one();
  });
});

describe('a watcher', () => {
  it('goes on behind the event that it names, and gets each event once', async () => {
    const run = new Run();
    run.emit(300);
    const [late, ahead] = [new Seen(), new Seen()];
    const stop = [run.feeds.watch('r', 298, late), run.feeds.watch('r', 9999, ahead)];
    await vi.advanceTimersByTimeAsync(0);
    run.emit(2);
    await vi.advanceTimersByTimeAsync(100);
    expect([late.seqs, ahead.seqs]).toEqual([
      [299, 300, 301, 302],
      [301, 302],
    ]);
    for (const one of stop) one();
  });

  it('is told where the history cannot be read, and nothing goes on for it', async () => {
    const run = new Run();
    run.emit(1);
    const watcher = new Seen();
    const stop = run.feeds.watch('r', 0, watcher);
    await vi.advanceTimersByTimeAsync(0);
    Object.defineProperty(run, 'events', {
      get: () => {
        throw new Error('locked');
      },
    });
    await vi.advanceTimersByTimeAsync(100);
    expect(watcher.failed).toBe(1);
    stop();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('finds no room where 2,000 watch', () => {
    const run = new Run();
    const stops = Array.from({length: 2000}, () => run.feeds.watch('r', 0, new Seen()));
    expect(run.feeds.hasRoom).toBe(false);
    stops[0]?.();
    stops[0]?.();
    expect([run.feeds.hasRoom, run.feeds.watchers]).toEqual([true, 1999]);
    for (const stop of stops) stop();
  });
});
