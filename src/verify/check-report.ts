import type {CheckOutcome, CheckResult, GuestReport} from '../core/guest-report.ts';
import type {ReportRequest} from './protocol.ts';

/** What a report may hold at most; lengths are characters. */
const REPORT_LIMITS = {checks: 200, detail: 500, facts: 100, fact: 2000, agentVersion: 100} as const;

const OUTCOMES: readonly (CheckOutcome | undefined)[] = [undefined, 'pass', 'fail', 'not-applicable', 'error'];
const CHECK_ID = /^[a-z0-9-]{1,64}$/;
const FACT_KEY = /^[A-Za-z][A-Za-z0-9_.:-]{0,99}$/;

/** The report without control characters, or what is wrong with it; the reason quotes nothing that the guest could choose freely. */
export function checkReport(request: ReportRequest): GuestReport | string {
  const {identity, checks, waited_ms: waitedMs, checked_ms: checkedMs} = request;
  const facts = Object.entries(request.facts);
  const agentVersion = clean(identity?.agent_version ?? '');
  if (!identity || agentVersion === '') return 'the agent sends no version';
  if (agentVersion.length > REPORT_LIMITS.agentVersion) return 'the version of the agent is too long';
  if (checks.length > REPORT_LIMITS.checks) return `${checks.length} checks are more than ${REPORT_LIMITS.checks}`;
  if (facts.length > REPORT_LIMITS.facts) return `${facts.length} facts are more than ${REPORT_LIMITS.facts}`;
  const results: CheckResult[] = [];
  for (const [index, {id, outcome, detail, millis}] of checks.entries()) {
    const known = OUTCOMES[outcome];
    if (!CHECK_ID.test(id)) return `check ${index + 1} has an id that is none`;
    if (!known) return `check ${id} has the unknown outcome ${outcome}`;
    if (detail.length > REPORT_LIMITS.detail) return `the detail of check ${id} has ${detail.length} characters`;
    results.push({id, outcome: known, detail: clean(detail), ms: millis});
  }
  if (new Set(results.map(({id}) => id)).size < results.length) return 'a check is there twice';
  for (const [index, [key, value]] of facts.entries()) {
    if (!FACT_KEY.test(key)) return `fact ${index + 1} has a name that is none`;
    if (value.length > REPORT_LIMITS.fact) return `fact ${key} has ${value.length} characters`;
  }
  return {
    agentVersion,
    server: identity.server,
    checks: results,
    facts: Object.fromEntries(facts.map(([key, value]) => [key, clean(value)])),
    waitedMs,
    checkedMs,
  };
}

/** One line: control characters, and those that turn the direction of writing, become blanks. */
export function clean(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gu, ' ').trim();
}
