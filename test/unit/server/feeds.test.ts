import {describe, expect, it} from 'vitest';
import type {Watched} from '../../../src/api/backend.ts';
import type {StoredEvent} from '../../../src/core/history/records.ts';
import type {HistoryReader} from '../../../src/ports/history.ts';
import {SecretRegistry} from '../../../src/secrets/registry.ts';
import type {RunRow} from '../../../src/server/contract/runs.ts';
import {Handover} from '../../../src/server/grpc/handover.ts';
import {Feeds} from '../../../src/server/runs/feeds.ts';
import type {History} from '../../../src/server/runs/history.ts';

const RUN = '0b7f6a52-63a4-4d3c-9d5e-0f6f2b7c1a10';

/** A run whose events a test stores, and feeds of it. */
function world() {
  const events: StoredEvent[] = [];
  const state = {isOver: false, read: 0};
  const reader = {
    events: (_: string, {after, limit}: {readonly after: number; readonly limit: number}) => {
      const page = events.filter(({seq}) => seq > after).slice(0, limit);
      state.read += page.length;
      return page;
    },
  } as unknown as HistoryReader;
  const history = {read: async (ask: (of: HistoryReader) => unknown) => Promise.resolve(ask(reader))};
  const row = () => ({id: RUN, lastSeq: events.length}) as RunRow;
  const feeds = new Feeds({
    secrets: new SecretRegistry(),
    history: history as unknown as History,
    look: async () => Promise.resolve({run: row(), isOver: state.isOver}),
  });
  return {
    ...{feeds, state},
    store: (count: number) => {
      for (let made = 0; made < count; made++)
        events.push({run: RUN, seq: events.length + 1, at: '2026-11-27T09:00:00Z', type: 'progress'});
    },
    watch: (after = 0) => {
      const controller = new AbortController();
      const handover = new Handover(controller.signal);
      const stop = feeds.watch(RUN, after, handover);
      return {
        next: async (): Promise<Watched | undefined> => handover.next(),
        stop: () => {
          controller.abort();
          stop();
          handover.close();
        },
      };
    },
  };
}

async function take(watch: {next: () => Promise<Watched | undefined>}, count: number): Promise<readonly unknown[]> {
  const seen: unknown[] = [];
  for (let taken = 0; taken < count; taken++) {
    const next = await watch.next();
    seen.push(next && 'event' in next ? next.event.seq : next && 'end');
  }
  return seen;
}

const upTo = (last: number, first = 1): readonly number[] =>
  Array.from({length: last - first + 1}, (_, index) => first + index);

describe('a watch', () => {
  it('has each event once and in order, whether it was stored before or comes, however many at once', async () => {
    const {store, watch, state, feeds} = world();
    store(450);
    const one = watch();
    expect(await take(one, 450)).toEqual(upTo(450));
    store(3);
    expect(await take(one, 3)).toEqual([451, 452, 453]);
    store(900);
    expect(await take(one, 900)).toEqual(upTo(1353, 454));
    state.isOver = true;
    expect(await take(one, 1)).toEqual(['end']);
    one.stop();
    expect(feeds.watchers).toBe(0);
  });

  it('that asks for nothing makes the server keep some and read no more, and delays nobody else', async () => {
    const {store, watch, state} = world();
    const [slow, fast] = [watch(), watch()];
    store(1);
    expect(await take(fast, 1)).toEqual([1]);
    store(2000);
    expect(await take(fast, 2000)).toEqual(upTo(2001, 2));
    const before = state.read;
    store(1);
    expect(await take(fast, 1)).toEqual([2002]);
    expect(state.read - before).toBeLessThan(10);
    expect(await take(slow, 2002)).toEqual(upTo(2002));
    slow.stop();
    fast.stop();
  });

  it('that goes away while its events wait leaves nothing behind', async () => {
    const {store, watch, feeds, state} = world();
    store(1000);
    const one = watch();
    expect(await take(one, 1)).toEqual([1]);
    one.stop();
    expect([await one.next(), feeds.watchers]).toEqual([undefined, 0]);
    expect(state.read).toBeLessThan(401);
  });

  it('has what is left and the end when the server ends with the run; of a run that goes on UNAVAILABLE', async () => {
    const [over, goesOn] = [world(), world()];
    for (const {store} of [over, goesOn]) store(1);
    const [one, other] = [over.watch(), goesOn.watch()];
    expect([await take(one, 1), await take(other, 1)]).toEqual([[1], [1]]);
    over.state.isOver = true;
    for (const {store} of [over, goesOn]) store(300);
    const taken = take(one, 301);
    const failed = (async () => take(other, 301))();
    failed.catch(() => undefined);
    await Promise.all([over.feeds.close(), goesOn.feeds.close()]);
    expect(await taken).toEqual([...upTo(301, 2), 'end']);
    await expect(failed).rejects.toMatchObject({code: 'UNAVAILABLE', message: 'the server ends'});
  });

  it('of somebody who takes nothing does not keep the server from its end', async () => {
    const {store, watch, feeds} = world();
    store(1000);
    const one = watch();
    await take(one, 1);
    await feeds.close();
    await expect(take(one, 1000)).rejects.toMatchObject({code: 'UNAVAILABLE'});
  });
});
