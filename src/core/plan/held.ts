import type {ImagePatch} from '../image/image.ts';
import {isPulled} from '../image/revocation.ts';
import type {PlanInput, Step} from './plan.ts';

/**
 * True for what a hold forbids: what publishes an image, takes one out of use, or changes who finds it. What an earlier run left in the
 * middle of a swap is finished: users see the new image already, and as long as two bear the name, looking it up is ambiguous.
 */
export function isHeld(step: Step, swapping: ReadonlySet<string>): boolean {
  switch (step.kind) {
    case 'publish':
    case 'hide':
    case 'reactivate':
    case 'delete':
      return true;
    // The stamp comes with tags and protection, and a second current image would be taken for a swap that was begun.
    case 'adopt':
      return true;
    // What is pulled is hidden already, and this was begun with it.
    case 'deactivate':
      return !('image' in step.target && isPulled(step.target.image));
    case 'retire':
      return step.replacedBy !== undefined || !swapping.has(step.image.id);
    case 'share':
      return !('image' in step.target && swapping.has(step.target.image.id));
    case 'update':
      return changesWhoFindsIt(step.patch) || step.patch.tags !== undefined || recordsState(step.patch);
    // Nobody finds an image otherwise by what stands on it alone.
    case 'revoke':
    case 'lift':
    case 'remove':
    case 'acquire':
    case 'resume':
    case 'verify':
    case 'copy':
      return false;
  }
}

function changesWhoFindsIt({name, visibility, osHidden}: ImagePatch): boolean {
  return name !== undefined || visibility !== undefined || osHidden !== undefined;
}

/** The record of visibility, status and protection must not say what is not done. */
function recordsState({set}: ImagePatch): boolean {
  return set?.['imgmgr_applied'] !== undefined;
}

/** The images that bear the plain name of a `multi: true` definition, where they are more than one; else none. */
export function unfinishedSwap({definition, images}: Pick<PlanInput, 'definition' | 'images'>): ReadonlySet<string> {
  const current = images.filter(({stamp}) => stamp.state === 'current');
  return new Set(definition.multi && current.length > 1 ? current.map(({image}) => image.id) : []);
}
