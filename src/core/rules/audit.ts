import type {Finding} from './finding.ts';
import type {Exception, Profile} from './profile.ts';
import {severityOf} from './profile.ts';
import {RULES} from './registry.ts';
import type {Context, Fault, Rule} from './rule.ts';
import {endOfDay} from './scs-0102/dates.ts';
import type {Subject} from './subject.ts';
import type {SubjectSet} from './subject-set.ts';

/** What is judged, by which profile, and as of when (milliseconds since 1970). */
export interface AuditInput {
  readonly set: SubjectSet;
  readonly profile: Profile;
  readonly now: number;
}

/** Every finding, ignored ones among them, in the order of the subjects, then of the rules; what concerns all subjects comes last. */
export function audit(input: AuditInput): readonly Finding[] {
  const {subjects} = input.set;
  return [...subjects.flatMap((subject) => auditSubject(subject, input)), ...auditSet(input)];
}

/** What one subject is judged with. */
export interface SubjectInput extends Context {
  /** Absent: all. */
  readonly rules?: readonly Rule[];
}

/** The findings about one subject; it is judged among the others. */
export function auditSubject(subject: Subject, {rules = RULES, ...context}: SubjectInput): readonly Finding[] {
  const findings: Finding[] = [];
  for (const rule of rules) {
    const faults = rule.kind === 'subject' ? rule.judge(subject, context) : undefined;
    if (faults === undefined) continue;
    for (const fault of asList(faults)) {
      const finding = findingOf(rule, {fault, subject, context});
      if (finding) findings.push(finding);
    }
  }
  return findings;
}

/** The findings about all subjects together. */
export function auditSet(context: Context): readonly Finding[] {
  return RULES.flatMap((rule) => {
    if (rule.kind !== 'set') return [];
    return rule
      .judge(context)
      .flatMap((fault) => findingOf(rule, {fault, context, ...(fault.subject && {subject: fault.subject})}) ?? []);
  });
}

function asList(faults: Fault | readonly Fault[]): readonly Fault[] {
  return 'field' in faults ? [faults] : faults;
}

interface Found {
  readonly fault: Fault;
  readonly subject?: Subject;
  readonly context: Context;
}

/** Undefined where the rule is off. */
function findingOf(rule: Rule, {fault, subject, context}: Found): Finding | undefined {
  const {profile, now} = context;
  const severity = severityOf(rule, profile);
  if (severity === undefined) return undefined;
  const {field, found, wanted, message} = fault;
  const place = fault.place ?? subject?.placeOf?.(field, fault.atKey === true ? 'key' : 'value');
  const exception = rule.id === 'imgmgr/exception-expired' ? undefined : exceptionFor(rule, {subject, profile, now});
  return {
    rule: rule.id,
    ...severity,
    tested: rule.testedBy.some((tested) => profile.deciding.includes(tested)),
    subject: subject?.name ?? subject?.image ?? '',
    ...(subject?.definition !== undefined && {definition: subject.definition}),
    ...(subject?.version !== undefined && {version: subject.version}),
    ...(subject?.image !== undefined && {image: subject.image}),
    field,
    found,
    wanted,
    message,
    remedy: fault.remedy ?? rule.mend,
    section: `${rule.standard}, ${rule.section}`,
    by: fault.by ?? subject?.mends ?? 'you',
    ...(place && {place}),
    ...(exception && {ignored: {reason: exception.reason, until: exception.until}}),
  };
}

interface Case {
  readonly subject: Subject | undefined;
  readonly profile: Profile;
  readonly now: number;
}

/** The exception that accepts it today: the definition's own, else one of the operator's for the image. */
function exceptionFor({id}: Rule, {subject, profile, now}: Case): Exception | undefined {
  if (subject === undefined || (subject.exceptions.length === 0 && profile.exceptions.length === 0)) return undefined;
  const own = profile.exceptions.filter(({image}) => image === subject.name || image === subject.image);
  return [...subject.exceptions, ...own].find(({rule, until}) => rule === id && now < endOfDay(until));
}
