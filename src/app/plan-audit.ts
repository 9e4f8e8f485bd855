import type {Emit} from '../core/events.ts';
import type {PlannedFinding} from '../core/rules/audited.ts';
import {countsAs} from '../core/rules/finding.ts';
import {auditAfter, auditDefinitions, auditPlanned} from '../core/rules/planned-audit.ts';
import type {Profile} from '../core/rules/profile.ts';
import type {Severity} from '../core/rules/rule-text.ts';
import type {CloudOutcome} from '../workflow/types.ts';
import type {ProfileChoice} from './audit-profile.ts';
import {chosenProfile} from './audit-profile.ts';
import type {AppPorts} from './ports.ts';
import {activeOf} from './select.ts';
import type {CloudWork} from './work-on-clouds.ts';
import {ofShard} from './work-on-clouds.ts';

/** By which rules a run with a plan judges, and which findings count in a dry run. */
export interface AuditChoice {
  readonly profile: ProfileChoice;
  readonly failOn: Severity;
}

/** The audit of a run: reports what it finds. */
export interface PlanAudit {
  readonly profile: Profile;
  /** Images as they are and as the plan makes them, all findings (`dry-run`); true where some count. */
  readonly cloud: (outcome: CloudOutcome) => boolean;
  /** Definitions by themselves (`dry-run`); true where some count. */
  readonly definitions: (work: CloudWork) => boolean;
  /** One event for each definition with errors or warnings in what the plan leaves behind (`manage`). */
  readonly after: (outcome: CloudOutcome) => void;
}

/** Prepares the audit of a run; CONFIG with all problems of the profile's file. */
export async function planAudit(
  {profile: chosen, failOn}: AuditChoice,
  ports: Pick<AppPorts, 'files' | 'now'>,
  emit: Emit,
): Promise<PlanAudit> {
  const at = ports.now();
  const profile = await chosenProfile(chosen, ports, at);
  const parts = {profile, now: at.getTime()};
  const report = (findings: readonly PlannedFinding[], cloud?: string): boolean => {
    const about = {asOf: at.toISOString(), findings, failOn, ...(cloud !== undefined && {cloud})};
    if (findings.length > 0) emit({type: 'findings', ...about});
    return findings.some((finding) => countsAs(finding, failOn));
  };
  return {
    profile,
    cloud: ({cloud, seen}) => seen !== undefined && report(auditPlanned({...seen, ...parts}), cloud),
    definitions: ({selection, options, shard}) =>
      report(auditDefinitions(ofShard(activeOf(selection, options), shard), parts)),
    after: (outcome) => reportAfter(outcome, parts, emit),
  };
}

function reportAfter(
  {cloud, seen}: CloudOutcome,
  parts: {readonly profile: Profile; readonly now: number},
  emit: Emit,
): void {
  if (!seen) return;
  const after = auditAfter({...seen, ...parts});
  const serious = after.filter((finding) => countsAs(finding, 'warning'));
  for (const [definition, findings] of Map.groupBy(serious, (finding) => finding.definition ?? '')) {
    if (definition === '') continue;
    const errors = findings.filter(({severity}) => severity === 'error').length;
    const rules = [...new Set(findings.map(({rule}) => rule))];
    emit({type: 'definition-findings', cloud, definition, errors, warnings: findings.length - errors, rules});
  }
}
