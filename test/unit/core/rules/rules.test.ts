import {readFileSync} from 'node:fs';
import {describe, expect, test} from 'vitest';
import {parseYaml} from '../../../../src/config/yaml.ts';
import {describeRule, listRules} from '../../../../src/core/rules/describe.ts';
import {RULE_IDS} from '../../../../src/core/rules/ids.ts';
import {readProfile} from '../../../../src/core/rules/profile-file.ts';
import {builtInProfile} from '../../../../src/core/rules/profile.ts';
import type {Profile} from '../../../../src/core/rules/profile.ts';
import {RULES} from '../../../../src/core/rules/registry.ts';
import {auditPage} from '../../../../scripts/audit-page.ts';
import {NOW, daysAgo, definition, findings, judged, live, subjectsOf} from './subjects.ts';

describe('the registry', () => {
  test('has every id once, in the order of the list that schema and profiles use', () => {
    expect(RULES.map(({id}) => id).sort()).toEqual([...RULE_IDS].sort());
  });

  test.each(RULES)(
    '$id says what is demanded, why, and how to mend it, in whole sentences',
    ({says, matters, mend}) => {
      for (const text of [says, matters, mend]) expect(text).toMatch(/^\S.{15,}[.:]$/s);
    },
  );

  test.each(RULES)('$id counts for the profile of its group', ({id, severity}) => {
    const [group = ''] = id.split('/');
    expect(Object.keys(severity).length).toBeGreaterThan(0);
    expect(group.startsWith('scs-')).toBe(severity.openstack === undefined);
  });

  test('docs/audit.md is up to date (npm run rules)', () => {
    expect(readFileSync('docs/audit.md', 'utf8')).toBe(auditPage());
  });

  test('help RULE and help rules know each of them', () => {
    for (const id of RULE_IDS) {
      expect(describeRule(id)).toContain(id);
      expect(listRules()).toContain(id);
    }
    expect(describeRule('scs-0102/nothing')).toBeUndefined();
  });
});

describe('profiles', () => {
  const old = live({}, {os_purpose: undefined, image_build_date: daysAgo(60), hw_disk_bus: 'nvme'});

  test('by default openstack and scs-v1 decide; what scs-v2 alone demands is info and does not decide', () => {
    const capi = live({name: 'ubuntu-capi-image-v1.33'}, {os_purpose: 'custom'});
    const found = findings([live(), capi]).find(({rule}) => rule === 'scs-0104/capi-v2');
    expect(found).toMatchObject({severity: 'info', decides: false, tested: false});
    const named = findings([live(), capi], {profile: builtInProfile('scs-v2')}).find(
      ({rule}) => rule === 'scs-0104/capi-v2',
    );
    expect(named).toMatchObject({severity: 'error', decides: true});
  });

  test('under openstack no rule of SCS decides', () => {
    expect(judged([old], {profile: builtInProfile('openstack')})).toEqual(['error openstack/hw_disk_bus']);
  });

  function read(text: string): {readonly profile: Profile; readonly problems: readonly string[]} {
    const {root, problems} = parseYaml(text, 'audit.yml');
    if (!root) throw new Error('no YAML');
    const profile = readProfile(root, NOW);
    return {
      profile: profile.profile,
      problems: [...problems, ...profile.problems].map(
        ({message, place, hint}) => `${place.line}:${place.column} ${message}; ${hint ?? ''}`,
      ),
    };
  }

  test('a file extends one of them by sources, purposes, the old word, severities and exceptions', () => {
    const {profile, problems} = read(
      [
        'extends: scs-v1',
        "sources: {Ubuntu 24.04: ['https://mirror.example.org/']}",
        'purposes: [database]',
        'oldgeneric: archive',
        'rules:',
        '  scs-0102/hw_scsi_model: off',
        '  scs-0102/min_ram-low: error',
        'exceptions:',
        '  - {image: Windows, rule: scs-0102/recency, reason: no newer one, until: 2027-01-31}',
        '',
      ].join('\n'),
    );
    expect(problems).toEqual([]);
    const mirrored = {image_source: 'https://mirror.example.org/x', hw_scsi_model: undefined};
    expect(judged([live({minRam: 63}, mirrored)], {profile})).toEqual(['error scs-0102/min_ram-low']);
    expect(judged([live({}, {os_purpose: 'database'})], {profile})).toEqual([]);
    expect(judged([live({}, {os_purpose: 'archive'})], {profile})).toEqual([]);
    expect(judged([live({}, {os_purpose: 'oldgeneric'})], {profile})).toEqual(['error scs-0102/os_purpose-value']);
    const windows = live({name: 'Windows'}, {image_build_date: daysAgo(60), os_distro: 'windows'});
    const other = live();
    expect(judged([other, windows], {profile})).toEqual([]);
    expect(findings([other, windows], {profile}).find(({rule}) => rule === 'scs-0102/recency')?.ignored).toEqual({
      reason: 'no newer one',
      until: '2027-01-31',
    });
  });

  test.each([
    ['extends: scs-v3', '1:10 there is no profile "scs-v3" to extend'],
    ['extend: scs-v1', '1:1 unknown key "extend" in the profile; did you mean "extends"?'],
    [
      'rules: {scs-0102/os_purpos: off}',
      '1:9 there is no rule "scs-0102/os_purpos"; did you mean "scs-0102/os_purpose"',
    ],
    ['rules: {scs-0102/os_purpose: fatal}', '1:30 "fatal" is no severity'],
    ['rules: {scs-0102/os_purpose: no}', '1:30 "no" is no severity'],
    ['rules: [a]', '1:8 "rules" is a list, not a mapping'],
    ['sources: {Ubuntu 24.4: [x]}', '1:11 "Ubuntu 24.4" is no standard image; did you mean "Ubuntu 24.04"'],
    ['purposes: database', '1:11 "purposes" is "database", not a list'],
    ['purposes: [1]', '1:12 "1" is no text'],
    ['oldgeneric: 7', '1:13 "oldgeneric" is "7", not a text'],
    ['exceptions: [{image: X, rule: scs-0102/recency, until: 2027-01-31}]', '1:14 an exception has no key "reason"'],
    [
      'exceptions: [{image: X, rule: scs-0102/recency, reason: " ", until: 2027-01-31}]',
      '1:57 "reason" is " ", not a text',
    ],
    [
      'exceptions: [{image: X, rule: scs-0102/recency, reason: r, until: 2026-11-25}]',
      '1:67 the exception ended on 2026-11-25',
    ],
    [
      'exceptions: [{image: X, rule: scs-0102/recency, reason: r, until: 2026-02-30}]',
      '1:67 "2026-02-30" is no day of the calendar',
    ],
    ['exceptions: [{rule: scs-0102/recency, reason: r, until: 2027-01-31}]', '1:14 an exception has no key "image"'],
    ['exceptions: [7]', '1:14 an exception is "7", not a mapping'],
    ['[]', '1:1 the profile is a list, not a mapping'],
  ])('a file with %s is refused, with the place', (text, problem) => {
    const {problems} = read(text);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(problem);
  });

  test('an exception holds through its last day', () => {
    expect(read('exceptions: [{image: X, rule: scs-0102/recency, reason: r, until: 2026-11-26}]').problems).toEqual([]);
  });
});

describe('exceptions in a definition', () => {
  const ignoring = (lines: readonly string[]): string =>
    definition({
      meta: {architecture: 'risc-v', hw_scsi_model: undefined},
      after: ['    audit:', '      ignore:', ...lines].join('\n'),
    });
  const excused = (rule: string, until = '2027-01-31'): string =>
    `        - {rule: ${rule}, reason: waiting for new hosts, until: ${until}}`;

  test('accept one rule for that image: the finding is there, and ignored', () => {
    const {subjects, problems} = subjectsOf(ignoring([excused('openstack/architecture')]));
    expect(problems).toEqual([]);
    expect(judged(subjects)).toEqual(['warning scs-0102/hw_scsi_model']);
    expect(findings(subjects).find(({rule}) => rule === 'openstack/architecture')?.ignored).toEqual({
      reason: 'waiting for new hosts',
      until: '2027-01-31',
    });
  });

  test('past their date they accept nothing, and are a finding themselves, at their own place', () => {
    const {subjects} = subjectsOf(ignoring([excused('openstack/architecture', '2026-11-25')]));
    expect(judged(subjects)).toEqual([
      'warning imgmgr/exception-expired',
      'warning openstack/architecture',
      'warning scs-0102/hw_scsi_model',
    ]);
    const expired = findings(subjects).find(({rule}) => rule === 'imgmgr/exception-expired');
    expect(expired).toMatchObject({found: '2026-11-25', by: 'you'});
    expect(expired?.message).toContain('openstack/architecture');
    expect(expired?.place?.line).toBeGreaterThan(25);
  });

  test('an exception cannot accept its own end', () => {
    const both = ignoring([excused('imgmgr/exception-expired'), excused('openstack/architecture', '2026-11-25')]);
    expect(judged(subjectsOf(both).subjects)).toContain('warning imgmgr/exception-expired');
  });

  test.each([
    [
      '        - {rule: openstack/architectur, reason: r, until: 2027-01-31}',
      /"rule" of audit\.ignore of image "Ubuntu 24\.04" cannot be "openstack\/architectur"/,
    ],
    ['        - {rule: openstack/architecture, until: 2027-01-31}', /has no key "reason"/],
    ["        - {rule: openstack/architecture, reason: ' ', until: 2027-01-31}", /"reason" .* is empty/],
    ['        - {rule: openstack/architecture, reason: r}', /has no key "until"/],
    ['        - {rule: openstack/architecture, reason: r, until: 2027-02-30}', /is no day of the calendar/],
    ['        - {rule: openstack/architecture, reason: r, until: 2027-01-31, who: me}', /unknown key "who"/],
  ])('%s is an error of the file', (line, message) => {
    const {problems} = subjectsOf(ignoring([line]));
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(message);
  });
});

describe('places', () => {
  const lineOf = (text: string, place: {readonly line: number; readonly column: number} | undefined): string =>
    (text.split('\n')[(place?.line ?? 0) - 1] ?? '').slice((place?.column ?? 1) - 1);

  test.each([
    [{meta: {architecture: 'amd64'}}, 'scs-0102/architecture', 'amd64'],
    [{meta: {os_purpose: undefined}}, 'scs-0102/os_purpose', 'meta:'],
    [{meta: {os_distor: 'x'}}, 'imgmgr/property-near-miss', 'os_distor: x'],
    [{version: {source: 'private'}}, 'scs-0104/source', 'private'],
    [{version: {url: 'https://example.org/x'}}, 'scs-0104/source', 'https://example.org/x'],
    [{version: {build_date: daysAgo(60)}}, 'scs-0102/recency', `"${daysAgo(60)}"`],
    [{version: {build_date: undefined}}, 'scs-0102/image_build_date', 'version: "20261124"'],
    [{fields: {min_disk: '0'}}, 'scs-0102/min_disk', '0'],
    [{fields: {login: '""'}}, 'scs-0102/image_original_user', '""'],
  ])('%j is found where it stands', (changes, rule, text) => {
    const read = subjectsOf(definition(changes));
    const finding = findings(read.subjects).find((each) => each.rule === rule);
    expect(lineOf(read.text, finding?.place)).toBe(text);
  });
});
