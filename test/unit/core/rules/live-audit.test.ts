import {describe, expect, test} from 'vitest';
import type {LiveInput} from '../../../../src/core/rules/live-audit.ts';
import type {OwnImage} from '../../../../src/core/release/release.ts';
import {auditLive} from '../../../../src/core/rules/live-audit.ts';
import {builtInProfile} from '../../../../src/core/rules/profile.ts';
import {own, parsed} from '../status/live.ts';
import {DAY, NOW, daysAgo, definition, live} from './subjects.ts';

const ID = 'aaaaaaaa-0000-4000-8000-000000000001';
const OTHER = 'aaaaaaaa-0000-4000-8000-000000000002';

function judge(input: Partial<LiveInput>): string[] {
  const {byImage, general} = auditLive({
    ...{own: [own()], definitions: parsed(definition({})), whole: false},
    ...{profile: builtInProfile(), now: NOW, until: NOW},
    ...input,
  });
  return [...byImage, ['', general] as const].flatMap(([id, {findings}]) =>
    findings
      .filter(({decides, severity, ignored}) => decides && severity !== 'info' && ignored === undefined)
      .map(({rule, by}) => `${id.slice(-1)} ${rule} ${by}`),
  );
}

describe('the audit of live images', () => {
  test('finds nothing on an image that is as its definition says', () => {
    expect(judge({})).toEqual([]);
  });

  test('says that the next manage mends what the definition has right', () => {
    const wrong = own({}, {properties: {hw_rng_model: 'none', os_purpose: 'general'}});
    expect(judge({own: [wrong]})).toEqual(
      expect.arrayContaining(['1 scs-0102/os_purpose-value manage', '1 openstack/hw_rng_model manage']),
    );
  });

  test('says that a person mends what the definition has wrong, too', () => {
    const definitions = parsed(definition({meta: {os_purpose: 'general'}}));
    expect(judge({definitions, own: [own({}, {properties: {os_purpose: 'general'}})]})).toEqual([
      '1 scs-0102/os_purpose-value you',
    ]);
  });

  test.each([
    ['disabled', definition({fields: {enable: 'false'}})],
    ['gone', definition({fields: {name: 'Other'}})],
  ])('says that a person mends an image whose definition is %s', (_, text) => {
    const wrong = own({}, {properties: {os_purpose: 'general'}});
    expect(judge({definitions: parsed(text), own: [wrong]})).toEqual(['1 scs-0102/os_purpose-value you']);
  });

  test('says that a person mends a superseded image, which manage leaves as it is', () => {
    const retired = own({id: OTHER, version: '20261101', state: 'retired'}, {properties: {os_purpose: 'general'}});
    expect(judge({own: [own(), retired]})).toEqual(['2 scs-0102/os_purpose-value you']);
  });

  test('demands no tag os:… of what manage retired, which takes it off, but of the current image', () => {
    const untagged = (own: OwnImage): OwnImage => ({...own, image: {...own.image, tags: ['managed_by_imgmgr']}});
    const retired = own({id: OTHER, version: '20261101', state: 'retired'}, {properties: {os_purpose: 'oldgeneric'}});
    const {byImage} = auditLive({
      ...{own: [untagged(own()), untagged(retired)], definitions: parsed(definition({})), whole: false},
      ...{profile: builtInProfile(), now: NOW, until: NOW},
    });
    const rulesOf = (id: string): string[] => byImage.get(id)?.findings.map(({rule}) => rule) ?? [];
    expect([rulesOf(ID).includes('scs-0102/tags'), rulesOf(OTHER).includes('scs-0102/tags')]).toEqual([true, false]);
  });

  test('says who can bring a newer build: manage where one is listed, update where none is, you where it failed or nothing is listed', () => {
    const old = own({version: '20260901'}, {properties: {image_build_date: daysAgo(80)}});
    expect(judge({own: [old]})).toEqual(['1 scs-0102/recency manage']);
    const listed = definition({version: {version: '"20260901"', build_date: daysAgo(80)}});
    expect(judge({own: [old], definitions: parsed(listed)})).toEqual(['1 scs-0102/recency update']);
    const failed = own(
      {id: OTHER, state: 'quarantined'},
      {changes: {visibility: 'private', osHidden: true, name: 'Ubuntu 24.04 (20261124)'}},
    );
    expect(judge({own: [old, failed]})).toEqual(['1 scs-0102/recency you']);
    expect(judge({own: [old], definitions: []})).toEqual(['1 scs-0102/recency you']);
  });

  describe('a revoked version that bears the name', () => {
    const MARK = 'version=20261124 date=2026-11-25T00:00:00Z pulled=no';
    const bad = own({}, {properties: {imgmgr_revoked: MARK}});
    const older = (state: 'retired' | 'quarantined' = 'retired'): OwnImage =>
      own({id: OTHER, version: '20261101', state}, {properties: {os_purpose: 'oldgeneric'}});
    const rule = (input: Partial<LiveInput>): string[] =>
      judge(input).filter((line) => line.includes('imgmgr/revoked-current'));

    test('is found by its mark and by its definition, where nothing can take the place a person mends it', () => {
      expect(rule({own: [bad]})).toEqual(['1 imgmgr/revoked-current you']);
      const definitions = parsed(definition({version: {version: '"20261124"', revoked: 'leaks keys'}}));
      expect(rule({own: [own()], definitions})).toEqual(['1 imgmgr/revoked-current you']);
      expect(rule({own: [bad, older('quarantined')]})).toEqual(['1 imgmgr/revoked-current you']);
      expect(rule({own: [bad], definitions: []})).toEqual(['1 imgmgr/revoked-current you']);
    });

    test('is what the next manage mends, where an older version is there or a newer one is listed', () => {
      expect(rule({own: [bad, older()]})).toEqual(['1 imgmgr/revoked-current manage']);
      const definitions = parsed(definition({version: {version: '"20261201"'}}));
      expect(rule({own: [bad], definitions})).toEqual(['1 imgmgr/revoked-current manage']);
      const single = parsed(definition({fields: {multi: 'false'}}));
      expect(rule({own: [bad], definitions: single})).toEqual(['1 imgmgr/revoked-current manage']);
    });

    test('is none that is retired, or hidden', () => {
      const retired = own({state: 'retired'}, {properties: {imgmgr_revoked: MARK, os_purpose: 'oldgeneric'}});
      expect(rule({own: [retired]})).toEqual([]);
      expect(rule({own: [{...bad, image: {...bad.image, osHidden: true}}]})).toEqual([]);
      expect(rule({own: [own(), older()]})).toEqual([]);
    });
  });

  test('knows what manage does by the day on which a rule breaks', () => {
    const old = own({version: '20260901'}, {properties: {image_build_date: daysAgo(30)}});
    const {byImage} = auditLive({
      ...{own: [old], definitions: parsed(definition({})), whole: false, profile: builtInProfile()},
      ...{now: NOW, until: NOW + 30 * DAY},
    });
    const ahead = byImage.get(ID)?.ahead.map(({finding}) => `${finding.rule} ${finding.by}`);
    expect(ahead).toContain('scs-0102/recency manage');
  });

  test('takes the exceptions of the definition, and those of the profile for an image whose definition is gone', () => {
    const wrong = own({}, {properties: {os_purpose: 'general'}});
    const place = {file: 'profile.yml', line: 1, column: 1};
    const exceptions = [
      {image: ID, rule: 'scs-0102/os_purpose-value', reason: 'r', until: '2027-01-31', place},
    ] as const;
    expect(judge({own: [wrong], definitions: [], profile: {...builtInProfile(), exceptions}})).toEqual([]);
    const accepted = definition({
      after: '    audit: {ignore: [{rule: scs-0102/os_purpose-value, reason: r, until: 2027-01-31}]}',
    });
    expect(judge({own: [wrong], definitions: parsed(accepted)})).toEqual([]);
  });

  test('judges images of ours among those of others, and what is missing only where all are there', () => {
    const other = live({id: OTHER, name: 'Ubuntu 24.04'}, {}, {mends: 'you', refreshes: 'you'});
    expect(judge({others: [other], whole: true})).toEqual(
      expect.arrayContaining(['1 imgmgr/duplicate-name you', '1 scs-0102/generic-unique you']),
    );
    const {judgeOther} = auditLive({
      ...{own: [own()], definitions: parsed(definition({})), whole: true, others: [other]},
      ...{profile: builtInProfile(), now: NOW, until: NOW},
    });
    expect(judgeOther(other).findings.map(({rule, image}) => [rule, image])).toEqual(
      expect.arrayContaining([['scs-0102/generic-unique', OTHER]]),
    );
    expect(judge({own: [], whole: true})).toEqual([' scs-0104/presence you']);
    expect(judge({own: [], whole: false})).toEqual([]);
  });
});
