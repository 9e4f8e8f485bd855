import type {ProfileName, RuleText} from '../rule-text.ts';
import type {Fault, SubjectRule} from '../rule.ts';
import type {Subject} from '../subject.ts';
import {isOffered, titleOf, valueOf} from '../subject.ts';

/** Where SCS-0102 says it, by the headings of version 1.1. */
export const TECHNICAL = {standard: 'SCS-0102', section: 'Technical requirements and features'} as const;
export const UPDATING = {standard: 'SCS-0102', section: 'Image handling: Image updating'} as const;
export const ORIGIN = {standard: 'SCS-0102', section: 'Image handling: Image Origin'} as const;
export const BUILD_INFO = {standard: 'SCS-0102', section: 'Image handling: Image build info'} as const;
export const LICENSING = {
  standard: 'SCS-0102',
  section: 'Image handling: Licensing / Maintenance subscription / Support',
} as const;

/** Demanded by both versions, and tested for both certificates. */
export const MANDATORY = {
  severity: {'scs-v1': 'error', 'scs-v2': 'error'},
  testedBy: ['scs-v1', 'scs-v2'],
} as const satisfies Pick<RuleText, 'severity' | 'testedBy'>;

/** Demanded by the text of both, tested in no official run. */
export const DEMANDED_UNTESTED = {
  severity: {'scs-v1': 'error', 'scs-v2': 'error'},
  testedBy: [] as readonly ProfileName[],
} as const satisfies Pick<RuleText, 'severity' | 'testedBy'>;

/** Recommended by both, or optional with a form; tested in no official run. */
export const RECOMMENDED = {
  severity: {'scs-v1': 'warning', 'scs-v2': 'warning'},
  testedBy: [] as readonly ProfileName[],
} as const satisfies Pick<RuleText, 'severity' | 'testedBy'>;

export const EVERYWHERE = ['definition', 'live'] as const;
export const LIVE_ONLY = ['live'] as const;

/** The fault of a mandatory property that is absent or empty; undefined where it has a value or only the run will know it. */
export function missing(subject: Subject, key: string, wanted: string): Fault | undefined {
  const found = valueOf(subject, key);
  if (found !== undefined && found !== '') return undefined;
  if (found === undefined && subject.later.has(key)) return undefined;
  return {field: key, found: found ?? null, wanted, message: absence(subject, key, found)};
}

/** `image "X" has no os_purpose`, or that it is empty. */
export function absence(subject: Subject, key: string, found: string | undefined): string {
  return found === '' ? `${key} of ${titleOf(subject)} is empty` : `${titleOf(subject)} has no ${key}`;
}

/** The fault of a value that is there and not permitted; undefined where it is permitted, absent or empty. */
export function outside(subject: Subject, key: string, permitted: readonly string[]): Fault | undefined {
  const found = valueOf(subject, key);
  if (found === undefined || found === '' || permitted.includes(found)) return undefined;
  return wrongValue(subject, {field: key, found, wanted: permitted.join(', ')});
}

/** The fault of this value. */
export function wrongValue(subject: Subject, {field, found, wanted}: Pick<Fault, 'field' | 'found' | 'wanted'>): Fault {
  return {field, found, wanted, message: `${field} of ${titleOf(subject)} is "${found ?? ''}", which is not permitted`};
}

/** A rule of SCS-0102: it judges the images that users are offered, public or community and not hidden. */
export function offered(rule: Omit<SubjectRule, 'kind'>): SubjectRule {
  const {judge, moments} = rule;
  return {
    ...rule,
    kind: 'subject',
    judge: (subject, context) => (isOffered(subject) ? judge(subject, context) : undefined),
    ...(moments && {moments: (subject, context) => (isOffered(subject) ? moments(subject, context) : [])}),
  };
}
