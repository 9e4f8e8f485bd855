import type {PlannedAction} from '../../core/events.ts';
import type {ImageUsers} from '../../core/image/image.ts';

/** Who notices that an action is done, one clause; null: nobody outside of the project. `users`: of the image, where they were asked for. */
export function noticedBy(action: PlannedAction, users: ImageUsers | undefined): string | null {
  const {kind, name, newName, fieldChanges = []} = action;
  switch (kind) {
    case 'publish':
      return `whoever looks for "${newName ?? name ?? action.definition}" finds this image`;
    case 'retire':
    case 'hide':
      return `whoever looks for "${name ?? action.definition}" finds this image no more by that name${serversText(users)}`;
    case 'deactivate':
      return `nobody can boot or rebuild from it${serversText(users)}`;
    case 'delete':
      return `it is gone for everybody${serversText(users)}`;
    case 'reactivate':
      return 'it can be booted again';
    case 'share':
      return 'the projects that it is shared with, or no longer';
    case 'update':
      return fieldChanges.length > 0 ? 'whoever reads its properties' : null;
    case 'remove':
    case 'acquire':
    case 'resume':
    case 'verify':
    case 'revoke':
    case 'lift':
    case 'adopt':
    case 'copy':
      return null;
  }
}

function serversText(users: ImageUsers | undefined): string {
  if (users?.unknown !== undefined) return '; whether servers run on it is not known';
  const {count = 0, projects = []} = users ?? {};
  if (count === 0) return '';
  return `; ${count} ${count === 1 ? 'server runs' : 'servers run'} on it, of ${projects.length} ${projects.length === 1 ? 'project' : 'projects'}`;
}
