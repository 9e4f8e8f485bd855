import type {ServerCount, ServerUse} from '../../ports/server-host.ts';
import type {NovaApi} from './api.ts';
import type {ListedServer} from './schema.ts';

/** How many servers of an image are named. */
const NAMED = 5;
/** Pages of the list of all servers at most: beyond them a call per image costs Nova less. */
const MOST_PAGES = 5;

type Lists = Pick<NovaApi, 'servers'>;

/** Which servers count. */
export interface CountedServers {
  readonly ids: readonly string[];
  /** False: those of our own project alone. */
  readonly allProjects: boolean;
}

/**
 * The servers of each image in all these regions; every id is in the answer. One image is one filtered list; several are one list of all
 * servers, where its pages are fewer than the images, else one filtered list each. Throws FORBIDDEN where policy refuses the list.
 */
export async function serversPerImage(
  regions: readonly Lists[],
  {ids, allProjects}: CountedServers,
): Promise<ReadonlyMap<string, ServerCount>> {
  const found = await Promise.all(regions.map((nova) => serversIn(nova, {ids, allProjects})));
  return new Map(ids.map((id) => [id, counted(found.flatMap((servers) => servers.get(id) ?? []))]));
}

/** A filtered list is believed as it stands, whatever image its servers name. */
async function serversIn(
  nova: Lists,
  {ids, allProjects}: CountedServers,
): Promise<ReadonlyMap<string, readonly ListedServer[]>> {
  const pages = Math.min(ids.length - 1, MOST_PAGES);
  const all = pages > 0 ? await nova.servers({allProjects, pages}) : undefined;
  if (all) return Map.groupBy(all, ({image}) => image);
  const lists = new Map<string, readonly ListedServer[]>();
  for (const image of ids) lists.set(image, (await nova.servers({allProjects, image})) ?? []);
  return lists;
}

/** A server that two lists have counts once. */
function counted(listed: readonly ListedServer[]): ServerCount {
  const servers = [...new Map(listed.map((server) => [server.id, server])).values()];
  const byProject = new Map<string, number>();
  for (const {tenant_id} of servers) byProject.set(tenant_id, (byProject.get(tenant_id) ?? 0) + 1);
  const projects = [...byProject].map(([projectId, count]) => ({projectId, count})).sort((a, b) => b.count - a.count);
  return {count: servers.length, projects, servers: servers.slice(0, NAMED).map(named)};
}

function named({id, name, tenant_id}: ListedServer): ServerUse {
  return {id, name, projectId: tenant_id};
}
