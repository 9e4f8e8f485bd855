import type {ImageUsers} from '../../core/image/image.ts';
import type {Action} from '../../core/plan/plan.ts';
import {asImgmgrError} from '../../errors.ts';
import type {ImageUse} from '../../ports/server-host.ts';
import type {CloudRun} from '../types.ts';

/** Who uses the images that the actions retire or hide, and those that are deleted although they are in use; one question for all. Never fails. */
export async function imageUsers(
  {ports, options, signal}: CloudRun,
  actions: readonly Action[],
): Promise<readonly ImageUsers[]> {
  const ids = actions.flatMap((action) => {
    const isAsked = action.kind === 'retire' || action.kind === 'hide';
    return isAsked || (action.kind === 'delete' && options.policy.deleteInUse) ? [action.image.id] : [];
  });
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
