import {randomUUID} from 'node:crypto';
import type {FakeCompute, FakeVolume} from './compute-state.ts';
import {asRecord, Refusal} from './exchange.ts';
import type {FakeRequest, Reply} from './exchange.ts';
import type {FakeAccount} from './keystone.ts';

/** Cinder's volumes: made from an image within two looks, gone two looks after their deletion. */
export async function answerCinder(compute: FakeCompute, request: FakeRequest, caller: FakeAccount): Promise<Reply> {
  const [version, collection, id] = request.path.split('/').slice(1);
  if (version !== 'v3' || collection !== 'volumes') throw new Refusal(404, 'The resource could not be found.');
  const own = compute.volumes.filter(({projectId}) => projectId === caller.projectId);
  if (request.method === 'POST') return {status: 202, json: {volume: describe(await create(compute, request, caller))}};
  if (request.method === 'GET' && id === 'detail') return {status: 200, json: {volumes: own.map(describe)}};
  const volume = own.find((each) => each.id === id);
  if (volume === undefined) throw new Refusal(404, `Volume ${id ?? ''} could not be found.`);
  if (request.method === 'GET') {
    const json = {volume: describe(volume)};
    step(compute, volume);
    return {status: 200, json};
  }
  if (request.method !== 'DELETE') throw new Refusal(405, 'Method Not Allowed');
  if (!['available', 'error', 'error_deleting'].includes(volume.status))
    throw new Refusal(400, 'Invalid volume: Volume status must be available or error and must not be attached.');
  volume.status = 'deleting';
  volume.looksLeft = 1;
  return {status: 202};
}

async function create(compute: FakeCompute, request: FakeRequest, caller: FakeAccount): Promise<FakeVolume> {
  const body = asRecord(asRecord(await request.json())?.['volume']);
  const metadata = Object.entries(asRecord(body?.['metadata']) ?? {}).map(([key, value]) => [key, String(value)]);
  const volume: FakeVolume = {
    id: randomUUID(),
    name: textOf(body?.['name']),
    projectId: caller.projectId,
    sizeGib: Number(body?.['size']),
    imageId: textOf(body?.['imageRef']),
    metadata: Object.fromEntries(metadata) as Record<string, string>,
    status: 'creating',
    looksLeft: 1,
  };
  compute.volumes.push(volume);
  return volume;
}

function step(compute: FakeCompute, volume: FakeVolume): void {
  if (volume.status !== 'creating' && volume.status !== 'deleting') return;
  volume.looksLeft -= 1;
  if (volume.looksLeft > 0) return;
  if (volume.status === 'creating') volume.status = compute.volumesBecome;
  else compute.volumes.splice(compute.volumes.indexOf(volume), 1);
}

function describe({id, name, status, metadata, sizeGib}: FakeVolume): object {
  return {id, name, status, metadata, size: sizeGib};
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
