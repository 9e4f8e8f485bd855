import type {FilePosition, Problem} from '../../errors.ts';
import type {Finding} from './finding.ts';
import type {RuleId} from './ids.ts';
import type {Severity} from './rule-text.ts';
import type {Subject} from './subject.ts';

/** The answer of `validate`: what is wrong with definitions. */
export interface Audited {
  readonly type: 'audited';
  /** The time by which rules judged, ISO 8601. */
  readonly asOf: string;
  /** The files that were read. */
  readonly files: readonly string[];
  /** The images that definitions publish, and where each is written. */
  readonly images: readonly {readonly name: string; readonly place: FilePosition}[];
  /** What does not fit the schema; such definitions are not judged by rules. */
  readonly problems: readonly Problem[];
  readonly findings: readonly Finding[];
  /** What will be found from a time on (ISO 8601), if nothing changes. */
  readonly ahead: readonly (Finding & {readonly from: string})[];
  /** Findings of this severity and worse count. */
  readonly failOn: Severity;
}

/** A finding, and what was judged: a definition, an image as it is, or as a plan makes it. */
export type PlannedFinding = Finding & {readonly of: Subject['kind']};

/** What the audit found on a cloud with its plan; without a cloud: in the definitions (`dry-run`). */
export interface PlanFindings {
  readonly type: 'findings';
  readonly cloud?: string;
  /** The time by which rules judged, ISO 8601. */
  readonly asOf: string;
  readonly findings: readonly PlannedFinding[];
  /** Findings of this severity and worse count. */
  readonly failOn: Severity;
}

/** What is found in the images of a definition when its plan was carried out (`manage`): numbers of findings that decide. */
export interface DefinitionFindings {
  readonly type: 'definition-findings';
  readonly cloud: string;
  readonly definition: string;
  readonly errors: number;
  readonly warnings: number;
  /** The rules that found them. */
  readonly rules: readonly RuleId[];
}
