import type {ImgmgrError} from '../../errors.ts';
import type {CountField} from '../counts.ts';
import type {Definition} from '../definition/definition.ts';
import type {ActionSummary} from '../events.ts';
import type {Hold} from '../hold.ts';
import type {Form} from '../image/form.ts';
import type {Image, ImagePatch} from '../image/image.ts';
import type {ImageMember} from '../image/members.ts';
import type {Policy} from '../policy.ts';
import type {OwnImage, Release} from '../release/release.ts';
import type {Warning} from '../warnings.ts';

/** One step of a plan: what is done, what has to be done before, and what is said about it. */
export type Action = Step & {
  /** Names it within the plan of its definition; the same whenever the same is planned. */
  readonly id: string;
  /** All of it has to be done, else the action is left out. */
  readonly dependsOn: readonly Dependency[];
  /** What its image counts as when it is done; absent: nothing, because more is to come or it is part of something else. */
  readonly counts?: CountField;
  readonly summary: ActionSummary;
};

/** An earlier action, or a failure of the plan. */
export interface Dependency {
  readonly id: string;
  /** Why the action is left out where this was not done, one clause. */
  readonly otherwise: string;
}

/** The image that a step works on: one that is there, or the one that an earlier `acquire` or `resume` makes (its id). */
export type Target = {readonly image: Image} | {readonly made: string};

/** What is done; each is one write, or one acquisition. */
export type Step =
  /**
   * Delete what a dead run left (a lease, a half-made image), or a candidate that nobody needs. `replacedBy`: the id of the action that
   * makes the newer candidate.
   */
  | {readonly kind: 'remove'; readonly image: Image; readonly replacedBy?: string}
  /**
   * Make the image of a release; `reuse` is a record that bears the demanded id already, `twin` a live image of the same bytes, which
   * are taken from there where the source does not have them any more. `next`: what the plan does with it then; `ready`: nothing, it
   * waits for another run.
   */
  | {
      readonly kind: 'acquire';
      readonly release: Release;
      readonly next: 'verify' | 'publish' | 'ready';
      readonly reuse?: Image;
      readonly twin?: Image;
    }
  /** Go on with an import that is under way or done, until it has the demanded digest. */
  | {
      readonly kind: 'resume';
      readonly release: Release;
      readonly next: 'verify' | 'publish' | 'ready';
      readonly image: Image;
    }
  /** Boot a test server from the image; only a pass lets it be published. */
  | {readonly kind: 'verify'; readonly release: Release; readonly target: Target; readonly next: 'publish' | 'ready'}
  | {
      readonly kind: 'publish';
      readonly release: Release;
      readonly target: Target;
      readonly as: 'current' | 'retired';
      /** What it publishes: everything about the image that users see. */
      readonly form: Form;
    }
  /** `replacedBy`: the id of the publication that takes its place; undone where the image cannot be retired. */
  | {readonly kind: 'retire'; readonly image: Image; readonly patch: ImagePatch; readonly replacedBy?: string}
  | {readonly kind: 'adopt' | 'update' | 'hide'; readonly image: Image; readonly patch: ImagePatch}
  /** Record on the image that its version is not wanted, or take that back. */
  | {readonly kind: 'revoke' | 'lift'; readonly image: Image; readonly patch: ImagePatch}
  /** `patch` is applied first: it records that we did it. */
  | {readonly kind: 'deactivate' | 'reactivate'; readonly target: Target; readonly patch?: ImagePatch}
  /**
   * Add, accept for and remove members; ids of projects. `record`: whom we added, afterwards. `published`: the id of the publication that
   * it belongs to; absent for an image that is published already.
   */
  | {
      readonly kind: 'share';
      readonly target: Target;
      readonly add: readonly string[];
      readonly accept: readonly string[];
      readonly remove: readonly string[];
      readonly record: readonly string[];
      readonly published?: string;
    }
  | {readonly kind: 'copy'; readonly image: Image; readonly stores: readonly string[]}
  | {readonly kind: 'delete'; readonly image: Image; readonly unprotect: boolean};

/** A warning that the plan found. */
export interface PlanWarning extends Warning {
  readonly image?: string;
}

/** Why one version is not published. */
export interface PlanFailure {
  /** As of an action, so that actions can depend on it. */
  readonly id: string;
  readonly version: string;
  readonly error: ImgmgrError;
  /** Glance id of the image that failed its verification. */
  readonly image?: string;
}

/** Everything that is to be done for one definition, in order. */
export interface DefinitionPlan {
  readonly definition: Definition;
  readonly actions: readonly Action[];
  /** Number of wanted images that are there and need nothing. */
  readonly unchanged: number;
  /** Glance ids of those. */
  readonly unchangedImages: readonly string[];
  readonly pending: number;
  readonly warnings: readonly PlanWarning[];
  readonly decisions: readonly string[];
  /** The names that this plan would give to images newly published. */
  readonly publishes: readonly string[];
  /** Images that `--delete` may delete, whether or not it was asked for. */
  readonly deletable: readonly OwnImage[];
  /** Versions that cannot be had, although nothing is wrong with the definition. */
  readonly failures: readonly PlanFailure[];
  /** The published images that no other one superseded, as they are before the plan. */
  readonly published: readonly Image[];
  /** Failed candidates that are kept, the newest first. */
  readonly quarantined: readonly Image[];
  /** Why nothing at all is planned for the definition. */
  readonly error?: ImgmgrError;
  /** True when a living run works on it, so that nothing could be planned. */
  readonly busy: boolean;
}

/** What a plan of one definition is made from. */
export interface PlanInput {
  readonly definition: Definition;
  /** All listed versions, resolved. */
  readonly releases: readonly Release[];
  /** Images of our project with a complete stamp of this definition, leases left out. */
  readonly images: readonly OwnImage[];
  /** Images with a name that the definition would publish, as far as they are not among {@link images}. */
  readonly others: readonly Image[];
  readonly projectId: string;
  readonly policy: Policy;
  /** By the server's clock. */
  readonly now: Date;
  /** Runs whose leases are alive; their half-made images are no leftovers. */
  readonly liveRuns: ReadonlySet<string>;
  readonly adHoc: boolean;
  /** Present: nothing is made, only images that are there change their place (`rollback`). */
  readonly revocation?: Rearrangement;
  /** Absent: the members of its images are nothing of ours, and nobody was asked for them. */
  readonly sharing?: Sharing;
  /** A hold that lasts; absent: none does. */
  readonly hold?: Hold;
}

/** Revocations come or go, and images that are there change their place. */
export interface Rearrangement {
  /** Glance id of the image that gets the plain name; absent: the newest that may have it, or none. */
  readonly target?: string;
  /** What is written first; {@link PlanInput.images} are as it leaves them. */
  readonly first: readonly {
    readonly step: Step & {readonly counts?: CountField};
    readonly summary: Omit<ActionSummary, 'kind' | 'definition'>;
  }[];
}

/** Who is to see the shared images of a definition, and who does. */
export interface Sharing {
  /** Ids of projects, our own left out. */
  readonly wanted: readonly string[];
  /** The members of published images that are shared, by image id. */
  readonly members: ReadonlyMap<string, readonly ImageMember[]>;
  /** We may accept for the projects. */
  readonly mayAccept: boolean;
}
