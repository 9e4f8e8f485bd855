import type {ImageUse, SeenServers, ServerHost, UseQuestion} from '../ports/server-host.ts';
import {ImgmgrError} from '../errors.ts';
import {serversPerImage} from './nova/servers-per-image.ts';
import type {NovaApi} from './nova/api.ts';
import type {Session} from './session.ts';

/** What the host works with; a region is undefined where none is configured. */
export interface ServerHostParts {
  readonly session: Session;
  readonly nova: (region: string | undefined) => NovaApi;
}

type Unknown = Extract<ImageUse, {kind: 'unknown'}>;
type Regions = readonly (string | undefined)[];

/** Nova, in every region that has the same images, behind the `ServerHost` port. */
export class NovaServerHost implements ServerHost {
  readonly #parts: ServerHostParts;
  /** Why some servers may be missing from Nova's lists, asked once; undefined: none is. */
  #gap: Promise<Unknown | undefined> | undefined;

  constructor(parts: ServerHostParts) {
    this.#parts = parts;
  }

  async imageUses({ids, partial = false}: UseQuestion): Promise<ReadonlyMap<string, ImageUse>> {
    if (ids.length === 0) return new Map();
    const regions = await this.#parts.session.computeRegions();
    if (regions.length === 0) return eachOf(ids, () => ({kind: 'no-service'}));
    const gap = await this.#gapOf(regions);
    if (gap && !partial) return eachOf(ids, () => gap);
    try {
      const counts = await this.#count({regions, ids, scope: 'all-projects'});
      return eachOf(ids, (id) => answer(counts.get(id), gap));
    } catch (error) {
      if (!(error instanceof ImgmgrError) || error.code !== 'FORBIDDEN') throw error;
      const unknown = gap ?? this.#mayNotList();
      const counts = partial ? await this.#count({regions, ids, scope: 'own-project'}) : undefined;
      return eachOf(ids, (id) => withSeen(unknown, counts?.get(id)));
    }
  }

  async #count(asked: {
    readonly regions: Regions;
    readonly ids: readonly string[];
    readonly scope: SeenServers['scope'];
  }): Promise<ReadonlyMap<string, SeenServers>> {
    const {regions, ids, scope} = asked;
    const apis = regions.map((region) => this.#parts.nova(region));
    const counts = await serversPerImage(apis, {ids, allProjects: scope === 'all-projects'});
    return new Map([...counts].map(([id, count]) => [id, {...count, scope}]));
  }

  #mayNotList(): Unknown {
    return {
      kind: 'unknown',
      reason: `${this.#parts.session.cloud.name} does not let us list the servers of all projects`,
      hint: 'use an account that may (usually the role admin)',
    };
  }

  /** The same answer for the whole run; a service that failed to answer is asked again for the next image. */
  async #gapOf(regions: Regions): Promise<Unknown | undefined> {
    this.#gap ??= this.#findGap(regions);
    try {
      return await this.#gap;
    } catch (error) {
      this.#gap = undefined;
      throw error;
    }
  }

  /** Nova leaves servers of cells that do not answer out of its lists without a word; only the list of its services shows them. */
  async #findGap(regions: Regions): Promise<Unknown | undefined> {
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
        hint: 'use an account that may (policy os_compute_api:os-services:list, usually the role admin)',
      };
    if (hosts === 'too-old')
      return {
        kind: 'unknown',
        reason: `the Nova of ${where} is older than 2.69 (Stein) and does not say which cells do not answer`,
        hint: 'make sure by other means that every cell answers and no server uses it',
      };
    if (hosts.length === 0) return undefined;
    return {
      kind: 'unknown',
      reason: `a cell of ${where} does not answer, so its servers are missing from Nova's list: ${hosts.slice(0, 5).join(', ')}`,
      hint: 'run again when "openstack --os-compute-api-version 2.69 compute service list" shows no UNKNOWN',
    };
  }
}

function eachOf(ids: readonly string[], use: (id: string) => ImageUse): ReadonlyMap<string, ImageUse> {
  return new Map(ids.map((id) => [id, use(id)]));
}

function answer(seen: SeenServers | undefined, gap: Unknown | undefined): ImageUse {
  if (gap) return withSeen(gap, seen);
  if (!seen || seen.count === 0) return {kind: 'unused'};
  const {count, projects, servers} = seen;
  return {kind: 'used-by', count, projects, servers};
}

function withSeen(unknown: Unknown, seen: SeenServers | undefined): Unknown {
  return seen ? {...unknown, seen} : unknown;
}
