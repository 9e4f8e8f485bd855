import {describe, expect, it} from 'vitest';
import {buildDateOf, isDue, nextVersion} from '../../../../src/core/build/due.ts';

const at = (day: string): Date => new Date(`${day}T12:00:00Z`);

describe('a build is due', () => {
  it.each([
    ['daily', '2026-11-20', '2026-11-21', true],
    ['daily', '2026-11-21', '2026-11-21', false],
    ['weekly', '2026-11-15', '2026-11-21', false],
    ['weekly', '2026-11-14', '2026-11-21', true],
    ['monthly', '2026-10-23', '2026-11-21', false],
    ['monthly', '2026-10-22', '2026-11-21', true],
    ['quarterly', '2026-08-23', '2026-11-21', false],
    ['quarterly', '2026-08-22', '2026-11-21', true],
    ['yearly', '2025-11-22', '2026-11-21', false],
    ['yearly', '2025-11-21', '2026-11-21', true],
    ['critical_bug', '2001-01-01', '2026-11-21', false],
    ['never', '2001-01-01', '2026-11-21', false],
  ])('%s, built on %s, on %s: %s', (frequency, built, now, expected) => {
    expect(isDue(built.replaceAll('-', ''), frequency, at(now))).toBe(expected);
    expect(isDue(`${built.replaceAll('-', '')}.3`, frequency, at(now))).toBe(expected);
  });

  it('never without a frequency, and never for a version that is no build date', () => {
    expect(isDue('20010101', undefined, at('2026-11-21'))).toBe(false);
    expect(isDue('12.5', 'daily', at('2026-11-21'))).toBe(false);
    expect(isDue('20269901', 'daily', at('2026-11-21'))).toBe(false);
  });
});

describe('the version of a new build', () => {
  it('is the day in UTC, with the first free number where the day is taken', () => {
    const late = new Date('2026-11-21T23:59:59Z');
    expect(nextVersion(late, new Set())).toBe('20261121');
    expect(nextVersion(late, new Set(['20261121']))).toBe('20261121.1');
    expect(nextVersion(late, new Set(['20261121', '20261121.1', '20261121.2']))).toBe('20261121.3');
    expect(nextVersion(late, new Set(['20261120']))).toBe('20261121');
    expect(nextVersion(late, new Set(['20261121.1']))).toBe('20261121.2');
    expect(nextVersion(late, new Set(['20261121.9', '20261121.10', '20261121']))).toBe('20261121.11');
  });

  it('L: is newer than one that bears a later day', () => {
    expect(nextVersion(at('2026-11-21'), new Set(['20991231']))).toBe('20991231.1');
    expect(nextVersion(at('2026-11-21'), new Set(['20991231.4', '20261121.9']))).toBe('20991231.5');
    expect(nextVersion(at('2026-11-21'), new Set(['20990230', '99999999', 'next']))).toBe('20261121');
  });

  it('L: tells no build date of what is no day of the calendar', () => {
    expect(buildDateOf('20260230')).toBeUndefined();
    expect(buildDateOf('20261301.1')).toBeUndefined();
    expect(isDue('20260230', 'daily', at('2026-11-21'))).toBe(false);
  });

  it('tells its build date', () => {
    expect(buildDateOf('20261121.4')).toBe('2026-11-21');
    expect(buildDateOf('12.4')).toBeUndefined();
  });
});
