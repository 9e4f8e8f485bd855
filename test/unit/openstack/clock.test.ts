import {expect, test} from 'vitest';
import {ServerClock} from '../../../src/openstack/clock.ts';

const TEN = Date.parse('2026-01-31T10:00:00Z');

function clockAt(serverMs: number): {clock: ServerClock; pass: (ms: number) => void} {
  let at = 5000;
  const clock = new ServerClock(() => at);
  clock.hear(new Date(serverMs).toISOString());
  return {clock, pass: (ms) => (at += ms)};
}

test('moves on by the monotonic clock, whatever this host thinks the time is', () => {
  const {clock, pass} = clockAt(TEN);
  pass(61_500);
  expect(clock.now().toISOString()).toBe('2026-01-31T10:01:01.500Z');
});

test('before any answer it is this host’s clock', () => {
  const before = Date.now();
  expect(new ServerClock(() => 0).now().getTime()).toBeGreaterThanOrEqual(before);
});

test.each([
  ['a whole second that ours lies within changes nothing', 300, '10:00:00', 300],
  ['an answer that was on its way for a moment changes nothing', 2900, '10:00:00', 2900],
  ['a later time is taken', 300, '10:00:05', 5000],
  ['an earlier one too, when it contradicts ours', 9000, '10:00:05', 5000],
])('%s', (_, ours, reported, expected) => {
  const {clock} = clockAt(TEN + ours);
  clock.hear(`Sat, 31 Jan 2026 ${reported} GMT`);
  expect(clock.now().getTime()).toBe(TEN + expected);
});

test('what is no date is not heard', () => {
  const {clock} = clockAt(TEN);
  clock.hear(undefined);
  clock.hear('yesterday');
  expect(clock.now().getTime()).toBe(TEN);
});
