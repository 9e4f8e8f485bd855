import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {makeQcow2} from '../../fakes/disk-image.ts';
import {startFakeCloud} from '../../fakes/fake-cloud.ts';
import type {FakeCloud} from '../../fakes/fake-cloud.ts';
import {MISBEHAVIOURS} from '../../fakes/misbehaviour.ts';
import type {MisbehaviourName} from '../../fakes/misbehaviour.ts';
import {startUpstream} from '../../fakes/upstream.ts';
import type {Upstream} from '../../fakes/upstream.ts';
import {glance, isUnlocked, login, newRecord, taskOf, textOf, until} from './client.ts';

const QCOW2 = makeQcow2({virtualBytes: 2 ** 20, dataBytes: 100});
const PUBLISH = [{op: 'replace', path: '/visibility', value: 'public'}];
const NOTE = [{op: 'add', path: '/note', value: 'x'}];

let cloud: FakeCloud;
let upstream: Upstream;

beforeEach(async () => {
  cloud = await startFakeCloud();
  upstream = await startUpstream();
  upstream.put('/disk.qcow2', QCOW2);
});

afterEach(async () => {
  await cloud.close();
  await upstream.close();
});

/** A record whose web-download has been accepted. */
async function importing(stores?: readonly string[]): Promise<string> {
  const id = await newRecord(cloud);
  const json = {method: {name: 'web-download', uri: `${upstream.url}/disk.qcow2`}, ...(stores && {stores})};
  expect((await glance(cloud, `POST /v2/images/${id}/import`, {json})).status).toBe(202);
  return id;
}

async function ended(id: string): Promise<Record<string, unknown>> {
  return await until(cloud, id, isUnlocked);
}

function statusOf(id: string): string {
  return cloud.images.find(id)?.status ?? 'gone';
}

/** Once `name` is on, `line` answers `status` once and changes nothing; then it works. */
async function answersOnce(
  name: MisbehaviourName,
  line: string,
  statuses: readonly [number, number],
  json?: unknown,
): Promise<void> {
  cloud.misbehave(name);
  const before = cloud.views();
  const call = json === undefined ? {} : {json};
  const first = await glance(cloud, line, call);
  expect(first.status).toBe(statuses[0]);
  expect(cloud.views()).toEqual(before);
  expect((await glance(cloud, line, call)).status).toBe(statuses[1]);
}

const shows: Readonly<Record<MisbehaviourName, () => Promise<void>>> = {
  imageStuckInQueued: async () => {
    cloud.misbehave('imageStuckInQueued');
    const id = await importing();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(statusOf(id)).toBe('queued');
    expect((await taskOf(cloud, id))['status']).toBe('pending');
  },
  imageStuckInSaving: async () => {
    cloud.misbehave('imageStuckInSaving');
    const id = await newRecord(cloud);
    expect((await glance(cloud, `PUT /v2/images/${id}/file`, {bytes: QCOW2})).status).toBe(204);
    expect(statusOf(id)).toBe('saving');
  },
  imageStuckInImporting: async () => {
    cloud.misbehave('imageStuckInImporting');
    const id = await importing();
    await expect.poll(async () => (await taskOf(cloud, id))['status']).toBe('failure');
    expect(statusOf(id)).toBe('importing');
  },
  importNeverEnds: async () => {
    cloud.misbehave('importNeverEnds');
    const id = await importing();
    await expect.poll(() => statusOf(id)).toBe('importing');
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(statusOf(id)).toBe('importing');
    expect((await taskOf(cloud, id))['status']).toBe('processing');
  },
  importFailsBackToQueued: async () => {
    cloud.misbehave('importFailsBackToQueued');
    const id = await importing(['file', 'fast']);
    expect(await ended(id)).toMatchObject({status: 'queued', os_glance_failed_import: 'fast,file', size: null});
    expect(await taskOf(cloud, id)).toMatchObject({status: 'failure', message: 'Task failed due to Internal Error'});
  },
  importTaskFails: async () => {
    cloud.misbehave('importTaskFails', {message: 'over quota'});
    const id = await importing();
    expect(await ended(id)).toMatchObject({status: 'queued', os_glance_failed_import: ''});
    expect(await taskOf(cloud, id)).toMatchObject({status: 'failure', message: 'over quota'});
  },
  someStoresFail: async () => {
    cloud.misbehave('someStoresFail');
    const id = await importing(['file', 'fast']);
    expect(await ended(id)).toMatchObject({status: 'active', stores: 'file', os_glance_failed_import: 'fast'});
  },
  imageDeletedUnderUs: async () => {
    const {id} = cloud.seed({});
    cloud.misbehave('imageDeletedUnderUs');
    expect((await glance(cloud, `PATCH /v2/images/${id}`, {json: NOTE})).status).toBe(404);
    expect(cloud.views()).toEqual([]);
  },
  tokenExpiresMidUpload: async () => {
    cloud.misbehave('tokenExpiresMidUpload');
    const id = await newRecord(cloud);
    const token = cloud.token();
    expect((await glance(cloud, `PUT /v2/images/${id}/file`, {bytes: QCOW2, token})).status).toBe(204);
    expect((await glance(cloud, `GET /v2/images/${id}`, {token})).status).toBe(401);
    expect((await glance(cloud, `GET /v2/images/${id}`)).json['status']).toBe('active');
  },
  tokenRevoked: async () => {
    cloud.misbehave('tokenRevoked');
    const token = cloud.token();
    expect((await glance(cloud, 'GET /v2/images', {token})).status).toBe(401);
    expect((await glance(cloud, 'GET /v2/images', {token})).status).toBe(401);
    expect((await glance(cloud, 'GET /v2/images')).status).toBe(200);
  },
  glance500: () => answersOnce('glance500', 'GET /v2/images', [500, 200]),
  glance502: () => answersOnce('glance502', 'POST /v2/images', [502, 201], {name: 'x'}),
  glance503: () => answersOnce('glance503', 'GET /v2/images', [503, 200]),
  doneButAnswers504: async () => {
    cloud.misbehave('doneButAnswers504');
    expect((await glance(cloud, 'POST /v2/images', {json: {name: 'x'}})).status).toBe(504);
    expect(cloud.views()).toMatchObject([{name: 'x'}]);
  },
  neverAnswers: async () => {
    const misdeed = cloud.misbehave('neverAnswers', {match: {path: '/v2/info/stores'}});
    const given = new AbortController();
    const asked = fetch(`${await endpoint('image')}/v2/info/stores`, {signal: given.signal});
    await expect.poll(() => misdeed.happened()).toBe(1);
    given.abort();
    await expect(asked).rejects.toThrow('abort');
  },
  slowAnswers: async () => {
    const misdeed = cloud.misbehave('slowAnswers', {delayMs: 80});
    const start = performance.now();
    await glance(cloud, 'GET /v2/images');
    expect(performance.now() - start).toBeGreaterThan(70);
    expect(misdeed.happened()).toBe(1);
  },
  connectionReset: async () => {
    cloud.misbehave('connectionReset');
    await expect(glance(cloud, 'POST /v2/images', {json: {}})).rejects.toThrow('fetch failed');
    expect(cloud.views()).toEqual([]);
    expect(cloud.requests.at(-1)?.status).toBe(0);
  },
  halfAnswer: async () => {
    cloud.misbehave('halfAnswer');
    await expect(glance(cloud, 'POST /v2/images', {json: {}})).rejects.toThrow('terminated');
    expect(cloud.views()).toHaveLength(1);
  },
  htmlInsteadOfJson: async () => {
    cloud.misbehave('htmlInsteadOfJson');
    const {status, text, headers} = await glance(cloud, 'GET /v2/images');
    expect([status, headers.get('content-type'), text.startsWith('<html>')]).toEqual([200, 'text/html', true]);
  },
  conflict409: () => answersOnce('conflict409', 'POST /v2/images', [409, 201], {name: 'x'}),
  quota413: () => answersOnce('quota413', 'POST /v2/images', [413, 201], {name: 'x'}),
  unsupported415: async () => {
    const id = await newRecord(cloud);
    cloud.misbehave('unsupported415');
    expect((await glance(cloud, `PUT /v2/images/${id}/file`, {bytes: QCOW2})).status).toBe(415);
    expect(statusOf(id)).toBe('queued');
  },
  forbiddenImport: async () => {
    cloud.misbehave('forbiddenImport');
    const path = `POST /v2/images/${await newRecord(cloud)}/import`;
    expect((await glance(cloud, path, {json: {method: {name: 'glance-direct'}}})).status).toBe(403);
    expect((await glance(cloud, path, {json: {method: {name: 'glance-direct'}}})).status).toBe(403);
  },
  forbiddenPublish: async () => {
    cloud.misbehave('forbiddenPublish');
    const {id} = cloud.seed({visibility: 'private'});
    expect((await glance(cloud, `PATCH /v2/images/${id}`, {json: PUBLISH})).status).toBe(403);
    expect((await glance(cloud, `PATCH /v2/images/${id}`, {json: PUBLISH})).status).toBe(403);
    expect((await glance(cloud, `PATCH /v2/images/${id}`, {json: NOTE})).status).toBe(200);
    expect(cloud.images.find(id)?.visibility).toBe('private');
  },
  forbiddenDelete: () => answersOnce('forbiddenDelete', `DELETE /v2/images/${cloud.seed({}).id}`, [403, 403]),
  deleteInUse409: () => answersOnce('deleteInUse409', `DELETE /v2/images/${cloud.seed({}).id}`, [409, 409]),
  deletePartlyDone: async () => {
    const {id} = cloud.seed({stores: ['file', 'fast']});
    cloud.misbehave('deletePartlyDone', {store: 'fast'});
    expect((await glance(cloud, `DELETE /v2/images/${id}`)).status).toBe(409);
    expect((await glance(cloud, `GET /v2/images/${id}`)).json).toMatchObject({status: 'active', stores: 'file'});
  },
  patchRefused: () => answersOnce('patchRefused', `PATCH /v2/images/${cloud.seed({}).id}`, [403, 200], NOTE),
  rateLimited429: async () => {
    cloud.misbehave('rateLimited429', {retryAfter: '3'});
    const {status, headers} = await glance(cloud, 'GET /v2/images');
    expect([status, headers.get('retry-after')]).toEqual([429, '3']);
    expect((await glance(cloud, 'GET /v2/images')).status).toBe(200);
  },
  stagingFails: async () => {
    cloud.misbehave('stagingFails');
    const id = await newRecord(cloud);
    expect((await glance(cloud, `PUT /v2/images/${id}/stage`, {bytes: QCOW2})).status).toBe(503);
    expect(statusOf(id)).toBe('queued');
    expect((await glance(cloud, `PUT /v2/images/${id}/file`, {bytes: QCOW2})).status).toBe(204);
  },
  conversionPlugin: async () => {
    cloud.misbehave('conversionPlugin');
    const id = await importing();
    const image = await ended(id);
    expect(image).toMatchObject({status: 'active', disk_format: 'raw', size: 2 ** 20, virtual_size: 2 ** 20});
    expect(image['os_hash_value']).not.toBe(upstream.digest('/disk.qcow2'));
  },
  noUsageApi: () => answersOnce('noUsageApi', 'GET /v2/info/usage', [404, 404]),
  keystoneDown: async () => {
    const misdeed = cloud.misbehave('keystoneDown');
    expect((await login(cloud)).status).toBe(503);
    misdeed.stop();
    expect((await login(cloud)).status).toBe(201);
  },
  unreachableCompute: async () => {
    cloud.misbehave('unreachableCompute');
    await expect(fetch(await endpoint('compute'))).rejects.toThrow('fetch failed');
    expect((await fetch(await endpoint('image'))).status).toBe(300);
  },
  brokenEndpointInCatalog: async () => {
    cloud.misbehave('brokenEndpointInCatalog');
    expect(URL.canParse(await endpoint('image'))).toBe(false);
  },
  serverClockAhead: async () => {
    cloud.misbehave('serverClockAhead', {aheadMs: 7_200_000});
    const {headers} = await glance(cloud, 'GET /v2/images');
    const {json} = await glance(cloud, 'POST /v2/images', {json: {}});
    for (const time of [textOf(headers.get('date')), textOf(json['created_at'])]) {
      expect(Date.parse(time) - Date.now()).toBeGreaterThan(7_100_000);
    }
  },
};

async function endpoint(type: string): Promise<string> {
  const {json} = await login(cloud);
  const {catalog} = json['token'] as {catalog: {type: string; endpoints: {url: string}[]}[]};
  return catalog.find((service) => service.type === type)?.endpoints[0]?.url ?? 'none';
}

describe('a misbehaving cloud', () => {
  it.each(
    Object.entries(shows).map(([name, passed]) => ({
      name,
      passed,
      what: MISBEHAVIOURS[name as MisbehaviourName].shows,
    })),
  )('$name: $what', ({passed}) => passed());

  it('does wrong as often as told and then behaves', async () => {
    const misdeed = cloud.misbehave('glance503', {times: 2});
    const statuses: number[] = [];
    for (let attempt = 0; attempt < 3; attempt++) statuses.push((await glance(cloud, 'GET /v2/images')).status);
    expect(statuses).toEqual([503, 503, 200]);
    expect(misdeed.happened()).toBe(2);
  });

  it('lets as many matching requests pass before it as told', async () => {
    cloud.misbehave('glance500', {after: 1, match: {method: 'GET', path: '/v2/info'}});
    const statuses: number[] = [];
    for (const path of ['/v2/info/stores', '/v2/images', '/v2/info/stores'])
      statuses.push((await glance(cloud, `GET ${path}`)).status);
    expect(statuses).toEqual([200, 200, 500]);
  });

  it('behaves again when told so', async () => {
    cloud.misbehave('glance500', {times: Infinity});
    cloud.behave();
    expect((await glance(cloud, 'GET /v2/images')).status).toBe(200);
  });
});
