import type {ImageUse, ServerHost} from '../cloud/server-host.ts';
import {ImgmgrError} from '../errors.ts';
import type {NovaApi} from './nova/api.ts';
import type {Session} from './session.ts';

/** Nova behind the `ServerHost` port. */
export class NovaServerHost implements ServerHost {
  readonly #parts: {readonly session: Session; readonly nova: NovaApi};

  constructor(parts: {readonly session: Session; readonly nova: NovaApi}) {
    this.#parts = parts;
  }

  async imageUse(imageId: string): Promise<ImageUse> {
    const {session, nova} = this.#parts;
    if (!(await session.has('compute'))) return {kind: 'no-service'};
    try {
      const servers = await nova.serversOfImage(imageId);
      return servers.length === 0 ? {kind: 'unused'} : {kind: 'used-by', servers};
    } catch (error) {
      if (!(error instanceof ImgmgrError) || error.code !== 'FORBIDDEN') throw error;
      return {kind: 'unknown', reason: `${session.cloud.name} does not let us list the servers of all projects`};
    }
  }
}
