import type {ShownHold} from '../hold.ts';
import type {Finding} from '../rules/finding.ts';
import type {By} from '../rules/rule-text.ts';

/** What a row says of its image or definition; the closed set that reports and docs/cli.md share. */
export type RowState =
  | 'ok'
  | 'missing' // the definition is enabled and has no current image
  | 'disabled' // there is an image, and its definition is disabled
  | 'definition-gone' // there is an image, and its definition is in no file that was read
  | 'changed-by-hand' // somebody changed visibility, os_hidden or status on the cloud
  | 'revoked' // its version is not wanted any more, and it bears the name still
  | 'pulled' // there is no current image, since an operator took it away
  | 'quarantined' // failed its verification, kept as evidence
  | 'importing' // half made: by a run that goes on, or that was broken off
  | 'pending' // the cloud makes it (`--no-wait`)
  | 'ready' // complete, not published
  | 'newer-format' // a later version of imgmgr described it
  | 'not-ours' // another image that the cloud offers
  | 'cloud' // what concerns no single image
  | 'unreachable'; // the cloud could not be looked at

/** The verdict that an image carries; `at`: ISO 8601, empty where an earlier version kept none. */
export interface RowVerdict {
  readonly kind: 'pass' | 'fail';
  readonly cause: string;
  readonly at: string;
}

/** The first moment (ISO 8601) at which an error of a deciding rule is there. */
export interface RedOn {
  readonly at: string;
  /** True: it is there already. */
  readonly now: boolean;
  readonly rule: Finding['rule'];
  readonly by: By;
}

/** One row of `status`: a definition on a cloud, an image beside its current one, or a cloud. Null: there is none, or it is not known. */
export interface StatusRow {
  readonly cloud: string;
  readonly definition: string | null;
  /** Glance id and name. */
  readonly image: string | null;
  readonly name: string | null;
  /** The project of an image that is not ours. */
  readonly owner: string | null;
  readonly version: string | null;
  /** The day of the build, `YYYY-MM-DD`. */
  readonly built: string | null;
  /** `algorithm:hex` of the bytes, as the store computed it. */
  readonly digest: string | null;
  /** Until when the image is promised to be there and updated: `provided_until`, as it stands on it. */
  readonly until: string | null;
  /** A newer version that is known. */
  readonly newer: string | null;
  readonly verified: RowVerdict | null;
  readonly redOn: RedOn | null;
  readonly state: RowState;
  /** Why the state is what it is, one clause. */
  readonly detail: string | null;
  /** The hold of its definition that lasts longest, over or not. */
  readonly hold: ShownHold | null;
  /** Something has to be done about it. */
  readonly offending: boolean;
  /** Of a definition's row: those of its superseded images, too. */
  readonly findings: readonly Finding[];
  readonly ahead: readonly (Finding & {readonly from: string})[];
  /** Superseded images, the newest version first. */
  readonly superseded: readonly SupersededImage[];
}

/** A superseded image of a row. */
export interface SupersededImage {
  /** Glance id. */
  readonly image: string;
  readonly name: string | null;
  readonly version: string;
  /** Its version is not wanted any more. */
  readonly revoked: boolean;
}

/** The answer of `status` when all rows were given. */
export interface StatusSummary {
  /** The time by which rules judged, and how far the forecast looks, ISO 8601. */
  readonly asOf: string;
  readonly until: string;
  readonly rows: number;
  readonly offending: number;
  readonly unreachable: number;
  /** Rows that break a deciding rule within the time that was asked for; absent: none was. */
  readonly due?: number;
}
