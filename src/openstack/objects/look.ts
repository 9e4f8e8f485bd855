import type {ComputeObject, ObjectFacts} from '../../ports/cloud-object.ts';
import {ImgmgrError} from '../../errors.ts';
import type {CinderApi} from '../cinder/api.ts';
import type {Volume} from '../cinder/schema.ts';
import type {NovaApi} from '../nova/api.ts';
import type {NovaServer} from '../nova/schema.ts';

/** What objects are looked up with. */
export interface LookParts {
  readonly projectId: string;
  readonly nova: NovaApi;
  readonly cinder: CinderApi;
  /** CONFIG where the cloud has no block storage. */
  readonly requireCinder: () => Promise<unknown>;
}

/** How an object becomes an image: Cinder uploads the volume, or that of a snapshot, which is taken first where it is in use; or Nova copies the disk. */
export type Way =
  | {readonly kind: 'upload'; readonly volume: string}
  | {readonly kind: 'snapshot'; readonly snapshot: string}
  | {readonly kind: 'snapshot-first'; readonly volume: string}
  | {readonly kind: 'server'; readonly server: string};

/** An object that can become an image. */
export type FoundObject = ObjectFacts & {readonly way: Way};

const GIB = 1024 ** 3;

/** Looks at the object; SOURCE_REFUSED with fact, reason and remedy where it cannot become an image as it is. */
export async function lookAtObject(
  object: ComputeObject,
  parts: LookParts,
  allowRunning: boolean,
): Promise<FoundObject> {
  switch (object.kind) {
    case 'volume':
      await parts.requireCinder();
      return lookAtVolume(object.id, parts, allowRunning);
    case 'volume-snapshot':
      await parts.requireCinder();
      return lookAtSnapshot(object.id, parts);
    case 'server':
      return lookAtServer(object.id, parts, allowRunning);
  }
}

async function lookAtVolume(id: string, parts: LookParts, allowRunning: boolean): Promise<FoundObject> {
  const volume = await parts.cinder.volume(id);
  if (!volume) throw absent(`volume ${id}`);
  requireOwn(`volume ${id}`, volume['os-vol-tenant-attr:tenant_id'], parts);
  requirePlain(volume);
  const facts = {...nameOf(volume), bytes: volume.size * GIB};
  if (volume.status === 'available') return {...facts, way: {kind: 'upload', volume: id}};
  if (volume.status !== 'in-use')
    throw refused(
      `volume ${id} is ${volume.status}, not available`,
      'wait until it is, and see: openstack volume show',
    );
  if (allowRunning) return {...facts, way: {kind: 'snapshot-first', volume: id}};
  const users = volume.attachments.flatMap(({server_id}) => server_id ?? []).map((server) => `server ${server}`);
  throw refused(
    `volume ${id} is in use by ${users.join(', ') || 'somebody who is not named'}, so what is on it may change while it is read`,
    `detach it, import a snapshot of it (volume-snapshot:ID), or take it as after a power cut with --allow-running`,
  );
}

async function lookAtSnapshot(id: string, parts: LookParts): Promise<FoundObject> {
  const snapshot = await parts.cinder.snapshot(id);
  if (!snapshot) throw absent(`volume snapshot ${id}`);
  requireOwn(`volume snapshot ${id}`, snapshot['os-extended-snapshot-attributes:project_id'], parts);
  if (snapshot.status !== 'available')
    throw refused(
      `volume snapshot ${id} is ${snapshot.status}, not available`,
      'wait until it is, or take another one',
    );
  const volume = await parts.cinder.volume(snapshot.volume_id);
  if (volume) requirePlain(volume);
  const changedAt = new Date(`${snapshot.created_at ?? ''}Z`);
  return {
    ...nameOf(snapshot),
    bytes: snapshot.size * GIB,
    ...(!Number.isNaN(changedAt.getTime()) && {changedAt}),
    way: {kind: 'snapshot', snapshot: id},
  };
}

async function lookAtServer(id: string, parts: LookParts, allowRunning: boolean): Promise<FoundObject> {
  const server = await parts.nova.server(id);
  if (!server || server.status === 'DELETED' || server.status === 'SOFT_DELETED') throw absent(`server ${id}`);
  requireOwn(`server ${id}`, server.tenant_id, parts);
  requireStill(server, allowRunning);
  if (server.image !== '') return {name: server.name, way: {kind: 'server', server: id}};
  await parts.requireCinder();
  const root = await rootVolume(server, parts.nova);
  const volume = await parts.cinder.volume(root);
  if (!volume) throw absent(`root volume ${root} of server ${id}`);
  requirePlain(volume);
  return {name: server.name, bytes: volume.size * GIB, way: {kind: 'snapshot-first', volume: root}};
}

/** It is never stopped by us; a guest in memory (PAUSED, SUSPENDED) has not written everything to its disk. */
function requireStill({id, name, status, ...server}: NovaServer, allowRunning: boolean): void {
  const shown = `server ${id} ("${name}")`;
  const task = server['OS-EXT-STS:task_state'] ?? null;
  if (task !== null) throw refused(`${shown} is busy (${task})`, 'wait until Nova is done with it');
  if (status === 'SHUTOFF' || (status === 'ACTIVE' && allowRunning)) return;
  if (status === 'ACTIVE')
    throw refused(
      `${shown} is running (ACTIVE), so its disk changes while it is read`,
      `stop it first (openstack server stop ${id}), or take the disk as after a power cut with --allow-running`,
    );
  throw refused(`${shown} is ${status}, and only one that is SHUTOFF has a whole disk`, 'bring it to SHUTOFF first');
}

/** Nova says which one it is to admins only; the first disk of a server is its root. */
async function rootVolume({id, name}: NovaServer, nova: NovaApi): Promise<string> {
  const volumes = await nova.volumesOf(id);
  const roots =
    volumes.length === 1 ? volumes : volumes.filter(({device}) => /^\/dev\/(?:v|s|h|xv)da$/.test(device ?? ''));
  const [root, ...others] = roots;
  if (root && others.length === 0) return root.volumeId;
  const named = volumes.map(({volumeId, device}) => `${volumeId} (${device ?? 'no device'})`).join(', ');
  throw refused(
    `server ${id} ("${name}") boots from a volume, and none of its volumes is known to be that one: ${named || 'it has none'}`,
    'import the volume itself: imgmgr import volume:ID --allow-running',
  );
}

function requirePlain({id, encrypted}: Volume): void {
  if (encrypted)
    throw refused(
      `volume ${id} is encrypted, and an image of it could be read with its key alone`,
      'copy what is on it to a volume that is not encrypted',
    );
}

function requireOwn(shown: string, projectId: string | null | undefined, parts: LookParts): void {
  if (projectId === null || projectId === undefined || projectId === parts.projectId) return;
  throw refused(`${shown} belongs to project ${projectId}, not to ours`, 'use a login of that project (--cloud)');
}

function nameOf({name}: {readonly name?: string | null | undefined}): {readonly name?: string} {
  return name === null || name === undefined || name === '' ? {} : {name};
}

function absent(shown: string): ImgmgrError {
  return refused(`${shown} is not there`, 'it does not exist, was deleted, or this login may not see it');
}

function refused(message: string, hint: string): ImgmgrError {
  return new ImgmgrError('SOURCE_REFUSED', message, {hint});
}
