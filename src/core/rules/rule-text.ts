import type {RuleId} from './ids.ts';

/** How bad a finding is, the worst first. */
export const SEVERITIES = ['error', 'warning', 'info'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** `openstack`: the vocabulary of Glance and Nova · `scs-v1`: SCS-0102 v1.1 and SCS-0104 v1 · `scs-v2`: their drafts. */
export const PROFILE_NAMES = ['openstack', 'scs-v1', 'scs-v2'] as const;
export type ProfileName = (typeof PROFILE_NAMES)[number];

/** Who can mend a fault: the next `manage`, a newer release that exists upstream, nobody but upstream, or a person. */
export type By = 'manage' | 'update' | 'upstream' | 'you';

/** What every rule has besides its function. */
export interface RuleText {
  readonly id: RuleId;
  /** Where it is written down: the standard, and the section there. */
  readonly standard: string;
  readonly section: string;
  /** In own words: what is demanded, why that matters, and how a fault is mended. */
  readonly says: string;
  readonly matters: string;
  readonly mend: string;
  /** Absent for a profile: no part of it. */
  readonly severity: Readonly<Partial<Record<ProfileName, Severity>>>;
  /** The profiles whose official run tests it; its certificate depends on it there. */
  readonly testedBy: readonly ProfileName[];
  /** Where the fault can exist: in a definition, on a live image. */
  readonly seenIn: readonly ('definition' | 'live')[];
  /** Where we judge otherwise than the official tests, and why. */
  readonly differs?: string;
}
