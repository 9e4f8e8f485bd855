import {describe, expect, test} from 'vitest';
import {audit} from '../../../../src/core/rules/audit.ts';
import {countsAs} from '../../../../src/core/rules/finding.ts';
import {auditLive} from '../../../../src/core/rules/live-audit.ts';
import {liveSubject} from '../../../../src/core/rules/live-subject.ts';
import {builtInProfile} from '../../../../src/core/rules/profile.ts';
import {subjectSet} from '../../../../src/core/rules/subject-set.ts';
import type {BuildSpec} from '../../../../src/core/build/spec.ts';
import type {Definition} from '../../../../src/core/definition/definition.ts';
import type {OwnImage} from '../../../../src/core/release/release.ts';
import type {Image} from '../../../../src/core/image/image.ts';
import {byWorst, numbersOf} from '../../../../src/core/status/order.ts';
import type {StatusRow} from '../../../../src/core/status/row.ts';
import type {RowsInput} from '../../../../src/core/status/rows.ts';
import {ofNewerFormat, rowsOf, unreachableRow} from '../../../../src/core/status/rows.ts';
import {chainOf} from '../../../../src/core/status/show.ts';
import {isDue} from '../../../../src/core/status/scale.ts';
import {DAY, NOW, daysAgo, definition, image} from '../rules/subjects.ts';
import {own, parsed} from './live.ts';

const OTHER = 'aaaaaaaa-0000-4000-8000-000000000002';
const PRIVATE: Partial<Image> = {visibility: 'private', osHidden: true, name: 'Ubuntu 24.04 (20261125)'};

function rows(
  images: readonly OwnImage[],
  definitions: readonly Definition[] = parsed(definition({})),
  more: Partial<RowsInput> & {readonly until?: number; readonly whole?: boolean} = {},
): readonly StatusRow[] {
  const {until = NOW + 92 * DAY, whole = false, ...rest} = more;
  const audited = auditLive({own: images, definitions, whole, profile: builtInProfile(), now: NOW, until});
  return rowsOf({
    ...{cloud: 'a', own: images, definitions, isAsked: () => true, isWhole: true, audit: audited},
    scale: {now: NOW, failOn: 'error'},
    held: {holds: [], now: new Date(NOW)},
    ...rest,
  });
}

const statesOf = (found: readonly StatusRow[]): string[] =>
  found.map(({state, version, offending}) => `${state} ${version ?? '-'}${offending ? ' !' : ''}`);

describe('the rows of a cloud', () => {
  test('have the current image with version, build, verdict, and the day on which it turns red', () => {
    const passed = {imgmgr_verdict: 'pass', imgmgr_verdict_cause: 'passed', imgmgr_verdict_at: '2026-11-25T00:00:00Z'};
    expect(rows([own({}, {properties: passed})])).toMatchObject([
      {
        ...{cloud: 'a', definition: 'Ubuntu 24.04', version: '20261124', built: daysAgo(2), newer: null, state: 'ok'},
        verified: {kind: 'pass', cause: 'passed', at: '2026-11-25T00:00:00Z'},
        redOn: {now: false, rule: 'scs-0102/recency', by: 'update'},
        ...{offending: false, findings: []},
      },
    ]);
  });

  test('say NEWER where the definition lists a newer version, or a finder knows one', () => {
    expect(rows([own({version: '20261101'})])).toMatchObject([{version: '20261101', newer: '20261124'}]);
    const upstream = new Map([['Ubuntu 24.04', '20261126']]);
    expect(rows([own()], undefined, {upstream})).toMatchObject([{newer: '20261126'}]);
  });

  test('have the newest build that waits on the cloud, where the definition is built', () => {
    const built = parsed(definition({}))
      .map((one): Definition => ({...one, versions: [], build: {...BUILD}}))
      .slice(0, 1);
    const ready = own({id: OTHER, version: '20261125', state: 'ready'}, {changes: PRIVATE});
    expect(rows([own(), ready], built)).toMatchObject([
      {state: 'ok', newer: '20261125'},
      {state: 'ready', newer: null},
    ]);
  });

  test('have one for an enabled definition without an image, none for one that offers nothing or is disabled', () => {
    expect(rows([])).toMatchObject([
      {state: 'missing', definition: 'Ubuntu 24.04', newer: '20261124', offending: true},
    ]);
    const [enabled] = parsed(definition({}));
    expect(rows([], enabled ? [{...enabled, versions: []}] : [])).toEqual([]);
    expect(rows([], enabled ? [{...enabled, enabled: false}] : [])).toEqual([]);
  });

  test.each([
    ['disabled', parsed(definition({fields: {enable: 'false'}})), 'disabled 20261124'],
    ['gone', [], 'definition-gone 20261124 !'],
  ] as const)('say that the definition of an image is %s', (_, definitions, wanted) => {
    expect(statesOf(rows([own()], definitions))).toEqual([wanted]);
  });

  test('say what was changed by hand, as manage sees it', () => {
    const pulled = own({}, {changes: {visibility: 'private'}});
    expect(rows([pulled])).toMatchObject([
      {state: 'changed-by-hand', detail: 'visibility is private, the definition says public', offending: true},
    ]);
    const asApplied = parsed(definition({fields: {visibility: 'community'}}));
    expect(statesOf(rows([own()], asApplied))).toEqual(['ok 20261124']);
  });

  test.each([
    ['quarantined', 'quarantined 20261125 !'],
    ['importing', 'importing 20261125'],
    ['pending', 'pending 20261125'],
    ['ready', 'ready 20261125'],
  ] as const)('have one of its own for an image that is %s', (state, wanted) => {
    const candidate = own({id: OTHER, version: '20261125', state}, {changes: PRIVATE});
    expect(statesOf(rows([own(), candidate]))).toEqual(['ok 20261124', wanted]);
  });

  test('say why an image is quarantined', () => {
    const failed = {imgmgr_verdict: 'fail', imgmgr_verdict_cause: 'checks-failed', imgmgr_verdict_checks: 'dns swap'};
    const candidate = own(
      {id: OTHER, version: '20261125', state: 'quarantined'},
      {changes: PRIVATE, properties: failed},
    );
    expect(rows([own(), candidate])[1]?.detail).toBe('it failed its verification: checks-failed (dns, swap)');
  });

  test('say that a later version of imgmgr described an image', () => {
    const newer = image({}, {imgmgr_schema: '99', imgmgr_definition: 'Ubuntu 24.04', imgmgr_version: '20261124'});
    const [found] = ofNewerFormat([newer, image({owner: 'q'}, newer.properties)], 'p');
    expect(found ? statesOf(rows([found])) : []).toEqual(['newer-format 20261124 !']);
    expect(ofNewerFormat([own().image], 'p')).toEqual([]);
  });

  test('count the findings of superseded images in the row of their definition', () => {
    const retired = own({id: OTHER, version: '20261101', state: 'retired'}, {properties: {os_purpose: 'general'}});
    expect(rows([own(), retired])).toMatchObject([
      {
        ...{version: '20261124', offending: true, redOn: {now: true, rule: 'scs-0102/os_purpose-value', by: 'you'}},
        superseded: [{image: OTHER, version: '20261101'}],
      },
    ]);
  });

  test('have one for each listed version where every version bears a name of its own', () => {
    const each = parsed(
      definition({fields: {multi: 'false'}, after: '      - {version: "20261101", url: https://example.test/x}'}),
    );
    const named = own({}, {changes: {name: 'Ubuntu 24.04 20261124'}, properties: {os_version: '20261124'}});
    expect(rows([named], each).map(({state, newer}) => [state, newer])).toEqual([
      ['ok', null],
      ['missing', '20261101'],
    ]);
  });

  test('have only definitions that were asked about, and the cloud only where all were', () => {
    const definitions = parsed(definition({}), definition({fields: {name: 'Other'}}));
    expect(rows([], definitions, {isAsked: (name) => name === 'Other', isWhole: false, whole: true})).toMatchObject([
      {definition: 'Other'},
    ]);
    expect(rows([], [], {whole: true})).toMatchObject([
      {state: 'cloud', definition: null, redOn: {now: true, rule: 'scs-0104/presence', by: 'you'}},
    ]);
  });

  test('stand in the order of what is worst', () => {
    const red = rows([own({}, {properties: {os_purpose: 'general'}})]);
    const soon = rows([own({}, {properties: {image_build_date: daysAgo(30)}})]);
    const later = rows([own()]);
    const missing = rows([]);
    const none = unreachableRow('z', 'no answer');
    const sorted = [...later, ...missing, ...soon, none, ...red]
      .map((row) => ({...row, ...numbersOf(row)}))
      .sort(byWorst)
      .map(({state, redOn}) => [state, redOn?.at.slice(0, 10) ?? '']);
    expect(sorted).toEqual([
      ['unreachable', ''],
      ['ok', '2026-11-26'],
      ['missing', ''],
      ['ok', '2026-11-30'],
      ['ok', '2026-12-28'],
    ]);
  });
});

const BUILD: BuildSpec = {
  ...{elements: ['vm'], environment: {}, packages: [], formats: ['qcow2'], compress: false, timeoutSeconds: 60},
};

/** The same numbers in every run: a linear congruential generator. */
function dice(seed: number): (sides: number) => number {
  let state = seed;
  return (sides) => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor((state / 2 ** 31) * sides);
  };
}

function randomImages(roll: (sides: number) => number): OwnImage[] {
  const ahead = (): string => daysAgo(60 - roll(900));
  const pick = <T>(values: readonly T[]): T | undefined => values[roll(values.length)];
  return Array.from({length: 1 + roll(4)}, (_, index) => {
    const built = NOW - roll(400) * DAY - roll(86_400) * 1000;
    return own(
      {
        id: `aaaaaaaa-0000-4000-8000-00000000000${index}`,
        version: pick(['20261124', '20261101', '20260901']) ?? '',
        state: pick(['current', 'retired', 'ready'] as const) ?? 'current',
      },
      {
        changes: {osHidden: roll(8) === 0, createdAt: new Date(built + DAY).toISOString()},
        properties: {
          replace_frequency: pick(['daily', 'weekly', 'monthly', 'quarterly', 'yearly', 'never']),
          image_build_date: new Date(built)
            .toISOString()
            .slice(0, 10 + 9 * roll(2))
            .replace('T', ' '),
          provided_until: pick(['none', ahead(), ahead(), '2040-01-01']),
          uuid_validity: pick(['last-3', ahead()]),
          maintained_until: pick([undefined, ahead()]),
        },
      },
    );
  });
}

describe('RED ON and --due-within', () => {
  const TWO_YEARS = 731;

  test.each(Array.from({length: 6}, (_, index) => [index + 1]))(
    'equal the same rules under a shifted clock, day by day over two years (cloud %d)',
    (seed) => {
      const roll = dice(seed * 7919);
      const images = randomImages(roll);
      const until = daysAgo(-roll(700));
      const after =
        roll(3) === 0 ? `    audit: {ignore: [{rule: scs-0102/recency, reason: tested, until: ${until}}]}` : '';
      const definitions = parsed(definition({after}));
      const found = rows(images, definitions, {until: NOW + TWO_YEARS * DAY});
      const exceptions = definitions[0]?.exceptions ?? [];
      const subjects = images.map(({image: each}) =>
        liveSubject(each, {
          definition: {name: 'Ubuntu 24.04', version: '1', exceptions},
          ...{mends: 'you', refreshes: 'you'},
        }),
      );
      const set = subjectSet(subjects, false);
      const errors = (now: number): ReadonlySet<string | undefined> =>
        new Set(
          audit({set, profile: builtInProfile(), now})
            .filter((finding) => countsAs(finding, 'error'))
            .map((finding) => finding.image),
        );
      const broken = found.map(() => false);
      const wrong: string[] = [];
      // The moments between two days count, too: what breaks in the morning may be over at night.
      const moments = found.flatMap(({ahead}) => ahead.map(({from}) => Date.parse(from)));
      for (let day = 0; day <= TWO_YEARS; day++) {
        const now = NOW + day * DAY;
        const seen = [...moments.filter((at) => at > now - DAY && at < now && at > NOW), now].map(errors);
        found.forEach((row, index) => {
          const ids = [row.image, ...row.superseded.map((each) => each.image)];
          broken[index] ||= seen.some((ill) => ids.some((id) => id !== null && ill.has(id)));
          const red = row.redOn !== null && Date.parse(row.redOn.at) <= now;
          const due = isDue(row, {now: NOW, failOn: 'error', due: now});
          if (red !== broken[index] || due !== broken[index])
            wrong.push(`day ${day}: ${row.state} ${row.version ?? ''}`);
        });
      }
      expect(wrong).toEqual([]);
    },
  );

  test('say NOW for what is broken, whatever breaks later', () => {
    const [row] = rows([own({}, {properties: {os_purpose: 'general', uuid_validity: daysAgo(-3)}})]);
    expect(row?.redOn).toEqual({
      ...{at: new Date(NOW).toISOString(), now: true, rule: 'scs-0102/os_purpose-value', by: 'manage'},
    });
  });
});

describe('revoked versions', () => {
  const MARK = {imgmgr_revoked: 'version=20261124 date=2026-11-25T01:02:03Z pulled=no'};
  const ids = (n: number): string => `aaaaaaaa-0000-4000-8000-00000000000${n}`;
  const old = own({id: ids(2), version: '20261101'});
  const retired = own({id: ids(3), version: '20261101', state: 'retired'});
  const bad = (pulled = 'no', state: 'current' | 'retired' = 'retired'): OwnImage =>
    own(
      {id: ids(1), state},
      {
        changes: {osHashValue: 'cd'.repeat(64)},
        properties: {
          ...MARK,
          imgmgr_revoked: MARK.imgmgr_revoked.replace('no', pulled),
          imgmgr_revoked_reason: 'no network',
        },
      },
    );

  test('are named where they bear the name still', () => {
    expect(rows([bad('no', 'current'), retired])).toMatchObject([
      {
        ...{state: 'revoked', version: '20261124', offending: true, newer: null},
        detail: 'revoked on 2026-11-25T01:02:03Z: no network; it bears the name still',
      },
    ]);
  });

  test('are marked among the superseded ones, and no newer version than the one that took the place', () => {
    expect(rows([old, bad()])).toMatchObject([
      {state: 'ok', version: '20261101', newer: null, superseded: [{version: '20261124', revoked: true}]},
    ]);
  });

  test('say that a pulled one left no current image, and what brings one back', () => {
    const [row] = rows([bad('yes'), retired]);
    expect(row).toMatchObject({state: 'pulled', offending: true, newer: null});
    expect(row?.detail).toMatch(
      /^20261124 was pulled on 2026-11-25T01:02:03Z: no network; a newer version, rollback or/,
    );
  });

  test('of the definition count, too', () => {
    const definitions = parsed(definition({})).map((one) => ({
      ...one,
      versions: one.versions.map((each) => ({...each, revoked: 'no network'})),
    }));
    expect(rows([own()], definitions)).toMatchObject([
      {state: 'revoked', detail: 'its definition revokes it: no network; it bears the name still'},
    ]);
    expect(rows([], definitions)).toEqual([]);
  });

  test('are in the chain of show, with when and why', () => {
    expect(chainOf([old, bad()]).map(({version, revoked, reason}) => [version, revoked, reason])).toEqual([
      ['20261124', true, 'revoked on 2026-11-25T01:02:03Z: no network'],
      ['20261101', false, null],
    ]);
  });

  test('make the operator the one who can bring a newer build', () => {
    const [row] = rows([old, bad()], undefined, {until: NOW + 400 * DAY});
    expect(row?.redOn?.by).toBe('you');
  });
});
