import type {Form} from './form.ts';
import {appliedBy, desiredTags, gibibytes, ownedKeys, removable} from './form.ts';
import {compact} from './patch.ts';
import type {Image, ImagePatch} from './image.ts';
import type {OwnImage} from '../release/release.ts';
import type {Applied} from './stamp.ts';
import {formatApplied, formatKeys} from './stamp.ts';

/** How a current image differs from its definition. */
export interface Drift {
  /** The one PATCH that mends it; empty when nothing is to be patched. */
  readonly patch: ImagePatch;
  /** Glance's status has to be changed first, by an action of its own: the PATCH records it as applied. */
  readonly status?: 'active' | 'deactivated';
  /** Fields that somebody changed on the cloud; left alone. */
  readonly byHand: readonly string[];
}

/**
 * Compares a live current image with the form that its definition asks for. `visibility`, `os_hidden` and `status` are
 * three-way: live = definition is no drift, live = last applied takes the definition, anything else was done by hand.
 */
export function findDrift(own: OwnImage, form: Form, forceState: boolean): Drift {
  const {image, stamp} = own;
  const applied = stamp.applied ?? appliedBy(form);
  const state = compareState({image, form, applied, forceState});
  const wanted: ImagePatch = {
    name: form.name,
    ...state.patch,
    minDisk: Math.max(form.minDisk, gibibytes(image.virtualSize), gibibytes(image.size)),
    minRam: form.minRam,
    tags: desiredTags(image, form, stamp.keys),
    set: {...form.properties, imgmgr_keys: keysWithFlagTags(own, form), imgmgr_applied: formatApplied(state.applied)},
    remove: removable(image, form, stamp.keys),
  };
  return {patch: compact(image, wanted), byHand: state.byHand, ...(state.status && {status: state.status})};
}

interface StateInput {
  readonly image: Image;
  readonly form: Form;
  readonly applied: Applied;
  readonly forceState: boolean;
}

interface StateDrift {
  readonly patch: Pick<ImagePatch, 'visibility' | 'osHidden' | 'protected'>;
  readonly status?: 'active' | 'deactivated';
  readonly byHand: readonly string[];
  /** What stands as applied afterwards. */
  readonly applied: Applied;
}

function compareState({image, form, applied, forceState}: StateInput): StateDrift {
  const byHand: string[] = [];
  const decide = <T extends string | boolean>(field: string, live: T, wanted: T, last: T): T | undefined => {
    if (live === wanted) return undefined;
    if (live === last || forceState) return wanted;
    byHand.push(`${field} is ${live}, the definition says ${wanted}`);
    return undefined;
  };
  const visibility = decide('visibility', image.visibility, form.visibility, applied.visibility);
  const osHidden = decide('os_hidden', image.osHidden, form.osHidden, applied.osHidden);
  const live = image.status === 'deactivated' ? 'deactivated' : 'active';
  const status = decide('status', live, form.status, applied.status);
  const guarded = image.protected === applied.protected ? form.protected : image.protected;
  return {
    patch: {...(visibility && {visibility}), ...(osHidden !== undefined && {osHidden}), protected: guarded},
    byHand,
    ...(status && {status}),
    applied: {
      visibility: byHandKeeps('visibility', byHand) ? applied.visibility : form.visibility,
      osHidden: byHandKeeps('os_hidden', byHand) ? applied.osHidden : form.osHidden,
      status: byHandKeeps('status', byHand) ? applied.status : form.status,
      protected: guarded === form.protected ? form.protected : applied.protected,
    },
  };
}

function byHandKeeps(field: string, byHand: readonly string[]): boolean {
  return byHand.some((line) => line.startsWith(`${field} `));
}

/** `--tag` of an earlier run stays on record until the image is retired, also when this run has no such flag. */
function keysWithFlagTags(own: OwnImage, form: Form): string {
  return formatKeys([...ownedKeys(form), ...own.stamp.keys.filter((key) => key.startsWith('flag-tag:'))]);
}
