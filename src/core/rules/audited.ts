import type {FilePosition, Problem} from '../../errors.ts';
import type {Finding} from './finding.ts';
import type {Severity} from './rule-text.ts';

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
