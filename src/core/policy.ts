import type {Conversion} from './conversion.ts';
import type {Definition, RetireWay} from './definition/definition.ts';

/** What the operator asked for, after flags, environment and defaults were put together. */
export interface Policy {
  /** Import only the newest listed version. */
  readonly latest: boolean;
  /** Process disabled definitions too. */
  readonly force: boolean;
  /** `os_hidden` on all superseded images. */
  readonly hide: boolean;
  /** Deactivate superseded images that need not be kept any more. */
  readonly deactivate: boolean;
  /** Delete deletable images; without `yes` they are only listed. */
  readonly delete: boolean;
  readonly yes: boolean;
  /** Superseded images of `multi: false` definitions are neither retired nor deleted. */
  readonly keep: boolean;
  /** Overrides every definition's way, on all superseded images. */
  readonly retireAs?: RetireWay;
  /** Accept a new digest under the same version. */
  readonly replace: boolean;
  /** Stamp existing unstamped images of our project instead of stopping. */
  readonly adopt: boolean;
  /** Overwrite visibility, os_hidden and status that were changed by hand. */
  readonly forceState: boolean;
  /** Images where nobody promised anything (`uuid_validity: none` on both sides) may be deleted too. */
  readonly includeNone: boolean;
  readonly maxDelete: number;
  /** Delete images that servers still use, or where nobody may be asked. */
  readonly deleteInUse: boolean;
  /** False: stop before publication. */
  readonly publish: boolean;
  /** False: hand the work to the cloud and return. */
  readonly wait: boolean;
  /** True: acquire nothing (the commands `hide` and `delete`). */
  readonly acquire: boolean;
  /** Boot a test server from every candidate before it is published. */
  readonly verify: boolean;
  /** Boot kept candidates and quarantined images again. */
  readonly reverify: boolean;
  /** How many failed candidates are kept per definition, as evidence. */
  readonly quarantine: number;
  /** Additional tag on current images. */
  readonly tag?: string;
  /** What new images become on their way; those that are there stay as they are. */
  readonly convert?: Conversion;
  /** Stores that every image must be in; overrides the definitions'. */
  readonly stores?: readonly string[];
  /** The word that `os_purpose: generic` becomes when an image is superseded. */
  readonly oldPurpose: string;
}

/** The defaults: what `imgmgr manage` does without flags. */
export const DEFAULT_POLICY: Policy = {
  latest: false,
  force: false,
  hide: false,
  deactivate: false,
  delete: false,
  yes: false,
  keep: false,
  replace: false,
  adopt: false,
  forceState: false,
  includeNone: false,
  maxDelete: 20,
  deleteInUse: false,
  publish: true,
  wait: true,
  acquire: true,
  verify: true,
  reverify: false,
  quarantine: 1,
  oldPurpose: 'oldgeneric',
};

/** How superseded images of a definition are retired: flag before definition before default. */
export function retireWay({retireAs, hide}: Policy, definition: Definition): RetireWay {
  return retireAs ?? (hide ? 'hidden' : (definition.retireAs ?? 'renamed'));
}
