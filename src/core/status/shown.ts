import type {FilePosition} from '../../errors.ts';
import type {ShownHold} from '../hold.ts';
import type {Image} from '../image/image.ts';
import type {ImagePhase} from '../phase/phase.ts';
import type {ImageState} from '../image/stamp.ts';
import type {Finding} from '../rules/finding.ts';

/** Servers that use an image; `unknown`: why nobody can say, and what could be seen. */
export interface ShownUse {
  readonly kind: 'used-by' | 'unused' | 'unknown' | 'no-service';
  readonly count?: number;
  readonly projects?: readonly {readonly projectId: string; readonly count: number}[];
  readonly servers?: readonly {readonly id: string; readonly name: string; readonly projectId: string}[];
  readonly reason?: string;
  readonly hint?: string;
  readonly seen?: Pick<ShownUse, 'count' | 'projects' | 'servers'> & {readonly scope: 'all-projects' | 'own-project'};
}

/** An image of the same definition, or of the same name. */
export interface ChainLink {
  readonly image: string;
  readonly name: string | null;
  readonly owner: string | null;
  /** Null: not ours. */
  readonly version: string | null;
  readonly state: ImageState | null;
  readonly visibility: string;
  readonly createdAt: string;
  /** Why it is quarantined, or when it was revoked. */
  readonly reason: string | null;
  /** Its version is not wanted any more. */
  readonly revoked: boolean;
}

/** The verdict on record; `at`: ISO 8601, `boot`: hash of the values that it was booted with. */
export interface ShownVerdict {
  readonly kind: 'pass' | 'fail';
  readonly cause: string;
  readonly failed: readonly string[];
  readonly agent: string;
  readonly at: string;
  readonly boot: string;
}

/** Everything that is known of an image. Sizes: bytes, GiB, MiB, as Glance has them. */
export interface ShownImage extends Omit<Image, 'properties'> {
  readonly phase: ImagePhase;
  /** One of PHASE_REASONS; later versions may have more. */
  readonly reason: string;
  /** Without our own record. */
  readonly properties: Readonly<Record<string, string>>;
  /** `algorithm:hex`: as Glance computed them, and as imgmgr demanded or found them. */
  readonly digests: {readonly glance: readonly string[]; readonly imgmgr: readonly string[]};
  readonly source: string | null;
  /** What its bytes were read from, where that is no URL: a container image with its digest. */
  readonly origin: string | null;
  /** Null: not ours. */
  readonly stamp: {
    readonly definition: string;
    readonly version: string;
    readonly state: string;
    readonly run: string;
  } | null;
  readonly verdict: ShownVerdict | null;
  /** When and why it was revoked, one clause; null: it is not marked. */
  readonly revoked: string | null;
  /** The newest file of this host about its verification. */
  readonly evidence: string | null;
  readonly findings: readonly Finding[];
  readonly ahead: readonly (Finding & {readonly from: string})[];
}

/** What a definition offers. */
export interface ShownDefinition {
  readonly name: string;
  readonly enabled: boolean;
  readonly place: FilePosition;
  readonly multi: boolean;
  readonly visibility: string;
  readonly isBuilt: boolean;
  readonly versions: readonly string[];
  readonly newest: string | null;
}

/** The answer of `show` about one cloud. */
export interface Shown {
  readonly cloud: string;
  /** What was asked for. */
  readonly target: string;
  /** The time by which rules judged, ISO 8601. */
  readonly asOf: string;
  /** Null: the image has none, or it is in no file that was read. */
  readonly definition: ShownDefinition | null;
  /** The hold of its definition that lasts longest, over or not. */
  readonly hold: ShownHold | null;
  /** The image that was asked for, or the current ones of the definition. */
  readonly images: readonly ShownImage[];
  /** All images of the definition, the newest version first; or those that bear the name. */
  readonly chain: readonly ChainLink[];
  /** By Glance id, where they were asked for. */
  readonly servers?: Readonly<Record<string, ShownUse>>;
}
