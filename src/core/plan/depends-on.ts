import type {ActionKind} from '../events.ts';
import type {Action, Dependency, PlanFailure, Target} from './plan.ts';

/** An action whose dependencies are not known yet. */
export type Unlinked = Action extends infer One ? (One extends Action ? Omit<One, 'dependsOn'> : never) : never;

/** What the dependencies of a definition's actions follow from besides the actions. */
export interface LinkInput {
  readonly failures: readonly PlanFailure[];
  /** The versions that bear the plain name. */
  readonly currentVersions: readonly string[];
}

/**
 * The actions, in their order, with what has to be done before each: an image is not touched where it could not be made or failed its
 * verification, nothing is retired without the current image, and nothing is deleted after any failure.
 */
export function linkActions(actions: readonly Unlinked[], input: LinkInput): readonly Action[] {
  return actions.map((action, index) => {
    const before = actions.slice(0, index);
    return {
      ...action,
      dependsOn: [...ofRecord(action, before), ...ofImage(action, before), ...ofUse(action, before, input)],
    };
  });
}

/** Nothing changes its place where its revocation is not on record, or not lifted; and none is lifted from an image that cannot be used. */
function ofRecord(action: Unlinked, before: readonly Unlinked[]): readonly Dependency[] {
  const last = before.findLast(({kind}) => kind === 'revoke' || kind === 'lift');
  const revived = action.kind === 'lift' ? reactivationsOf({image: action.image}, before) : [];
  if (!last || action.kind === 'remove') return revived;
  return [
    ...revived,
    {id: last.id, otherwise: last.kind === 'lift' ? 'the revocation is not lifted' : 'the revocation is not recorded'},
  ];
}

/** The making and the verification of the image that an action works on. */
function ofImage(action: Unlinked, before: readonly Unlinked[]): readonly Dependency[] {
  if (!('target' in action)) return [];
  const {target} = action;
  const verified = before.filter((other) => other.kind === 'verify' && isSame(other.target, target));
  return [
    ...('made' in target ? [{id: target.made, otherwise: 'its image could not be acquired'}] : []),
    ...reactivationsOf(target, before),
    ...verified.map(({id}) => ({id, otherwise: 'its image is not verified'})),
  ];
}

/** Nobody can boot from an image that is still deactivated. */
function reactivationsOf(target: Target, before: readonly Unlinked[]): readonly Dependency[] {
  const found = before.filter((other) => other.kind === 'reactivate' && isSame(other.target, target));
  return found.map(({id}) => ({id, otherwise: 'its image could not be reactivated'}));
}

function isSame(a: Target, b: Target): boolean {
  if ('made' in a) return 'made' in b && a.made === b.made;
  return 'image' in b && a.image.id === b.image.id;
}

/** What users keep until there is something better: images are taken out of use and deleted only after what replaces them. */
function ofUse(action: Unlinked, before: readonly Unlinked[], input: LinkInput): readonly Dependency[] {
  const {failures, currentVersions} = input;
  if (action.kind === 'delete') {
    // Each deletion depends on the one before, so that not every one has to name all actions before that.
    const last = before.findLastIndex(({kind}) => kind === 'delete');
    const since = before.slice(Math.max(0, last)).filter(({kind}) => kind !== 'remove');
    return [...failures, ...since].map(({id}) => ({id, otherwise: 'something of this definition failed'}));
  }
  if (action.kind === 'share') return ofShared(action, before);
  if (action.kind === 'remove' && action.replacedBy !== undefined)
    return [{id: action.replacedBy, otherwise: 'the newer candidate could not be had'}];
  if (!takesOutOfUse(action)) return [];
  const otherwise = 'the current image could not be had, so nothing is retired';
  if (action.kind === 'retire' && action.replacedBy !== undefined) {
    const shared = before.filter((other) => other.kind === 'share' && other.published === action.replacedBy);
    return [
      {id: action.replacedBy, otherwise},
      ...shared.map(({id}) => ({id, otherwise: 'not every member has the current image, so nothing is retired'})),
    ];
  }
  const current = [
    ...failures.filter(({version}) => currentVersions.includes(version)),
    ...before.filter(({kind, summary}) => !LAST.has(kind) && currentVersions.includes(summary.version ?? '')),
  ];
  return current.map(({id}) => ({id, otherwise}));
}

/** Only what is published, and shared by then, has members. */
function ofShared(
  {target, published}: Extract<Unlinked, {kind: 'share'}>,
  before: readonly Unlinked[],
): readonly Dependency[] {
  const updates = before.filter(
    (other) => other.kind === 'update' && 'image' in target && other.image.id === target.image.id,
  );
  return [
    ...(published === undefined ? [] : [{id: published, otherwise: 'its image is not published'}]),
    ...updates.map(({id}) => ({id, otherwise: 'its image is not as the definition says'})),
  ];
}

/** Their failure takes nothing from the current image. */
const LAST: ReadonlySet<ActionKind> = new Set<ActionKind>(['remove', 'delete']);

function takesOutOfUse(action: Unlinked): boolean {
  return (
    action.kind === 'retire' || action.kind === 'hide' || (action.kind === 'deactivate' && 'image' in action.target)
  );
}
