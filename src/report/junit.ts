import type {DefinitionCounts} from '../core/counts.ts';
import type {ActionSummary, Event, StampedEvent} from '../core/events.ts';
import type {Audited, PlanFindings} from '../core/rules/audited.ts';
import {countsAs} from '../core/rules/finding.ts';
import type {StatusRow} from '../core/status/row.ts';
import type {ImgmgrError} from '../errors.ts';
import {formatPosition} from '../errors.ts';
import {planWord, subject} from './action-text.ts';
import {formatCount} from './amounts.ts';
import {errorDetails, headline} from './error-text.ts';
import {rowTitle} from './status-text.ts';
import type {ReportSink} from './streams.ts';
import {xmlAttribute, xmlText} from './xml.ts';

interface TestCase {
  readonly cloud: string;
  readonly name: string;
  ms: number;
  readonly failures: {readonly type: string; readonly message: string; readonly text: string}[];
  readonly notes: string[];
  /** Why it was not run. */
  skipped?: string;
}

/** Collects a run and writes it as JUnit XML to stdout when it is finished: a testcase per image, a suite per cloud. */
export function createJunit({
  sink,
  dryRun,
}: {
  readonly sink: ReportSink;
  readonly dryRun: boolean;
}): (stamped: StampedEvent) => void {
  const cases = new Map<string, TestCase>();
  const caseOf = (cloud: string, name: string): TestCase => {
    const key = JSON.stringify([cloud, name]);
    const found = cases.get(key) ?? {cloud, name, ms: 0, failures: [], notes: []};
    cases.set(key, found);
    return found;
  };
  return ({event}) => {
    switch (event.type) {
      case 'planned':
        for (const one of event.definitions) if (one.unchanged > 0) noteUnchanged(caseOf(event.cloud, one.name), one);
        for (const action of event.actions) notePlanned(caseOf(event.cloud, subject(action)), action, dryRun);
        return;
      case 'action-done':
        addTime(caseOf(event.cloud, subject(event.action)), event.ms);
        noteImage(caseOf(event.cloud, subject(event.action)), event.image);
        return;
      case 'action-failed':
        addTime(caseOf(event.cloud, subject(event.action)), event.ms);
        caseOf(event.cloud, subject(event.action)).failures.push(failureOf(event.error));
        return;
      case 'definition-failed':
        caseOf(event.cloud ?? 'imgmgr', event.definition).failures.push(failureOf(event.error));
        return;
      case 'cloud-failed':
        caseOf(event.cloud, event.cloud).failures.push(failureOf(event.error));
        return;
      case 'run-failed':
        caseOf('imgmgr', 'run').failures.push(failureOf(event.error));
        return;
      case 'warning':
        if (event.definition !== undefined)
          caseOf(event.cloud ?? '', event.definition).notes.push(`warning: ${event.message}`);
        return;
      case 'verdict':
        noteVerdict(event, caseOf);
        return;
      case 'bytes-verified':
        caseOf(event.cloud, `${subject(event)}: bytes`).notes.push(event.digests.join(', '));
        return;
      case 'presence': {
        const {failures, notes} = caseOf(event.cloud, `${subject(event)}: presence`);
        if (event.present) notes.push('its bytes are there');
        else failures.push({type: 'IMAGE_LOST', message: `the bytes of image ${event.image} are gone`, text: ''});
        return;
      }
      case 'finished':
        sink.stdout.write(toXml([...cases.values()], event));
        return;
      case 'built':
        addTime(caseOf('imgmgr', subject(event)), event.ms);
        return;
      case 'build-deleted':
        caseOf('imgmgr', subject(event)).notes.push(`deleted: ${event.id}`);
        return;
      case 'artifact':
        caseOf('imgmgr', subject(event)).notes.push(event.reused ? 'unchanged' : 'built');
        return;
      case 'audited':
        noteFindings(event, caseOf);
        return;
      case 'findings':
        notePlanFindings(event, caseOf);
        return;
      case 'definition-findings':
        caseOf(event.cloud, event.definition).notes.push(
          `audit: ${formatCount(event.errors, 'error')}, ${formatCount(event.warnings, 'warning')}: ${event.rules.join(', ')}`,
        );
        return;
      case 'status-row':
        noteRow(event, caseOf);
        return;
      case 'status':
      case 'shown':
      case 'inspected':
      case 'hold':
      case 'rolled-back':
      case 'check':
      case 'checked':
      case 'setting':
      case 'policy':
      case 'history-run':
      case 'history-elsewhere':
      case 'history':
      case 'history-shown':
      case 'history-line':
      case 'plan-written':
      case 'build-started':
      case 'build-progress':
      case 'difference':
      case 'starting':
      case 'started':
      case 'cloud-started':
      case 'action-started':
      case 'progress':
      case 'image-phase':
      case 'decision':
      case 'http':
      case 'waiting':
      case 'exported':
      case 'deletable':
      case 'deletable-builds':
      case 'interrupted':
        return;
    }
  };
}

/** What counts is a failure of its definition or image, everything else a note. */
function notePlanFindings(
  {cloud = 'definitions', findings, failOn}: PlanFindings,
  caseOf: (cloud: string, name: string) => TestCase,
): void {
  for (const finding of findings) {
    const {rule, severity, message, remedy, definition, subject: name} = finding;
    const testCase = caseOf(cloud, definition ?? name);
    if (countsAs(finding, failOn)) testCase.failures.push({type: rule, message, text: remedy});
    else testCase.notes.push(`${finding.ignored ? 'ignored' : severity} ${rule}: ${message}`);
  }
}

/** Each check of the guest is a case of its own; what does not apply is skipped, which is not passed. */
function noteVerdict(
  event: Extract<Event, {type: 'verdict'}>,
  caseOf: (cloud: string, name: string) => TestCase,
): void {
  const {cloud, verdict, datasource} = event;
  const whole = caseOf(cloud, `${subject(event)}: verdict${datasource === undefined ? '' : ` by ${datasource}`}`);
  whole.ms += event.spans.submitMs + event.spans.waitMs + event.spans.judgeMs;
  if (verdict.kind === 'pass') whole.notes.push(verdict.message);
  else whole.failures.push({type: verdict.cause, message: verdict.message, text: verdict.hint ?? ''});
  for (const {id, severity, outcome, detail} of verdict.checks) {
    const check = caseOf(cloud, `${subject(event)}: ${id}${datasource === undefined ? '' : ` by ${datasource}`}`);
    if (outcome === 'not-applicable') check.skipped = detail;
    else if (outcome === 'pass' || severity !== 'fail') check.notes.push(`${outcome}: ${detail}`);
    else check.failures.push({type: id, message: detail, text: `severity ${severity}, outcome ${outcome}`});
  }
}

/** A case for each image of the definitions, in the suite of its file; what counts is a failure, everything else a note. */
function noteFindings(
  {files, images, problems, findings, failOn}: Audited,
  caseOf: (cloud: string, name: string) => TestCase,
): void {
  for (const file of files) caseOf(file, 'schema');
  for (const {name, place} of images) caseOf(place.file, name);
  for (const {message, place, hint} of problems)
    caseOf(place.file, 'schema').failures.push({
      type: 'DEFINITION',
      message,
      text: [formatPosition(place), hint].join('\n'),
    });
  for (const finding of findings) {
    const {place, subject: name, rule, severity, message, remedy, ignored} = finding;
    const testCase = caseOf(place?.file ?? 'imgmgr', name === '' ? rule : name);
    const where = place ? `${formatPosition(place)}: ` : '';
    if (countsAs(finding, failOn))
      testCase.failures.push({type: rule, message, text: `${where}${severity}\n${remedy}`});
    else testCase.notes.push(`${where}${ignored ? `ignored (${ignored.reason})` : severity} ${rule}: ${message}`);
  }
}

/** Errors of deciding rules fail the row; where there is none, what else makes it an offending one. */
function noteRow(row: StatusRow, caseOf: (cloud: string, name: string) => TestCase): void {
  const {cloud, state, detail, offending, findings, ahead} = row;
  // Others may give an image any name, that of a definition too.
  const testCase = caseOf(cloud, state === 'not-ours' ? `${rowTitle(row)} [${row.image ?? ''}]` : rowTitle(row));
  for (const finding of findings) {
    const {rule, severity, message, remedy, ignored} = finding;
    if (countsAs(finding, 'error')) testCase.failures.push({type: rule, message, text: `${severity}\n${remedy}`});
    else testCase.notes.push(`${ignored ? `ignored (${ignored.reason})` : severity} ${rule}: ${message}`);
  }
  for (const {from, severity, rule, message} of ahead)
    testCase.notes.push(`from ${from} on: ${severity} ${rule}: ${message}`);
  const text = detail === null ? state : `${state}: ${detail}`;
  if (offending && testCase.failures.length === 0) testCase.failures.push({type: state, message: text, text: ''});
  else if (state !== 'ok') testCase.notes.push(text);
}

function notePlanned(testCase: TestCase, action: ActionSummary, dryRun: boolean): void {
  const text = `${planWord(action)}: ${action.reason}`;
  if (dryRun) testCase.failures.push({type: 'PENDING', message: text, text: (action.changes ?? []).join('\n')});
  else testCase.notes.push(text);
}

function noteUnchanged(testCase: TestCase, {unchanged, images}: DefinitionCounts): void {
  testCase.notes.push(unchanged === 1 ? 'unchanged' : `unchanged: ${formatCount(unchanged, 'image')}`);
  for (const image of images) noteImage(testCase, image);
}

function noteImage({notes}: TestCase, image: string | undefined): void {
  const note = `image ${image ?? ''}`;
  if (image !== undefined && !notes.includes(note)) notes.push(note);
}

function addTime(testCase: TestCase, ms: number): void {
  testCase.ms += ms;
}

function failureOf(error: ImgmgrError): TestCase['failures'][number] {
  return {type: error.code, message: headline(error), text: errorDetails(error).join('\n')};
}

function toXml(cases: readonly TestCase[], {ms, counts, counted}: Extract<Event, {type: 'finished'}>): string {
  const clouds = [...new Set([...cases.map(({cloud}) => cloud), 'imgmgr'])];
  const suites = clouds.map((cloud) =>
    suite(
      cloud,
      cases.filter((testCase) => testCase.cloud === cloud),
      cloud === 'imgmgr' ? counted.map((field) => ({name: field, value: counts[field]})) : [],
    ),
  );
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="imgmgr" ${totals(cases)} time="${seconds(ms)}">`,
    ...suites,
    '</testsuites>\n',
  ].join('\n');
}

/** The numbers of the last line are properties of the suite `imgmgr`. */
function suite(
  cloud: string,
  cases: readonly TestCase[],
  properties: readonly {readonly name: string; readonly value: number}[],
): string {
  const said = properties.map(({name, value}) => `      <property name="${xmlAttribute(name)}" value="${value}"/>`);
  const body = [
    ...(said.length === 0 ? [] : ['    <properties>', ...said, '    </properties>']),
    ...cases.map((testCase) => caseXml(testCase)),
  ];
  return [
    `  <testsuite name="${xmlAttribute(cloud)}" ${totals(cases)} skipped="${cases.filter(({skipped}) => skipped !== undefined).length}">`,
    ...body,
    '  </testsuite>',
  ].join('\n');
}

function caseXml({cloud, name, ms, failures, notes, skipped}: TestCase): string {
  const head = `    <testcase classname="${xmlAttribute(cloud)}" name="${xmlAttribute(name)}" time="${seconds(ms)}"`;
  const failed = failures.map(
    ({type, message, text}) =>
      `      <failure type="${xmlAttribute(type)}" message="${xmlAttribute(message)}">${xmlText(text)}</failure>`,
  );
  const said = notes.length === 0 ? [] : [`      <system-out>${xmlText(notes.join('\n'))}</system-out>`];
  const left = skipped === undefined ? [] : [`      <skipped message="${xmlAttribute(skipped)}"/>`];
  const inner = [...left, ...failed, ...said];
  return inner.length === 0 ? `${head}/>` : [`${head}>`, ...inner, '    </testcase>'].join('\n');
}

function totals(cases: readonly TestCase[]): string {
  return `tests="${cases.length}" failures="${cases.filter(({failures}) => failures.length > 0).length}"`;
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}
