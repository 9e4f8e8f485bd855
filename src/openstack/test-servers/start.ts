import {randomUUID} from 'node:crypto';
import type {ServerInterface, ServerRequest, TestServer} from '../../ports/test-server-host.ts';
import {wordsOf} from '../answers.ts';
import {ImgmgrError} from '../../errors.ts';
import type {Labels} from '../neutron/api.ts';
import type {Port} from '../neutron/schema.ts';
import {openEgress} from './egress.ts';
import {poll, requireGoing} from './pace.ts';
import {removeMade} from './remove.ts';
import type {Made, RemovalParts} from './remove.ts';
import {createSurely, withCleanup} from './create-surely.ts';
import {NAME_PREFIX, stampDescription, stampMetadata} from './stamp-text.ts';

/** What {@link startServer} works with; `projectId` is ours. */
export interface StartParts extends RemovalParts {
  readonly projectId: string;
  /** Has the cloud block storage? */
  readonly hasVolumes: () => Promise<boolean>;
}

const GIB = 2 ** 30;
/** Nova's schema, base64. https://opendev.org/openstack/nova/src/branch/stable/zed/nova/api/openstack/compute/schemas/servers.py */
const MOST_USER_DATA = 65_535;
const VOLUME_MS = 20 * 60_000;

/**
 * Port, volume where it is asked for, the flavor has no disk or Nova boots from volumes only, server: each with the stamp in its create
 * call, so that a crash at any moment leaves nothing that nobody knows. What was made before a failure or an interruption is removed
 * again. `sshKey` is left to user-data: Nova hands out keys by keypairs only, which belong to users and carry no stamp.
 */
export async function startServer(parts: StartParts, request: ServerRequest): Promise<TestServer> {
  const made: {-readonly [Key in keyof Made]: Made[Key]} = {};
  // Several servers of one run may start at the same time; the name shows what belongs to which.
  const label = `${NAME_PREFIX}${request.stamp.run}-${randomUUID().slice(0, 8)}`;
  const labels = {name: label, description: stampDescription(request.stamp)};
  const {signal} = request;
  try {
    requireGoing(signal);
    const port = await makePort(parts, request, labels);
    made.port = port.id;
    requireGoing(signal);
    const group = await openEgress(parts, {port, labels});
    if (group !== undefined) made.securityGroup = group;
    const interfaces = [interfaceOf(port)];
    const userData = encoded(request.userData(interfaces));
    requireGoing(signal);
    const bringVolume = async (): Promise<void> => {
      made.volume = await makeVolume(parts, request, label);
      await untilAvailable(parts, made.volume, signal);
      requireGoing(signal);
    };
    if (request.place.flavor.diskGib === 0 || request.place.root === 'volume') await bringVolume();
    const order = {port: port.id, userData};
    let id: string;
    try {
      id = await makeServer(parts, request, {...order, volume: made.volume});
    } catch (error) {
      if (made.volume !== undefined || !asksForVolume(error)) throw error;
      if (!(await parts.hasVolumes())) throw noVolumes(error);
      await bringVolume();
      id = await makeServer(parts, request, {...order, volume: made.volume});
    }
    made.server = id;
    requireGoing(signal);
    return {id, name: request.name, interfaces, ...besides(made)};
  } catch (error) {
    throw await withCleanup(error, removeMade(parts, made));
  }
}

/**
 * Nova lets this flavor boot from volumes only: its own words, or those of a policy of that name (403), or it allows no disk on its
 * hosts at all (`max_local_block_devices = 0`, 400).
 * https://opendev.org/openstack/nova/src/branch/stable/zed/nova/compute/api.py (_validate_bdm)
 */
function asksForVolume(error: unknown): error is ImgmgrError {
  if (!(error instanceof ImgmgrError)) return false;
  // Only its message distinguishes this refusal from others.
  const words = wordsOf(error);
  return (
    (error.code === 'FORBIDDEN' && /only volume-backed servers|zero_disk_flavor/i.test(words)) ||
    (error.code === 'CLOUD_REFUSED' && /more local devices than the limit/i.test(words))
  );
}

/** Nova's refusal, and why no second try can mend it. */
function noVolumes(refusal: ImgmgrError): ImgmgrError {
  return new ImgmgrError(
    'UNSUPPORTED',
    `${refusal.message}; the cloud has no block-storage service to make a volume in`,
    {
      ...(refusal.place !== undefined && {place: refusal.place}),
      hint: 'ask the operator to allow servers that boot from an image, or boot in another cloud with --verify-cloud',
      cause: refusal,
    },
  );
}

function besides({port, volume, securityGroup}: Made): Omit<Made, 'server'> {
  return {
    ...(port !== undefined && {port}),
    ...(volume !== undefined && {volume}),
    ...(securityGroup !== undefined && {securityGroup}),
  };
}

async function makePort({neutron, projectId, pace}: StartParts, {place}: ServerRequest, labels: Labels): Promise<Port> {
  return createSurely(neutron.createPort(place.network.id, labels), pace, async () => {
    const [port] = await neutron.ports(projectId, labels.name);
    return port;
  });
}

async function makeVolume(parts: StartParts, {image, place, stamp}: ServerRequest, name: string): Promise<string> {
  const {cinder, pace} = parts;
  const metadata = stampMetadata(stamp);
  const sizeGib = Math.ceil(place.diskBytes / GIB);
  return createSurely(
    cinder.create({name, from: {image: image.id, sizeGib}, metadata}),
    pace,
    async () => (await cinder.volumes()).find((volume) => volume.name === name)?.id,
  );
}

async function makeServer(
  {nova, pace}: StartParts,
  request: ServerRequest,
  {port, userData, volume}: {readonly port: string; readonly userData: string; readonly volume: string | undefined},
): Promise<string> {
  const {name, stamp, image, place, datasource} = request;
  const creation = nova.create({
    name,
    flavor: place.flavor.id,
    port,
    root: volume === undefined ? {image: image.id} : {volume},
    metadata: {...stampMetadata(stamp), imgmgr_port: port},
    userData,
    configDrive: datasource === 'config-drive',
  });
  return createSurely(
    creation,
    pace,
    async () => (await nova.ownServers(NAME_PREFIX)).find(({metadata}) => metadata['imgmgr_port'] === port)?.id,
  );
}

async function untilAvailable({cinder, pace}: StartParts, id: string, signal: AbortSignal): Promise<void> {
  const ready = await poll({pace, forMs: VOLUME_MS, signal}, async () => {
    const volume = await cinder.volume(id);
    if (volume === undefined) throw volumeFailed(`volume ${id} vanished while it was made`);
    if (volume.status.startsWith('error')) throw volumeFailed(`volume ${id} could not be made from the image`);
    return volume.status === 'available' ? true : undefined;
  });
  if (ready === undefined)
    throw new ImgmgrError('TIMEOUT', `volume ${id} was not made from the image within ${VOLUME_MS / 60_000} min`, {
      hint: 'name a flavor with a disk with --flavor',
    });
}

function volumeFailed(message: string): ImgmgrError {
  return new ImgmgrError('CLOUD_REFUSED', message, {
    hint: 'its reason stands in the log of the block storage; or name a flavor with a disk with --flavor',
  });
}

// Nova's own refusal would quote the user data, and with it the token.
function encoded(userData: string): string {
  const text = Buffer.from(userData).toString('base64');
  if (text.length <= MOST_USER_DATA) return text;
  throw new ImgmgrError(
    'UNSUPPORTED',
    `the user data have ${text.length} characters as base64, Nova takes ${MOST_USER_DATA}`,
    {
      hint: 'shorten what goes into it: the ready command, the properties of the image',
    },
  );
}

function interfaceOf({mac_address: mac, fixed_ips}: Port): ServerInterface {
  return {mac, addresses: fixed_ips.map(({ip_address: ip}) => ip)};
}
