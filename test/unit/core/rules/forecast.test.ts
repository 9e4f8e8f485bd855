import {describe, expect, test} from 'vitest';
import {audit} from '../../../../src/core/rules/audit.ts';
import type {Finding} from '../../../../src/core/rules/finding.ts';
import {forecast, identityOf} from '../../../../src/core/rules/forecast.ts';
import {builtInProfile} from '../../../../src/core/rules/profile.ts';
import type {Profile} from '../../../../src/core/rules/profile.ts';
import {RULES} from '../../../../src/core/rules/registry.ts';
import type {Subject} from '../../../../src/core/rules/subject.ts';
import {subjectSet} from '../../../../src/core/rules/subject-set.ts';
import {DAY, NOW, daysAgo, live} from './subjects.ts';

const TWO_YEARS = 731 * DAY;
const PLACE = {file: 'images.yml', line: 1, column: 1};

/** The same numbers in every run: a linear congruential generator. */
function dice(seed: number): (sides: number) => number {
  let state = seed;
  return (sides) => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor((state / 2 ** 31) * sides);
  };
}

const FREQUENCIES = ['daily', 'weekly', 'monthly', 'quarterly', 'yearly', 'critical_bug', 'never', 'odd'];
const NAMES = ['Ubuntu 24.04', 'Ubuntu 24.04 20260901', 'Ubuntu', 'ubuntu 24.04', 'Ubuntu 24.04-20260901'];

function randomSubjects(roll: (sides: number) => number): Subject[] {
  const ahead = (): string => daysAgo(60 - roll(900));
  const pick = <T>(values: readonly T[]): T | undefined => values[roll(values.length)];
  return Array.from({length: 1 + roll(4)}, (_, index) => {
    const built = NOW - roll(500) * DAY - roll(86_400) * 1000;
    const exceptions = Array.from({length: roll(3)}, () => ({
      rule:
        pick(['scs-0102/recency', 'scs-0102/recency-overdue', 'scs-0102/uuid_validity-past'] as const) ??
        'scs-0102/recency',
      reason: 'tested',
      until: ahead(),
      place: PLACE,
    }));
    return live(
      {
        id: `aaaaaaaa-0000-4000-8000-00000000000${index}`,
        name: pick(NAMES) ?? null,
        createdAt: new Date(built + 3 * DAY).toISOString(),
        osHidden: roll(6) === 0,
        visibility: roll(6) === 0 ? 'community' : 'public',
      },
      {
        replace_frequency: pick(FREQUENCIES),
        image_build_date:
          roll(8) === 0
            ? 'x'
            : new Date(built)
                .toISOString()
                .slice(0, 10 + 9 * roll(2))
                .replace('T', ' '),
        provided_until: pick(['none', 'notice', ahead(), ahead(), 'forever', undefined]),
        uuid_validity: pick(['last-3', ahead(), 'forever']),
        maintained_until: pick([undefined, ahead()]),
        os_version: pick(['24.04', '26.04', '28.04']),
      },
      {definition: {name: 'X', version: '1', exceptions}, mends: 'manage', refreshes: 'update'},
    );
  });
}

function real(findings: readonly Finding[]): Set<string> {
  return new Set(findings.filter(({ignored}) => ignored === undefined).map(identityOf));
}

describe('the forecast', () => {
  test.each(Array.from({length: 16}, (_, index) => [index + 1]))(
    'agrees with the same rules judged day by day over two years (cloud %d)',
    (seed) => {
      const roll = dice(seed);
      const set = subjectSet(randomSubjects(roll), roll(4) > 0);
      const profile: Profile = builtInProfile(seed % 2 === 0 ? 'scs-v1' : 'scs-v2');
      const at = (now: number): Set<string> => real(audit({set, profile, now}));
      const foreseen = forecast({set, profile, now: NOW}, NOW + TWO_YEARS);
      const from = new Map(foreseen.map((each) => [identityOf(each.finding), each.from]));
      expect(from.size).toBe(foreseen.length);

      // Exactly at its moment it is there, and a millisecond before it is not.
      for (const [identity, moment] of from) {
        expect(at(moment).has(identity)).toBe(true);
        expect(at(moment - 1).has(identity)).toBe(false);
      }
      const today = at(NOW);
      const wrong: string[] = [];
      for (let day = 1; day * DAY <= TWO_YEARS; day++) {
        const now = NOW + day * DAY;
        const there = at(now);
        // What is there on a day is there today, or its moment has come; what is still ahead is not there.
        for (const identity of there)
          if (!today.has(identity) && (from.get(identity) ?? Infinity) > now) wrong.push(`day ${day}: ${identity}`);
        for (const [identity, moment] of from)
          if (moment > now && there.has(identity)) wrong.push(`day ${day}, too early: ${identity}`);
      }
      expect(wrong).toEqual([]);
    },
  );

  test('says when a build becomes too old, when a promise and a maintenance end, and when an exception does', () => {
    const exceptions = [{rule: 'scs-0102/hw_scsi_model', reason: 'r', until: '2026-12-31', place: PLACE}] as const;
    const subject = live(
      {},
      {hw_scsi_model: undefined, maintained_until: '2026-12-01', uuid_validity: '2026-12-24'},
      {definition: {name: 'X', version: '1', exceptions}, mends: 'manage', refreshes: 'update'},
    );
    const input = {set: subjectSet([subject], true), profile: builtInProfile(), now: NOW};
    const dates = forecast(input, NOW + 60 * DAY).map(({from, finding}) => [
      new Date(from).toISOString(),
      finding.rule,
    ]);
    expect(dates).toEqual([
      ['2026-12-02T00:00:00.000Z', 'imgmgr/end-of-life'],
      ['2026-12-25T00:00:00.000Z', 'scs-0102/uuid_validity-past'],
      ['2026-12-25T00:00:00.000Z', 'scs-0102/recency-overdue'],
      ['2026-12-28T02:24:00.001Z', 'scs-0102/recency'],
      ['2027-01-01T00:00:00.000Z', 'scs-0102/hw_scsi_model'],
      ['2027-01-01T00:00:00.000Z', 'imgmgr/exception-expired'],
    ]);
  });

  test('looks no further than asked, and foresees nothing that is found today', () => {
    const input = {set: subjectSet([live()], true), profile: builtInProfile(), now: NOW};
    expect(forecast(input, NOW + 10 * DAY)).toEqual([]);
    const outdated = subjectSet([live({}, {image_build_date: daysAgo(60)})], true);
    expect(forecast({...input, set: outdated}, NOW + 10 * DAY)).toEqual([]);
  });

  test('knows the day on which version 2 of SCS-0104 wants the next Ubuntu', () => {
    const before = Date.UTC(2028, 3, 29);
    const input = {
      set: subjectSet([live({}, {os_version: '26.04'})], true),
      profile: builtInProfile('scs-v2'),
      now: before,
    };
    const due = forecast(input, before + 10 * DAY).find(({finding}) => finding.rule === 'scs-0104/presence-v2');
    expect(due?.from).toBe(Date.UTC(2028, 3, 30));
  });

  test('no rule that judges by time lacks its moments', () => {
    const timed = RULES.filter(({moments}) => moments !== undefined).map(({id}) => id);
    expect(timed).toEqual(
      expect.arrayContaining([
        'scs-0102/recency',
        'scs-0102/recency-overdue',
        'imgmgr/end-of-life',
        'imgmgr/exception-expired',
      ]),
    );
  });
});
