import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {makeQcow2, makeRaw} from '../../fakes/disk-image.ts';
import {startFakeCloud} from '../../fakes/fake-cloud.ts';
import type {FakeCloud} from '../../fakes/fake-cloud.ts';
import {startUpstream} from '../../fakes/upstream.ts';
import {glance, isUnlocked, newRecord, until} from './client.ts';

// That each answer is also the real Glance's is proven by test/cloud/fake-fidelity.test.ts; these are the rules in short.
const QCOW2 = makeQcow2({virtualBytes: 2 ** 20, dataBytes: 100});

let cloud: FakeCloud;

beforeEach(async () => {
  cloud = await startFakeCloud();
});

afterEach(async () => {
  await cloud.close();
});

async function namesOf(query: string, as: 'admin' | 'member' = 'admin'): Promise<unknown> {
  const {json} = await glance(cloud, `GET /v2/images?${query}`, {as});
  return (json['images'] as {name: string}[]).map((image) => image.name);
}

describe('the fake Glance', () => {
  it('never gives a taken id out again, not even after the image is deleted', async () => {
    const id = await newRecord(cloud);
    const again = (): Promise<{status: number}> => glance(cloud, 'POST /v2/images', {json: {id}});
    expect((await again()).status).toBe(409);
    await glance(cloud, `DELETE /v2/images/${id}`);
    expect((await again()).status).toBe(409);
  });

  it('changes everything or nothing in one PATCH', async () => {
    const id = await newRecord(cloud);
    const json = [
      {op: 'add', path: '/a', value: '1'},
      {op: 'remove', path: '/none'},
    ];
    expect((await glance(cloud, `PATCH /v2/images/${id}`, {json})).status).toBe(409);
    expect((await glance(cloud, `GET /v2/images/${id}`)).json).not.toHaveProperty('a');
  });

  it('shows a private image to its project and to admins, a community one to those who ask', async () => {
    cloud.seed({name: 'private', visibility: 'private'});
    cloud.seed({name: 'community', visibility: 'community'});
    cloud.seed({name: 'public'});
    cloud.seed({name: 'hidden', os_hidden: true});
    expect(await namesOf('sort=name:asc')).toEqual(['community', 'private', 'public']);
    expect(await namesOf('sort=name:asc', 'member')).toEqual(['public']);
    expect(await namesOf('visibility=community', 'member')).toEqual(['community']);
    expect(await namesOf('os_hidden=true', 'member')).toEqual(['hidden']);
  });

  it('loses all but the last of a repeated parameter in the link to the next page, as Glance does', async () => {
    cloud.seedImages(2, {tags: ['a', 'b']});
    const {json} = await glance(cloud, 'GET /v2/images?tag=a&tag=b&limit=1');
    expect(json['next']).toMatch(/^\/v2\/images\?tag=b&limit=1&marker=/);
  });

  it('hashes an upload and reads the virtual size from its header', async () => {
    const id = await newRecord(cloud);
    expect((await glance(cloud, `PUT /v2/images/${id}/file`, {bytes: QCOW2})).status).toBe(204);
    const {json} = await glance(cloud, `GET /v2/images/${id}`);
    expect(json).toMatchObject({
      status: 'active',
      size: QCOW2.length,
      virtual_size: 2 ** 20,
      stores: 'file',
      os_hash_algo: 'sha512',
    });
    const {status, headers} = await glance(cloud, `GET /v2/images/${id}/file`);
    expect([status, headers.get('content-length')]).toEqual([200, String(QCOW2.length)]);
  });

  it('fetches by web-download, store after store, and tells so on the way', async () => {
    const upstream = await startUpstream();
    upstream.put('/x', QCOW2);
    const id = await newRecord(cloud);
    const seen: unknown[] = [];
    cloud.images.onChange(() => {
      const view = cloud.images.view(cloud.images.find(id) ?? cloud.seed({}));
      seen.push([view['status'], view['stores'], view['os_glance_importing_to_stores']]);
    });
    const json = {method: {name: 'web-download', uri: `${upstream.url}/x`}, all_stores: true};
    expect((await glance(cloud, `POST /v2/images/${id}/import`, {json})).status).toBe(202);
    expect(await until(cloud, id, isUnlocked)).toMatchObject({status: 'active', os_hash_value: upstream.digest('/x')});
    expect(seen).toEqual([
      ['queued', undefined, undefined],
      ['importing', undefined, 'fast,file'],
      ['importing', 'file', 'fast'],
      ['active', 'file,fast', ''],
      ['active', 'file,fast', ''],
    ]);
    await upstream.close();
  });

  it('refuses a second import while one is under way', async () => {
    cloud.misbehave('imageStuckInQueued');
    const id = await newRecord(cloud);
    const json = {method: {name: 'web-download', uri: 'http://127.0.0.1/x'}};
    const statuses = [
      await glance(cloud, `POST /v2/images/${id}/import`, {json}),
      await glance(cloud, `POST /v2/images/${id}/import`, {json}),
    ];
    expect(statuses.map(({status}) => status)).toEqual([202, 409]);
  });

  it('refuses bytes of another format only as the newest release', async () => {
    const newest = await startFakeCloud({release: 'latest'});
    const statuses: number[] = [];
    for (const each of [cloud, newest]) {
      const id = await newRecord(each);
      statuses.push((await glance(each, `PUT /v2/images/${id}/file`, {bytes: makeRaw({bytes: 4096})})).status);
    }
    expect(statuses).toEqual([204, 415]);
    await newest.close();
  });

  it('knows no stores where there is one only', async () => {
    const single = await startFakeCloud({multiStore: false});
    const id = await newRecord(single);
    await glance(single, `PUT /v2/images/${id}/file`, {bytes: QCOW2});
    expect((await glance(single, `GET /v2/images/${id}`)).json).not.toHaveProperty('stores');
    expect((await glance(single, 'GET /v2/info/stores')).status).toBe(404);
    await single.close();
  });

  it('keeps to its quota and tells what is used', async () => {
    const tight = await startFakeCloud({quota: {images: 1}});
    await newRecord(tight);
    expect((await glance(tight, 'POST /v2/images', {json: {}})).status).toBe(413);
    expect((await glance(tight, 'GET /v2/info/usage')).json).toEqual({
      usage: {image_count_total: {usage: 1, limit: 1}},
    });
    await tight.close();
  });
});
