import type {ServerLeftover} from '../../ports/test-server-host.ts';
import {allowed} from '../answers.ts';
import type {CinderApi} from '../cinder/api.ts';
import type {NeutronApi} from '../neutron/api.ts';
import type {NovaApi} from '../nova/api.ts';
import {NAME_PREFIX, stampOfDescription, stampOfMetadata} from './stamp-text.ts';

/** Where is looked; `cinder` is absent where the cloud has no block storage. */
export interface LeftoverServices {
  readonly projectId: string;
  readonly nova: NovaApi;
  readonly neutron: NeutronApi;
  readonly cinder?: CinderApi;
}

/**
 * Everything of the project with a name and a complete stamp of ours, in the order in which it has to go. An admin's listings of ports
 * and groups go over all projects, so they are limited to ours, and looked at once more here.
 */
export async function findLeftovers({projectId, nova, neutron, cinder}: LeftoverServices): Promise<ServerLeftover[]> {
  const [servers, ports, volumes, groups] = await Promise.all([
    nova.ownServers(NAME_PREFIX),
    neutron.ports(projectId),
    cinder === undefined ? [] : allowed(cinder.volumes()),
    neutron.groups(projectId),
  ]);
  const isOurs = (thing: {readonly name: string; readonly project_id: string}): boolean =>
    thing.project_id === projectId && thing.name.startsWith(NAME_PREFIX);
  return [
    ...servers
      .filter(({name, tenant_id}) => isOurs({name, project_id: tenant_id}))
      .flatMap(({id, name, metadata}) => stamped({kind: 'server', id, name}, stampOfMetadata(metadata))),
    ...ports
      .filter(isOurs)
      .flatMap(({id, name, description}) => stamped({kind: 'port', id, name}, stampOfDescription(description))),
    ...(volumes ?? [])
      .filter(({name}) => name?.startsWith(NAME_PREFIX) === true)
      .flatMap(({id, name, metadata}) => stamped({kind: 'volume', id, name: name ?? ''}, stampOfMetadata(metadata))),
    ...groups
      .filter(isOurs)
      .flatMap(({id, name, description}) =>
        stamped({kind: 'security-group', id, name}, stampOfDescription(description)),
      ),
  ];
}

function stamped(thing: Omit<ServerLeftover, 'stamp'>, stamp: ServerLeftover['stamp'] | undefined): ServerLeftover[] {
  return stamp === undefined ? [] : [{...thing, stamp}];
}
