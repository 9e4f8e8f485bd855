import {describe, expect, it} from 'vitest';
import type {Event} from '../../../src/core/events.ts';
import {createJunit} from '../../../src/report/junit.ts';
import {ACQUIRE, FINISHED, idle, EVERY_EVENT, PLANNED, PUBLISH, REFUSED, VERDICT} from './samples.ts';
import {collectingSink, emitTo} from './streams.ts';

function xmlOf(events: readonly Event[], dryRun = false): string {
  const sink = collectingSink();
  const emit = emitTo(sink, createJunit({sink, dryRun}));
  events.forEach((event) => emit(event));
  return sink.out();
}

/** What the schema of Jenkins (xunit plugin, junit-10.xsd) lets stand in each element: attributes and elements. */
const SCHEMA: Readonly<Record<string, {readonly attributes: readonly string[]; readonly inside: readonly string[]}>> = {
  testsuites: {attributes: ['name', 'time', 'tests', 'failures', 'errors'], inside: ['testsuite']},
  testsuite: {
    attributes: ['name', 'tests', 'failures', 'errors', 'time', 'skipped', 'timestamp', 'hostname', 'id', 'package'],
    inside: ['properties', 'testcase', 'system-out', 'system-err'],
  },
  testcase: {
    attributes: ['name', 'classname', 'time', 'status', 'assertions'],
    inside: ['skipped', 'error', 'failure', 'system-out', 'system-err'],
  },
  properties: {attributes: [], inside: ['property']},
  property: {attributes: ['name', 'value'], inside: []},
  failure: {attributes: ['type', 'message'], inside: []},
  skipped: {attributes: ['type', 'message'], inside: []},
  'system-out': {attributes: [], inside: []},
};

/** What does not fit {@link SCHEMA}. */
function misfits(xml: string): readonly string[] {
  const found: string[] = [];
  const open: string[] = [];
  for (const [, end = '', name = '', attributes = '', empty = ''] of xml.matchAll(
    /<(\/?)([a-z][\w-]*)((?:\s+[\w-]+="[^"<]*")*)\s*(\/?)>/g,
  )) {
    if (end !== '') {
      if (open.pop() !== name) found.push(`</${name}>`);
      continue;
    }
    const parent = open.at(-1);
    if (parent !== undefined && SCHEMA[parent]?.inside.includes(name) !== true) found.push(`${parent} > ${name}`);
    for (const [, key = ''] of attributes.matchAll(/\s([\w-]+)=/g))
      if (SCHEMA[name]?.attributes.includes(key) !== true) found.push(`${name} ${key}`);
    if (empty === '') open.push(name);
  }
  return [...found, ...open];
}

describe('JUnit XML', () => {
  it('fits the schema that Jenkins takes', () => {
    const xml = xmlOf(EVERY_EVENT);
    expect(xml).toMatch(/<skipped|<failure/);
    for (const one of [xml, xmlOf(EVERY_EVENT, true), xmlOf([VERDICT, FINISHED])]) expect(misfits(one)).toEqual([]);
    expect(misfits('<testsuites skipped="0"><testcase name="x"/></testsuites>')).toEqual([
      'testsuites skipped',
      'testsuites > testcase',
    ]);
  });

  it('is written once, when the run is finished', () => {
    expect(xmlOf(EVERY_EVENT.slice(0, -1))).toBe('');
    expect(xmlOf(EVERY_EVENT)).toMatch(/^<\?xml version="1.0"[\s\S]*<\/testsuites>\n$/);
  });

  it('has one testcase per image, with the time of all its actions', () => {
    const xml = xmlOf([
      {
        type: 'planned',
        cloud: 'admin',
        actions: PLANNED,
        unchanged: ['Debian 12'],
        definitions: [idle('Debian 12')],
      },
      {type: 'action-done', cloud: 'admin', action: ACQUIRE, ms: 12_000},
      {type: 'action-done', cloud: 'admin', action: PUBLISH, ms: 90},
      FINISHED,
    ]);
    expect(xml).toContain('<testsuites name="imgmgr" tests="2" failures="0" time="65.000">');
    expect(xml).toContain('<testcase classname="admin" name="AlmaLinux 9 (20241120)" time="12.090">');
    expect(xml).toContain('<testcase classname="admin" name="Debian 12" time="0.000">');
  });

  it('has a failure with code, message and hint for what failed', () => {
    const xml = xmlOf([{type: 'action-failed', cloud: 'admin', action: ACQUIRE, error: REFUSED, ms: 1}, FINISHED]);
    expect(xml).toContain('tests="1" failures="1"');
    expect(xml).toContain(
      '<failure type="DIGEST_MISMATCH" message="sha512 is ab…, demanded is cd… (images/alma.yml:3:5)">',
    );
    expect(xml).toContain('hint: the mirror is stale');
  });

  it('has a failure for each pending action of a dry run', () => {
    const planned: Event = {
      type: 'planned',
      cloud: 'admin',
      actions: PLANNED.slice(0, 1),
      unchanged: ['Debian 12'],
      definitions: [idle('Debian 12')],
    };
    expect(xmlOf([planned, FINISHED], true)).toContain(
      '<failure type="PENDING" message="import: not in the cloud yet">',
    );
  });

  it('has a suite for each cloud, a refused login included', () => {
    const failed: Event = {type: 'cloud-failed', cloud: 'other', error: REFUSED};
    const planned: Event = {
      type: 'planned',
      cloud: 'admin',
      actions: [],
      unchanged: ['Debian 12'],
      definitions: [idle('Debian 12')],
    };
    const xml = xmlOf([planned, failed, FINISHED]);
    expect(xml).toContain('<testsuite name="admin" tests="1" failures="0" skipped="0">');
    expect(xml).toContain('<testsuite name="other" tests="1" failures="1" skipped="0">');
  });

  it('has a case for the verdict and one for each check; what does not apply is skipped, which is not passed', () => {
    const xml = xmlOf([VERDICT, FINISHED]);
    expect(xml).toContain('tests="5" failures="2" skipped="1"');
    expect(xml).toContain('name="Rocky 9 (9.4): verdict by metadata" time="61.001"');
    expect(xml).toContain('<failure type="checks-failed" message="dns: no nameserver">mend it</failure>');
    expect(xml).toContain('<skipped message="not claimed"/>');
    expect(xml).toContain('<system-out>fail: swap on the OS disk</system-out>');
  });

  it('escapes what XML needs escaped and drops what it cannot hold', () => {
    const xml = xmlOf([
      {type: 'planned', cloud: 'a&b', actions: [], unchanged: [], definitions: [idle('<"\u001b">')]},
      FINISHED,
    ]);
    expect(xml).toContain('classname="a&amp;b" name="&lt;&quot;?&quot;&gt;"');
  });
});
