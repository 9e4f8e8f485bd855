import type {FilePosition} from '../../errors.ts';
import type {Profile} from './profile.ts';
import type {By, RuleText} from './rule-text.ts';
import type {Subject} from './subject.ts';
import type {SubjectSet} from './subject-set.ts';

/** What a rule judges with; the same call with another `now` (milliseconds since 1970) is the verdict of another day. */
export interface Context {
  readonly now: number;
  readonly profile: Profile;
  readonly set: SubjectSet;
}

/** What is wrong with one subject. `found` null: nothing is there. */
export interface Fault {
  /** The property or field that is at fault. */
  readonly field: string;
  readonly found: string | null;
  readonly wanted: string;
  /** One sentence without a full stop. */
  readonly message: string;
  /** What to do about it, where the rule's own remedy is too general. */
  readonly remedy?: string;
  /** Absent: whoever can mend the properties of the subject. */
  readonly by?: By;
  /** The name of the property is wrong, not its value. */
  readonly atKey?: true;
  /** Where it is written, where that is not the place of the field. */
  readonly place?: FilePosition;
}

/** A rule about one subject; it may look at the others. */
export interface SubjectRule extends RuleText {
  readonly kind: 'subject';
  readonly judge: (subject: Subject, context: Context) => Fault | readonly Fault[] | undefined;
  /** For rules that depend on time: the moments (milliseconds since 1970) at which a fault may appear. */
  readonly moments?: (subject: Subject, context: Context) => readonly number[];
}

/** What is wrong with all subjects together; `subject` is the one that comes nearest to what is wanted. */
export interface SetFault extends Fault {
  readonly subject?: Subject;
}

/** A rule about all subjects together. */
export interface SetRule extends RuleText {
  readonly kind: 'set';
  readonly judge: (context: Context) => readonly SetFault[];
  readonly moments?: (context: Context) => readonly number[];
}

export type Rule = SubjectRule | SetRule;
