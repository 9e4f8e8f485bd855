import type {FilePosition} from '../../errors.ts';
import type {RuleId} from './ids.ts';
import type {ProfileName, RuleText, Severity} from './rule-text.ts';
import {SEVERITIES} from './rule-text.ts';

/** A finding that is accepted for a time; `until` (`YYYY-MM-DD`, UTC) is the last day. */
export interface Exception {
  readonly rule: RuleId;
  readonly reason: string;
  readonly until: string;
  /** Where it is written. */
  readonly place: FilePosition;
}

/** An exception of the operator's profile, for images that have no definition: their name or id. */
export interface ImageException extends Exception {
  readonly image: string;
}

/** What decides about severities, and what an operator permits besides the standards. */
export interface Profile {
  /** The findings of these count; those of others are shown as info and never set an exit code. */
  readonly deciding: readonly ProfileName[];
  /** Further prefixes of image_source for standard images, by the name of the image in SCS-0104. */
  readonly sources: Readonly<Record<string, readonly string[]>>;
  /** Further values of os_purpose. */
  readonly purposes: readonly string[];
  /** The value of os_purpose for superseded generic images. */
  readonly oldGeneric: string;
  readonly severities: ReadonlyMap<RuleId, Severity | 'off'>;
  readonly exceptions: readonly ImageException[];
}

/** The profile of that name; without a name `openstack` and `scs-v1` decide. Each SCS profile includes `openstack`. */
export function builtInProfile(name: ProfileName = 'scs-v1'): Profile {
  return {
    deciding: name === 'openstack' ? ['openstack'] : ['openstack', name],
    sources: {},
    purposes: [],
    oldGeneric: 'oldgeneric',
    severities: new Map(),
    exceptions: [],
  };
}

/** The severity of a rule under a profile, and whether it decides; undefined where it is off. */
export function severityOf(
  {id, severity}: Pick<RuleText, 'id' | 'severity'>,
  {deciding, severities}: Profile,
): {readonly severity: Severity; readonly decides: boolean} | undefined {
  const own = severities.get(id);
  if (own === 'off') return undefined;
  if (own !== undefined) return {severity: own, decides: true};
  const worst = SEVERITIES.find((each) => deciding.some((profile) => severity[profile] === each));
  return worst === undefined ? {severity: 'info', decides: false} : {severity: worst, decides: true};
}
