import type {FilePosition} from '../../errors.ts';
import type {RuleId} from './ids.ts';
import type {By, Severity} from './rule-text.ts';

/** What an audit found: everything that a report, a person or a program needs of it. */
export interface Finding {
  readonly rule: RuleId;
  readonly severity: Severity;
  /** False: a rule of a profile that does not decide; it never sets an exit code. */
  readonly decides: boolean;
  /** True when an official run for one of the deciding profiles tests it. */
  readonly tested: boolean;
  /** The image's name; empty for a finding about all of them. */
  readonly subject: string;
  readonly definition?: string;
  readonly version?: string;
  /** Glance id. */
  readonly image?: string;
  readonly field: string;
  readonly found: string | null;
  readonly wanted: string;
  /** One sentence, one remedy. */
  readonly message: string;
  readonly remedy: string;
  /** The standard and its section. */
  readonly section: string;
  readonly by: By;
  readonly place?: FilePosition;
  /** Present when an exception accepts it: it counts as ignored. */
  readonly ignored?: {readonly reason: string; readonly until: string};
}

/** True for a finding that counts at this severity or worse. */
export function countsAs({severity, decides, ignored}: Finding, least: Severity): boolean {
  return decides && ignored === undefined && RANK[severity] <= RANK[least];
}

const RANK: Readonly<Record<Severity, number>> = {error: 0, warning: 1, info: 2};
