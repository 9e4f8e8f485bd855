import {describe, expect, it} from 'vitest';
import type {HoldRecord} from '../../../../src/core/hold.ts';
import {readHolds} from '../../../../src/core/hold.ts';
import {publicationProperties} from '../../../../src/core/image/publication.ts';
import type {Observation} from '../../../../src/core/metrics/observation.ts';
import {observationOf} from '../../../../src/core/metrics/observation.ts';
import type {OwnImage} from '../../../../src/core/release/release.ts';
import {auditLive} from '../../../../src/core/rules/live-audit.ts';
import {builtInProfile} from '../../../../src/core/rules/profile.ts';
import {rowsOf} from '../../../../src/core/status/rows.ts';
import {DAY, NOW, daysAgo, definition, image} from '../rules/subjects.ts';
import {own, parsed} from '../status/live.ts';

const idOf = (digit: number): string => `aaaaaaaa-0000-4000-8000-00000000000${digit}`;

function look(
  images: readonly OwnImage[],
  {
    texts = [definition({})],
    holds = [],
  }: {readonly texts?: readonly string[]; readonly holds?: readonly HoldRecord[]} = {},
): Observation {
  const definitions = parsed(...texts);
  const profile = builtInProfile();
  const audit = auditLive({own: images, definitions, whole: false, profile, now: NOW, until: NOW + 92 * DAY});
  const rows = rowsOf({
    ...{cloud: 'a', own: images, definitions, isAsked: () => true, isWhole: true, audit},
    ...{scale: {now: NOW, failOn: 'error'}, held: {holds, now: new Date(NOW)}},
  });
  return observationOf({atMs: NOW, own: images, definitions, holds, rows, profile});
}

function hold(untilMs: number, name?: string): readonly HoldRecord[] {
  const properties = {
    ...{imgmgr_state: 'hold', imgmgr_hold_until: new Date(untilMs).toISOString()},
    ...(name === undefined ? {imgmgr_hold: 'all'} : {imgmgr_hold: 'definition', imgmgr_hold_definition: name}),
  };
  return readHolds([image({}, properties)], 'p');
}

describe('what metrics tell of a cloud', () => {
  it('is of current images alone: when each was built, published and verified, where that is known', () => {
    const dated = {
      ...publicationProperties(new Date(NOW - 1000)),
      ...{imgmgr_verdict: 'pass', imgmgr_verdict_at: '2026-11-25T00:00:00Z'},
    };
    const failed = {imgmgr_verdict: 'fail', imgmgr_verdict_at: '2026-11-25T00:00:00Z', image_build_date: 'yesterday'};
    const {current, states} = look([
      own({}, {properties: dated}),
      own({id: idOf(2), definition: 'Bare'}, {properties: failed}),
      own({id: idOf(3), version: '1', state: 'retired'}),
      own({id: idOf(4), version: '2', state: 'quarantined'}),
    ]);
    expect(current).toEqual([
      {
        ...{definition: 'Ubuntu 24.04', version: '20261124', id: 'aaaaaaaa-0000-4000-8000-000000000001'},
        builtMs: Date.parse(`${daysAgo(2)}T00:00:00Z`),
        publishedMs: NOW - 1000,
        verifiedMs: Date.parse('2026-11-25T00:00:00Z'),
      },
      {definition: 'Bare', version: '20261124', id: idOf(2)},
    ]);
    expect(states).toEqual({importing: 0, pending: 0, ready: 0, current: 2, retired: 1, quarantined: 1});
  });

  it.each([
    ['none, where the newest listed version is current', [own()], [definition({})], {'Ubuntu 24.04': 0}],
    ['the newest, where an older one is current', [own({version: '20251101'})], [definition({})], {'Ubuntu 24.04': 1}],
    ['one, where nothing is there', [], [definition({})], {'Ubuntu 24.04': 1}],
    ['nothing of a disabled definition', [], [definition({fields: {enable: 'false'}})], {}],
    ['nothing of a definition that is gone', [own()], [], {}],
  ])('is how many versions an enabled definition misses: %s', (_, images, texts, missing) => {
    expect(Object.fromEntries(look(images, {texts}).missing)).toEqual(missing);
  });

  it('is the end of each hold, over or not, that of every definition apart; the later of file and cloud', () => {
    const texts = [definition({after: '    hold: {until: 2026-11-28, reason: x}'})];
    const holds = [...hold(NOW - DAY), ...hold(NOW, 'Ubuntu 24.04'), ...hold(NOW + DAY, 'Other')];
    expect(look([], {texts, holds}).holds).toEqual([
      {untilMs: NOW - DAY},
      {definition: 'Ubuntu 24.04', untilMs: Date.parse('2026-11-29T00:00:00Z')},
      {definition: 'Other', untilMs: NOW + DAY},
    ]);
  });

  it('is what the deciding profile finds, and from when on each image breaks it', () => {
    const {judged} = look([
      own(),
      own({id: idOf(2), definition: 'Broken'}, {properties: {architecture: 'pdp11', image_build_date: '2024-01-01'}}),
    ]);
    expect(judged).toMatchObject({profile: 'scs-v1', findings: {error: 2, warning: 3}});
    expect(judged?.red).toMatchObject([
      {id: 'aaaaaaaa-0000-4000-8000-000000000001', by: 'update'},
      {id: idOf(2), atMs: NOW, by: 'you'},
    ]);
    expect(judged?.red[0]?.atMs).toBeGreaterThan(NOW);
  });
});
