import {randomUUID} from 'node:crypto';
import type {FakeCompute, FakeFlavor, FakeServer} from '../compute-state.ts';
import {asRecord, Refusal} from '../exchange.ts';
import type {FakeRequest, Reply} from '../exchange.ts';
import {isVisibleTo} from '../glance/image-table.ts';
import type {ImageTable} from '../glance/image-table.ts';
import type {FakeAccount} from '../keystone.ts';

const GIB = 2 ** 30;

/**
 * `POST /servers`: schema, policy, flavor, image, quota, port, in Nova's order and words.
 * https://opendev.org/openstack/nova/src/branch/stable/zed/nova/api/openstack/compute/servers.py (create)
 */
export async function createServer(
  {compute, images}: {compute: FakeCompute; images: ImageTable},
  request: FakeRequest,
  caller: FakeAccount,
): Promise<Reply> {
  const body = asRecord(asRecord(await request.json())?.['server']) ?? {};
  const metadata = textsOf(body['metadata']);
  const userData = typeof body['user_data'] === 'string' ? body['user_data'] : '';
  checkLength('user_data', userData, 65_535);
  for (const [key, value] of Object.entries(metadata)) checkLength(key, value, 255);
  if (compute.forbidden.includes('servers'))
    throw new Refusal(403, "Policy doesn't allow os_compute_api:servers:create to be performed.");
  const flavor = compute.flavors.find(({id}) => id === body['flavorRef']);
  if (flavor === undefined) throw new Refusal(400, `Flavor ${String(body['flavorRef'])} could not be found.`);
  const mapping = asRecord((body['block_device_mapping_v2'] as unknown[] | undefined)?.[0]);
  const imageId = typeof body['imageRef'] === 'string' ? body['imageRef'] : undefined;
  if (imageId !== undefined && compute.volumesOnly !== undefined) throw VOLUMES_ONLY[compute.volumesOnly]();
  if (imageId !== undefined) checkImage({images, imageId, flavor, caller});
  const volume = compute.volumes.find(({id}) => id === mapping?.['uuid']);
  if (mapping !== undefined && volume?.status !== 'available')
    throw new Refusal(400, 'Block Device Mapping is Invalid: failed to get volume.');
  const own = compute.servers.filter(({projectId}) => projectId === caller.projectId).length;
  if (own >= compute.instanceQuota)
    throw new Refusal(
      403,
      `Quota exceeded for instances: Requested 1, but already used ${own} of ${compute.instanceQuota} instances`,
    );
  const portId = asRecord((body['networks'] as unknown[] | undefined)?.[0])?.['port'];
  const port = compute.ports.find(({id}) => id === portId);
  if (port === undefined) throw new Refusal(400, `Port ${String(portId)} could not be found.`);
  if (port.device !== undefined) throw new Refusal(409, `Port ${port.id} is still in use.`);
  const server: FakeServer = {
    id: randomUUID(),
    name: String(body['name']),
    projectId: caller.projectId,
    ...(imageId !== undefined && {imageId}),
    metadata,
    userData,
    configDrive: body['config_drive'] === true,
    portId: port.id,
    ...(volume !== undefined && {volumeId: volume.id}),
    requestId: request.requestId,
    status: 'BUILD',
    taskState: 'scheduling',
    life: compute.life,
    looksLeft: compute.life.buildLooks ?? 1,
  };
  port.device = server.id;
  if (volume !== undefined) volume.status = 'in-use';
  compute.servers.push(server);
  compute.onServer?.(server);
  return {status: 202, json: {server: {id: server.id, adminPass: 'made-up', links: []}}};
}

const ZERO_DISK = 'Only volume-backed servers are allowed for flavors with zero disk.';

/** https://opendev.org/openstack/nova/src/branch/stable/zed/nova/exception.py (InvalidBDMLocalsLimit) */
const VOLUMES_ONLY = {
  flavor: () => new Refusal(403, ZERO_DISK),
  policy: () =>
    new Refusal(403, "Policy doesn't allow os_compute_api:servers:create:zero_disk_flavor to be performed."),
  'local-devices': () =>
    new Refusal(400, 'Block Device Mapping is Invalid: You specified more local devices than the limit allows'),
} as const;

function checkImage(given: {images: ImageTable; imageId: string; flavor: FakeFlavor; caller: FakeAccount}): void {
  const {images, imageId, flavor, caller} = given;
  const image = images.find(imageId);
  if (image === undefined || !isVisibleTo(image, caller)) throw new Refusal(400, 'Can not find requested image');
  if (image.status !== 'active') throw new Refusal(400, `Image ${imageId} is not active.`);
  if (flavor.disk === 0) throw new Refusal(403, ZERO_DISK);
  if (flavor.ram < image.min_ram) throw new Refusal(400, "Flavor's memory is too small for requested image.");
  const needed = Math.max(image.min_disk * GIB, image.virtual_size ?? 0);
  if (flavor.disk * GIB < needed)
    throw new Refusal(
      400,
      `Flavor's disk is too small for requested image. Flavor disk is ${flavor.disk * GIB} bytes, image is ${needed} bytes.`,
    );
}

function checkLength(field: string, value: string, most: number): void {
  if (value.length > most)
    throw new Refusal(400, `Invalid input for field/attribute ${field}. Value: ${value}. '${value}' is too long`);
}

function textsOf(value: unknown): Record<string, string> {
  return Object.fromEntries(Object.entries(asRecord(value) ?? {}).map(([key, text]) => [key, String(text)]));
}
