import type {AuditInput} from './audit.ts';
import {auditSet, auditSubject} from './audit.ts';
import type {Finding} from './finding.ts';
import type {Exception} from './profile.ts';
import {RULES} from './registry.ts';
import {endOfDay} from './scs-0102/dates.ts';
import type {Subject} from './subject.ts';

/** How far ahead `validate` and `status` look, milliseconds: a quarter. */
export const FORECAST_MS = 92 * 86_400_000;

/** A finding that is not there yet, and the moment (milliseconds since 1970) at which it appears. */
export interface Foreseen {
  readonly from: number;
  readonly finding: Finding;
}

/**
 * The findings that appear by themselves after `now` and not later than `until`, if nothing else changes: the earliest first. A finding
 * that an exception accepts counts as none, so that the end of an exception is foreseen, too.
 */
export function forecast(input: AuditInput, until: number): readonly Foreseen[] {
  const found = [
    ...input.set.subjects.flatMap((subject) => forecastSubject(subject, input, until)),
    ...forecastSet(input, until),
  ];
  return found.sort((a, b) => a.from - b.from);
}

/** The same for one subject, which is judged among the others. */
export function forecastSubject(subject: Subject, input: AuditInput, until: number): readonly Foreseen[] {
  const exceptions = exceptionsFor(subject, input);
  const excepted = new Set(exceptions.map(({rule}) => rule));
  // Nothing else changes by itself.
  const rules =
    exceptions.length === 0 ? IN_TIME : RULES.filter((rule) => rule.moments !== undefined || excepted.has(rule.id));
  return appearing({
    moments: momentsOf(subject, input),
    judge: (now) => auditSubject(subject, {...input, now, rules}),
    ...{from: input.now, until},
  });
}

const IN_TIME = RULES.filter((rule) => rule.moments !== undefined);

function exceptionsFor(subject: Subject, {profile}: AuditInput): readonly Exception[] {
  const own = profile.exceptions.filter(({image}) => image === subject.name || image === subject.image);
  return [...subject.exceptions, ...own];
}

/** The same for what concerns all subjects together. */
export function forecastSet(input: AuditInput, until: number): readonly Foreseen[] {
  return appearing({
    moments: RULES.flatMap((rule) => (rule.kind === 'set' ? (rule.moments?.(input) ?? []) : [])),
    judge: (now) => auditSet({...input, now}),
    ...{from: input.now, until},
  });
}

/** When anything about a subject may change by itself: what its rules say, and the ends of the exceptions for it. */
function momentsOf(subject: Subject, input: AuditInput): readonly number[] {
  return [
    ...IN_TIME.flatMap((rule) => (rule.kind === 'subject' ? (rule.moments?.(subject, input) ?? []) : [])),
    ...exceptionsFor(subject, input).map((exception) => endOfDay(exception.until)),
  ];
}

interface Course {
  readonly moments: readonly number[];
  readonly judge: (now: number) => readonly Finding[];
  readonly from: number;
  readonly until: number;
}

function appearing({moments, judge, from, until}: Course): Foreseen[] {
  const ahead = [...new Set(moments)].filter((at) => at > from && at <= until).sort((a, b) => a - b);
  if (ahead.length === 0) return [];
  const known = new Set(real(judge(from)).map(identityOf));
  return ahead.flatMap((at) =>
    real(judge(at)).flatMap((finding) => {
      const identity = identityOf(finding);
      if (known.has(identity)) return [];
      known.add(identity);
      return [{from: at, finding}];
    }),
  );
}

function real(findings: readonly Finding[]): readonly Finding[] {
  return findings.filter(({ignored}) => ignored === undefined);
}

/** The same rule at the same field of the same subject is the same finding, whatever its words. */
export function identityOf({rule, subject, image, field, wanted}: Finding): string {
  return JSON.stringify([rule, subject, image, field, rule.startsWith('scs-0104/') ? wanted : '']);
}
