import type {DefinitionCounts} from '../core/counts.ts';
import type {ActionKind, ActionSummary} from '../core/events.ts';
import {formatCount} from './amounts.ts';

interface Verb {
  /** For a plan. */
  readonly plan: string;
  readonly doing: string;
  readonly done: string;
}

const VERBS: Readonly<Record<ActionKind, Verb>> = {
  remove: {plan: 'remove', doing: 'Removing leftover of', done: 'Removed leftover of'},
  acquire: {plan: 'import', doing: 'Importing image', done: 'Imported image'},
  resume: {plan: 'resume', doing: 'Resuming image', done: 'Finished image'},
  verify: {plan: 'verify', doing: 'Verifying image', done: 'Verified image'},
  publish: {plan: 'publish', doing: 'Publishing image', done: 'Published image'},
  retire: {plan: 'retire', doing: 'Retiring image', done: 'Retired image'},
  revoke: {plan: 'revoke', doing: 'Revoking', done: 'Revoked'},
  lift: {plan: 'lift', doing: 'Lifting the revocation of', done: 'Lifted the revocation of'},
  adopt: {plan: 'adopt', doing: 'Adopting image', done: 'Adopted image'},
  update: {plan: 'update', doing: 'Updating image', done: 'Updated image'},
  hide: {plan: 'hide', doing: 'Hiding image', done: 'Hid image'},
  deactivate: {plan: 'deactivate', doing: 'Deactivating image', done: 'Deactivated image'},
  reactivate: {plan: 'reactivate', doing: 'Reactivating image', done: 'Reactivated image'},
  share: {plan: 'share', doing: 'Sharing image', done: 'Shared image'},
  copy: {plan: 'copy', doing: 'Copying image', done: 'Copied image'},
  delete: {plan: 'delete', doing: 'Deleting image', done: 'Deleted image'},
};

/** Actions that take long enough to be announced. */
export const LONG_ACTIONS: ReadonlySet<ActionKind> = new Set(['acquire', 'resume', 'copy', 'verify']);

/** `AlmaLinux 9 (20241120)`. */
export function subject({definition, version, name}: Pick<ActionSummary, 'definition' | 'version' | 'name'>): string {
  return version === undefined || version === '' ? (name ?? definition) : `${definition} (${version})`;
}

/** `Importing image AlmaLinux 9 (20241120)`. */
export function doingText(action: ActionSummary): string {
  return `${VERBS[action.kind].doing} ${subject(action)}`;
}

/** `Retired image AlmaLinux 9 (20241120) as "AlmaLinux 9 (20241120)"`. */
export function doneText(action: ActionSummary): string {
  return `${VERBS[action.kind].done} ${subject(action)}${renamed(action)}`;
}

/** The word of a plan. */
export function planWord({kind, built}: Pick<ActionSummary, 'kind' | 'built'>): string {
  return built === true ? 'build' : VERBS[kind].plan;
}

/** ` as "X"`, where the name changes and is not said anyway. */
export function renamed(action: ActionSummary): string {
  const {name, newName} = action;
  return newName === undefined || newName === name || newName === subject(action) ? '' : ` as "${newName}"`;
}

/** `Debian 12`, or `Debian 12: 3 images` where several of its images need nothing. */
export function unchangedText({name, unchanged}: Pick<DefinitionCounts, 'name' | 'unchanged'>): string {
  return unchanged === 1 ? name : `${name}: ${formatCount(unchanged, 'image')}`;
}
