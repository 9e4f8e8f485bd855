import {expect, test} from 'vitest';
import {dayOfChange, isCalendarDate, momentText, parseDuration, parseUntil} from '../../../src/core/time-text.ts';

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

test.each([
  ['2026-12-24', '2026-12-25T00:00:00.000Z'],
  ['2026-12-24T18:00Z', '2026-12-24T18:00:00.000Z'],
  ['2026-12-24T18:00:30Z', '2026-12-24T18:00:30.000Z'],
  ['2026-12-24T18:00+02:30', '2026-12-24T15:30:00.000Z'],
  ['2026-12-24T18:00-01:00', '2026-12-24T19:00:00.000Z'],
  ['2026-12-24T18:00', undefined],
  ['2026-02-30', undefined],
  ['2026-02-30T10:00Z', undefined],
  ['2026-12-24T24:00Z', undefined],
  ['2026-12-24 18:00', undefined],
  ['tomorrow', undefined],
  ['', undefined],
])('until %j ends at %s', (text, expected) => {
  const ms = parseUntil(text);
  expect(ms === undefined ? undefined : new Date(ms).toISOString()).toBe(expected);
});

test('a moment is read with its zone, its seconds only where they say something', () => {
  expect(momentText(Date.parse('2026-12-24T18:00:00Z'))).toBe('2026-12-24 18:00 UTC');
  expect(momentText(Date.parse('2026-12-24T18:00:07Z'))).toBe('2026-12-24 18:00:07 UTC');
});
