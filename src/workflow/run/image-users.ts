import type {ImageUsers} from '../../core/image/image.ts';
import type {Action} from '../../core/plan/plan.ts';
import {asImgmgrError} from '../../errors.ts';
import type {ImageUse} from '../../ports/server-host.ts';
import type {CloudRun} from '../types.ts';

/**
 * Who would notice: who uses the images that the actions retire, hide, deactivate, rename or show to others than before, and those that are
 * deleted although they are in use; one question for all. Never fails.
 */
export async function imageUsers(
  {ports, options, signal}: CloudRun,
  actions: readonly Action[],
): Promise<readonly ImageUsers[]> {
  const ids = [
    ...new Set(actions.filter((action) => isNoticed(action, options)).flatMap(({summary}) => summary.image ?? [])),
  ];
  if (ids.length === 0) return [];
  try {
    const uses = await ports.servers.imageUses({ids});
    return ids.map((id) => ({image: id, ...usersOf(uses.get(id))}));
  } catch (error) {
    signal.throwIfAborted();
    const unknown = asImgmgrError(error).message;
    return ids.map((image) => ({image, unknown}));
  }
}

function isNoticed({kind, summary}: Action, {policy}: CloudRun['options']): boolean {
  if (kind === 'delete') return policy.deleteInUse;
  return TAKES_OUT_OF_USE.has(kind) || (summary.fieldChanges ?? []).some(({field}) => FOUND_BY.has(field));
}

const TAKES_OUT_OF_USE: ReadonlySet<Action['kind']> = new Set(['retire', 'hide', 'deactivate']);

/** Fields by which users find an image. */
const FOUND_BY: ReadonlySet<string> = new Set(['name', 'visibility', 'os_hidden']);

function usersOf(use: ImageUse | undefined): Omit<ImageUsers, 'image'> {
  switch (use?.kind) {
    case 'used-by':
      return {count: use.count, projects: use.projects};
    case 'unused':
    case 'no-service':
      return {count: 0};
    case 'unknown':
      return {unknown: use.reason};
    case undefined:
      return {unknown: 'the cloud gave no answer for it'};
  }
}
