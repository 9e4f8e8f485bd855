import type {Exec} from '../exec.ts';
import type {LockRequest} from './host-lock.ts';
import {takeHostLock} from './host-lock.ts';
import type {Swept} from './sweep.ts';
import {clearBuild, sweepBuilds} from './sweep.ts';
import type {WorkFolder} from './work-folder.ts';
import {makeWorkFolder} from './work-folder.ts';

/** What a build takes place in. */
export interface BuildRequest {
  readonly exec: Exec;
  /** Where work folders are made. */
  readonly root: string;
  readonly lock: LockRequest;
  /** Is called for folders that could not be removed: those of dead builds, and the own one at the end. */
  readonly left?: (left: Swept['left']) => void;
}

/**
 * Runs the work in a folder of its own, as the only build of this host, after removing what dead builds left; whatever the work ends with,
 * nothing of the folder is left then. LOCKED while another build goes on.
 */
export async function inWorkFolder<T>(place: BuildRequest, work: (folder: WorkFolder) => Promise<T>): Promise<T> {
  const {exec, root, lock: request, left} = place;
  const lock = await takeHostLock(request);
  try {
    const swept = await sweepBuilds(exec, root);
    if (swept.left.length > 0) left?.(swept.left);
    const folder = await makeWorkFolder(root, request.definition);
    try {
      return await work(folder);
    } finally {
      folder.leave();
      const reason = await clearBuild(exec, folder.path);
      if (reason !== undefined) left?.([{folder: folder.path, reason}]);
    }
  } finally {
    await lock.release();
  }
}
