import type {FakeCompute, FakeServer} from '../compute-state.ts';
import {asRecord, Refusal} from '../exchange.ts';
import type {FakeRequest, Reply} from '../exchange.ts';
import type {FakeAccount} from '../keystone.ts';
import type {NovaContext} from '../nova.ts';

/** `GET` and `DELETE /servers/{id}`, its actions and its console. */
export async function serverCall(
  {compute, makeImage}: Pick<NovaContext, 'compute' | 'makeImage'>,
  request: FakeRequest,
  caller: FakeAccount,
  [id, what]: readonly [id: string, what: string | undefined],
): Promise<Reply> {
  const server = compute.servers.find((each) => each.id === id);
  if (server === undefined || (server.projectId !== caller.projectId && !caller.roles.includes('admin')))
    throw new Refusal(404, `Instance ${id} could not be found.`);
  switch (`${request.method} ${what ?? ''}`) {
    case 'GET ':
      return look(compute, server);
    case 'DELETE ':
      if (server.life?.softDelete === true) server.status = 'SOFT_DELETED';
      else beginDelete(server);
      return {status: 204};
    case 'GET os-volume_attachments':
      return {
        status: 200,
        json: {
          volumeAttachments: server.volumeId === undefined ? [] : [{volumeId: server.volumeId, device: '/dev/vda'}],
        },
      };
    case 'GET os-instance-actions':
      return {
        status: 200,
        json: {instanceActions: [{action: 'create', request_id: server.requestId ?? 'req-unknown'}]},
      };
    case 'POST action': {
      const action = asRecord(await request.json()) ?? {};
      if ('forceDelete' in action) {
        beginDelete(server);
        return {status: 202};
      }
      if ('os-getConsoleOutput' in action) return consoleOf(server);
      if ('createImage' in action)
        return createImage({compute, makeImage}, {server, caller, wanted: asRecord(action['createImage'])});
      throw new Refusal(400, 'There is no such action');
    }
    default:
      throw new Refusal(404, 'The resource could not be found.');
  }
}

/** A server as Nova tells it. */
export function describeServer(server: FakeServer): object {
  return {
    id: server.id,
    name: server.name,
    status: server.status ?? 'ACTIVE',
    tenant_id: server.projectId,
    image: server.imageId === undefined ? '' : {id: server.imageId, links: []},
    metadata: server.metadata ?? {},
    'OS-EXT-STS:task_state': server.taskState ?? null,
    ...(server.fault !== undefined && {fault: {...server.fault, created: '2026-01-01T00:00:00Z'}}),
  };
}

function look(compute: FakeCompute, server: FakeServer): Reply {
  const json = {server: describeServer(server)};
  if (server.looksLeft === undefined || server.looksLeft <= 0) return {status: 200, json};
  server.looksLeft -= 1;
  if (server.looksLeft > 0) return {status: 200, json};
  if (server.taskState === 'deleting') vanish(compute, server);
  else if (server.status === 'BUILD') {
    const fault = server.life?.fault;
    server.status = fault === undefined ? 'ACTIVE' : 'ERROR';
    server.taskState = null;
    if (fault !== undefined) server.fault = {message: fault, code: 500};
  }
  return {status: 200, json};
}

function beginDelete(server: FakeServer): void {
  server.status = server.status === 'SOFT_DELETED' ? 'ACTIVE' : (server.status ?? 'ACTIVE');
  server.taskState = 'deleting';
  server.looksLeft = server.life?.deleteLooks ?? 1;
}

// A port that was there before the server is let go of, not deleted; so is a volume that is to outlive it.
function vanish(compute: FakeCompute, server: FakeServer): void {
  compute.servers.splice(compute.servers.indexOf(server), 1);
  const port = compute.ports.find(({device}) => device === server.id);
  if (port !== undefined) delete port.device;
  const volume = compute.volumes.find(({id}) => id === server.volumeId);
  if (volume !== undefined) volume.status = 'available';
}

function consoleOf(server: FakeServer): Reply {
  const text = server.life?.console === undefined ? '' : server.life.console;
  if (typeof text === 'number') throw new Refusal(text, 'The console is not available.');
  return {status: 200, json: {output: text}};
}

/** Since 2.45 with the id of the image, which inherits the properties of the one that the server was booted from. */
function createImage(
  {compute, makeImage}: Pick<NovaContext, 'compute' | 'makeImage'>,
  {
    server,
    caller,
    wanted,
  }: {readonly server: FakeServer; readonly caller: FakeAccount; readonly wanted: object | undefined},
): Reply {
  if (compute.forbidden.includes('images-of-servers'))
    throw new Refusal(403, "Policy doesn't allow os_compute_api:servers:create_image to be performed.");
  const {name, metadata} = wanted as {name: string; metadata?: Readonly<Record<string, string>>};
  server.taskState = 'image_snapshot';
  const inherited = {
    imgmgr_definition: 'base',
    imgmgr_state: 'current',
    imgmgr_run: 'old',
    base_image_ref: server.imageId ?? '',
  };
  const id = makeImage({
    name,
    format: 'raw',
    owner: caller.projectId,
    properties: {...inherited, image_type: 'snapshot', instance_uuid: server.id, ...metadata},
    bytes: compute.diskBytes,
    takesMs: compute.diskMs,
    done: () => (server.taskState = null),
  });
  return {status: 202, json: {image_id: id}};
}
