import type {ImageUse, ServerHost} from '../ports/server-host.ts';
import {ImgmgrError} from '../errors.ts';
import type {NovaApi} from './nova/api.ts';
import type {Session} from './session.ts';

/** What the host works with; a region is undefined where none is configured. */
export interface ServerHostParts {
  readonly session: Session;
  readonly nova: (region: string | undefined) => NovaApi;
}

type Unknown = Extract<ImageUse, {kind: 'unknown'}>;

const DELETE_ANYWAY = 'or delete it all the same with --delete-in-use';

/** Nova, in every region that has the same images, behind the `ServerHost` port. */
export class NovaServerHost implements ServerHost {
  readonly #parts: ServerHostParts;
  /** Why some servers may be missing from Nova's lists, asked once; undefined: none is. */
  #gap: Promise<Unknown | undefined> | undefined;

  constructor(parts: ServerHostParts) {
    this.#parts = parts;
  }

  async imageUse(imageId: string): Promise<ImageUse> {
    const {session, nova} = this.#parts;
    const regions = await session.computeRegions();
    if (regions.length === 0) return {kind: 'no-service'};
    const gap = await this.#gapOf(regions);
    if (gap) return gap;
    try {
      const lists = await Promise.all(regions.map((region) => nova(region).serversOfImage(imageId)));
      const servers = lists.flat();
      return servers.length === 0 ? {kind: 'unused'} : {kind: 'used-by', servers};
    } catch (error) {
      if (!(error instanceof ImgmgrError) || error.code !== 'FORBIDDEN') throw error;
      return {
        kind: 'unknown',
        reason: `${session.cloud.name} does not let us list the servers of all projects`,
        hint: `use an account that may (usually the role admin), hide it with --hide, ${DELETE_ANYWAY}`,
      };
    }
  }

  /** The same answer for the whole run; a service that failed to answer is asked again for the next image. */
  async #gapOf(regions: readonly (string | undefined)[]): Promise<Unknown | undefined> {
    this.#gap ??= this.#findGap(regions);
    try {
      return await this.#gap;
    } catch (error) {
      this.#gap = undefined;
      throw error;
    }
  }

  /** Nova leaves servers of cells that do not answer out of its lists without a word; only the list of its services shows them. */
  async #findGap(regions: readonly (string | undefined)[]): Promise<Unknown | undefined> {
    const found = await Promise.all(regions.map((region) => this.#gapIn(region)));
    return found.find((gap) => gap !== undefined);
  }

  async #gapIn(region: string | undefined): Promise<Unknown | undefined> {
    const {session, nova} = this.#parts;
    const where = `${session.cloud.name}${region === undefined ? '' : `, region ${region}`}`;
    const hosts = await nova(region).silentHosts();
    if (hosts === 'forbidden')
      return {
        kind: 'unknown',
        reason: `${where} does not let us list its compute services, so servers of cells that do not answer could be missing`,
        hint: `use an account that may (policy os_compute_api:os-services:list, usually the role admin), hide it with --hide, ${DELETE_ANYWAY}`,
      };
    if (hosts === 'too-old')
      return {
        kind: 'unknown',
        reason: `the Nova of ${where} is older than 2.69 (Stein) and does not say which cells do not answer`,
        hint: `make sure that no server uses it, then delete it with --delete-in-use, or hide it with --hide`,
      };
    if (hosts.length === 0) return undefined;
    return {
      kind: 'unknown',
      reason: `a cell of ${where} does not answer, so its servers are missing from Nova's list: ${hosts.slice(0, 5).join(', ')}`,
      hint: `run again when "openstack --os-compute-api-version 2.69 compute service list" shows no UNKNOWN, ${DELETE_ANYWAY}`,
    };
  }
}
