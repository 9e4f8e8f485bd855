import {randomUUID} from 'node:crypto';
import type {FakeCompute, FakeSnapshot, FakeVolume} from './compute-state.ts';
import {asRecord, Refusal} from './exchange.ts';
import type {FakeRequest, Reply} from './exchange.ts';
import type {FakeAccount} from './keystone.ts';
import type {MakeImage} from './object-images.ts';

/** What Cinder works with. */
export interface CinderContext {
  readonly compute: FakeCompute;
  readonly makeImage: MakeImage;
}

type Call = CinderContext & {readonly request: FakeRequest; readonly caller: FakeAccount};

/** Cinder's volumes and snapshots: made within two looks, gone two looks after their deletion; and the images that it makes of volumes. */
export async function answerCinder(context: CinderContext, request: FakeRequest, caller: FakeAccount): Promise<Reply> {
  const [version, collection, id, what] = request.path.split('/').slice(1);
  const call = {...context, request, caller};
  if (version === 'v3' && collection === 'snapshots') return answerSnapshots(call, id);
  if (version !== 'v3' || collection !== 'volumes') throw new Refusal(404, 'The resource could not be found.');
  const {compute} = context;
  const own = compute.volumes.filter(({projectId}) => projectId === caller.projectId);
  if (request.method === 'POST' && id === undefined)
    return {status: 202, json: {volume: describe(await create(compute, request, caller))}};
  if (request.method === 'GET' && id === 'detail') return {status: 200, json: {volumes: own.map(describe)}};
  const volume = own.find((each) => each.id === id);
  if (volume === undefined) throw new Refusal(404, `Volume ${id ?? ''} could not be found.`);
  if (request.method === 'POST' && what === 'action') return upload(call, volume);
  if (request.method === 'GET') {
    const json = {volume: describe(volume)};
    step(compute.volumes, volume, compute.volumesBecome);
    return {status: 200, json};
  }
  if (request.method !== 'DELETE') throw new Refusal(405, 'Method Not Allowed');
  if (!['available', 'error', 'error_deleting'].includes(volume.status))
    throw new Refusal(400, 'Invalid volume: Volume status must be available or error and must not be attached.');
  volume.status = 'deleting';
  volume.looksLeft = 1;
  return {status: 202};
}

async function answerSnapshots({compute, request, caller}: Call, id: string | undefined): Promise<Reply> {
  const own = compute.snapshots.filter(({projectId}) => projectId === caller.projectId);
  if (request.method === 'POST') {
    const snapshot = await createSnapshot(compute, request, caller);
    return {status: 202, json: {snapshot: describeSnapshot(snapshot)}};
  }
  if (request.method === 'GET' && id === 'detail') return {status: 200, json: {snapshots: own.map(describeSnapshot)}};
  const snapshot = own.find((each) => each.id === id);
  if (snapshot === undefined) throw new Refusal(404, `Snapshot ${id ?? ''} could not be found.`);
  if (request.method === 'DELETE') {
    if (snapshot.status !== 'available') throw new Refusal(400, 'Invalid snapshot: status must be available or error.');
    Object.assign(snapshot, {status: 'deleting', looksLeft: 1});
    return {status: 202};
  }
  const json = {snapshot: describeSnapshot(snapshot)};
  step(compute.snapshots, snapshot, 'available');
  return {status: 200, json};
}

async function create(compute: FakeCompute, request: FakeRequest, caller: FakeAccount): Promise<FakeVolume> {
  const body = asRecord(asRecord(await request.json())?.['volume']);
  const volume: FakeVolume = {
    id: randomUUID(),
    name: textOf(body?.['name']),
    projectId: caller.projectId,
    sizeGib: Number(body?.['size'] ?? 1),
    imageId: textOf(body?.['imageRef']),
    metadata: metadataOf(body),
    status: 'creating',
    looksLeft: 1,
  };
  compute.volumes.push(volume);
  return volume;
}

async function createSnapshot(compute: FakeCompute, request: FakeRequest, caller: FakeAccount): Promise<FakeSnapshot> {
  const body = asRecord(asRecord(await request.json())?.['snapshot']);
  const snapshot: FakeSnapshot = {
    id: randomUUID(),
    name: textOf(body?.['name']),
    projectId: caller.projectId,
    volumeId: textOf(body?.['volume_id']),
    metadata: metadataOf(body),
    status: 'creating',
    looksLeft: 1,
  };
  compute.snapshots.push(snapshot);
  return snapshot;
}

/** Only a volume that nobody uses; the answer comes before the bytes do. */
async function upload({compute, makeImage, request, caller}: Call, volume: FakeVolume): Promise<Reply> {
  if (compute.forbidden.includes('images-of-volumes'))
    throw new Refusal(403, "Policy doesn't allow volume_extension:volume_actions:upload_image to be performed.");
  if (volume.status !== 'available')
    throw new Refusal(400, `Invalid volume: status must be available, but is ${volume.status}.`);
  const wanted = asRecord(asRecord(await request.json())?.['os-volume_upload_image']);
  volume.status = 'uploading';
  const id = makeImage({
    name: textOf(wanted?.['image_name']),
    format: textOf(wanted?.['disk_format']),
    owner: caller.projectId,
    bytes: compute.diskBytes,
    takesMs: compute.diskMs,
    done: () => (volume.status = 'available'),
  });
  return {status: 202, json: {'os-volume_upload_image': {image_id: id, status: 'uploading'}}};
}

interface Made {
  status: string;
  looksLeft: number;
}

function step<T extends Made>(all: T[], one: T, becomes: string): void {
  if (one.status !== 'creating' && one.status !== 'deleting') return;
  one.looksLeft -= 1;
  if (one.looksLeft > 0) return;
  if (one.status === 'creating') one.status = becomes;
  else all.splice(all.indexOf(one), 1);
}

function describe({id, name, status, metadata, sizeGib, encrypted = false, usedBy = []}: FakeVolume): object {
  return {id, name, status, metadata, size: sizeGib, encrypted, attachments: usedBy.map((server_id) => ({server_id}))};
}

function describeSnapshot({id, name, status, metadata, volumeId}: FakeSnapshot): object {
  return {id, name, status, metadata, size: 1, volume_id: volumeId, created_at: '2026-01-02T03:04:05.000000'};
}

function metadataOf(body: Readonly<Record<string, unknown>> | undefined): Record<string, string> {
  return Object.fromEntries(
    Object.entries(asRecord(body?.['metadata']) ?? {}).map(([key, value]) => [key, String(value)]),
  );
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
