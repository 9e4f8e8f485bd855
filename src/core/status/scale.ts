import type {Finding} from '../rules/finding.ts';
import {countsAs} from '../rules/finding.ts';
import type {Judged} from '../rules/live-audit.ts';
import type {Severity} from '../rules/rule-text.ts';
import type {RedOn, StatusRow} from './row.ts';

/** What makes a row an offending one. */
export interface Scale {
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly failOn: Severity;
  /** Until when nothing may break, milliseconds since 1970; absent: only what is broken counts. */
  readonly due?: number;
}

/** The part of a row that the audit of its images gives. */
export function judgedPart(
  judged: readonly Judged[],
  scale: Scale,
): Pick<StatusRow, 'findings' | 'ahead' | 'redOn' | 'offending'> {
  const findings = judged.flatMap((each) => each.findings);
  const ahead = judged
    .flatMap((each) => each.ahead)
    .sort((a, b) => a.from - b.from)
    .map(({from, finding}) => ({...finding, from: new Date(from).toISOString()}));
  const offending = isBroken({findings}, scale) || isDue({findings, ahead}, scale);
  return {findings, ahead, redOn: redOn(findings, ahead, scale.now), offending};
}

/** True where a finding that counts is there. */
export function isBroken({findings}: Pick<StatusRow, 'findings'>, {failOn}: Pick<Scale, 'failOn'>): boolean {
  return findings.some((finding) => countsAs(finding, failOn));
}

/** True where a finding that counts is there, or appears by the time that was asked for; false where none was. */
export function isDue({findings, ahead}: Pick<StatusRow, 'findings' | 'ahead'>, {failOn, due}: Scale): boolean {
  if (due === undefined) return false;
  return (
    isBroken({findings}, {failOn}) ||
    ahead.some((finding) => countsAs(finding, failOn) && Date.parse(finding.from) <= due)
  );
}

function redOn(findings: readonly Finding[], ahead: StatusRow['ahead'], now: number): RedOn | null {
  const broken = findings.find((finding) => countsAs(finding, 'error'));
  if (broken) return {at: new Date(now).toISOString(), now: true, rule: broken.rule, by: broken.by};
  const next = ahead.find((finding) => countsAs(finding, 'error'));
  return next ? {at: next.from, now: false, rule: next.rule, by: next.by} : null;
}
