import type {ImageUse, ServerHost} from '../../src/ports/server-host.ts';

/** The port of servers in memory: one server of project `p` runs on each image of the set, and no other server exists. */
export function imageServers(used: ReadonlySet<string> = new Set()): ServerHost {
  const useOf = (id: string): ImageUse =>
    used.has(id)
      ? {
          kind: 'used-by',
          count: 1,
          projects: [{projectId: 'p', count: 1}],
          servers: [{id: 's1', name: 'vm', projectId: 'p'}],
        }
      : {kind: 'unused'};
  return {imageUses: ({ids}) => Promise.resolve(new Map(ids.map((id) => [id, useOf(id)])))};
}
