import {expect, test} from 'vitest';
import {isCalendarDate, parseDuration} from '../../../src/core/time-text.ts';

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
