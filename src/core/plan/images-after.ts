import type {Image} from '../image/image.ts';
import type {Form} from '../image/form.ts';
import {publishPatch} from '../image/form.ts';
import {applyPatch} from '../image/patch.ts';
import type {Release} from '../release/release.ts';
import type {Action} from './plan.ts';

/** What the actions of a plan leave behind. */
export interface ImagesAfter {
  /** Images that are there and that a plan changes, as they will be, by Glance id; undefined: deleted. */
  readonly changed: ReadonlyMap<string, Image | undefined>;
  /** Images that are made and published. */
  readonly made: readonly {readonly form: Form; readonly release: Release}[];
}

/** The images after the actions, where all of them are done. */
export function imagesAfter(actions: readonly Action[]): ImagesAfter {
  const changed = new Map<string, Image | undefined>();
  const made: {form: Form; release: Release}[] = [];
  const latest = (image: Image): Image => changed.get(image.id) ?? image;
  for (const action of actions) {
    if (action.kind === 'publish' && 'made' in action.target) made.push(action);
    const image = liveImageOf(action);
    if (image) changed.set(image.id, afterAction(latest(image), action));
  }
  return {changed, made};
}

function liveImageOf(action: Action): Image | undefined {
  if ('image' in action) return action.image;
  return 'target' in action && 'image' in action.target ? action.target.image : undefined;
}

function afterAction(image: Image, action: Action): Image | undefined {
  switch (action.kind) {
    case 'remove':
    case 'delete':
      return undefined;
    case 'publish':
      return applyPatch(image, publishPatch({live: image, form: action.form, state: action.as, run: ''}));
    case 'retire':
    case 'revoke':
    case 'lift':
    case 'adopt':
    case 'update':
    case 'hide':
      return applyPatch(image, action.patch);
    case 'deactivate':
    case 'reactivate':
      return {
        ...applyPatch(image, action.patch ?? {}),
        status: action.kind === 'deactivate' ? 'deactivated' : 'active',
      };
    case 'acquire':
    case 'resume':
    case 'verify':
    case 'share':
    case 'copy':
      return image;
  }
}
