import {expect, test} from 'vitest';
import {dayOfChange, isCalendarDate, parseDuration} from '../../../src/core/time-text.ts';

test.each([
  ['90s', 90],
  ['10m', 600],
  ['2h', 7200],
  ['1h30m', 5400],
  ['1h30m5s', 5405],
  ['10', undefined],
  ['', undefined],
  ['0m', undefined],
  ['10 m', undefined],
  ['-5m', undefined],
  ['5m1h', undefined],
  ['1.5h', undefined],
  ['99999999999999999h', undefined],
])('the duration %j is %j seconds', (text, seconds) => {
  expect(parseDuration(text)).toBe(seconds);
});

test.each([
  ['2026-02-28', true],
  ['2024-02-29', true],
  ['2026-02-29', false],
  ['2026-13-01', false],
  ['2026-1-1', false],
  ['20260101', false],
  ['2026-01-01T00:00:00', false],
])('%j is a day: %j', (text, expected) => {
  expect(isCalendarDate(text)).toBe(expected);
});

test.each([
  ['2026-08-31T23:59:59Z', '2026-08-31'],
  ['2026-11-26T09:59:59Z', '2026-11-26'],
  ['1970-01-01T00:00:00Z', '1970-01-01'],
  ['2026-11-26T10:00:01Z', '2026-11-26'],
  ['2099-01-01T00:00:00Z', '2026-11-26'],
  ['+275760-09-13T00:00:00Z', '2026-11-26'],
  ['1969-12-31T23:59:59Z', '2026-11-26'],
  ['no date', '2026-11-26'],
])('L: a change on %s, seen on 2026-11-26, is of the day %s', (changed, day) => {
  expect(dayOfChange(new Date(changed), new Date('2026-11-26T10:00:00Z'))).toBe(day);
});

test('L: a change at an unknown time is of today', () => {
  expect(dayOfChange(undefined, new Date('2026-11-26T10:00:00Z'))).toBe('2026-11-26');
});
