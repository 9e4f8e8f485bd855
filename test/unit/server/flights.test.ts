import {expect, it} from 'vitest';
import type {Read} from '../../../src/server/reading/flights.ts';
import {Flight} from '../../../src/server/reading/flights.ts';

/** A thing that is read when the test lets it be, under a clock of its own. */
function flight() {
  let nowMs = 1_000_000;
  const reads: ((value: number) => void)[] = [];
  const read = (): Promise<Read<number>> => new Promise((resolve) => reads.push((value) => resolve({value})));
  const made = new Flight(read, {now: () => new Date(nowMs), freshMs: 1000, leastMs: 100});
  return {
    reads,
    get: (now = false) => made.get({now, waitMs: 5000}),
    expire: () => made.expire(),
    pass: (ms: number) => (nowMs += ms),
  };
}

it('is read once for all who ask, and again when it is old, beside what is known', async () => {
  const {reads, get, pass} = flight();
  const both = [get(), get()];
  reads[0]?.(1);
  expect((await Promise.all(both)).map(({value}) => value)).toEqual([1, 1]);
  pass(1000);
  expect(await get()).toMatchObject({value: 1, isUnderWay: true});
  expect(reads).toHaveLength(2);
});

it('is waited for when it was changed since', async () => {
  const {reads, get, expire} = flight();
  const first = get();
  reads[0]?.(1);
  await first;
  expire();
  const next = get();
  reads[1]?.(2);
  expect((await next).value).toBe(2);
});

it('is read once more when it was changed while it was read', async () => {
  const {reads, get, expire} = flight();
  const first = get();
  expire();
  reads[0]?.(1);
  await expect.poll(() => reads.length).toBe(2);
  reads[1]?.(2);
  expect((await first).value).toBe(2);
});

it('is read again when the clock was set back', async () => {
  const {reads, get, pass} = flight();
  const first = get();
  reads[0]?.(1);
  await first;
  pass(-500_000);
  void get();
  expect(reads).toHaveLength(2);
});
