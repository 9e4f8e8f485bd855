import {execFile} from 'node:child_process';
import {promisify} from 'node:util';
import {load} from 'js-yaml';
import {afterEach, describe, expect, it} from 'vitest';
import {stoppedClock} from '../../fakes/clock.ts';
import {startFakeCloud} from '../../fakes/fake-cloud.ts';
import type {FakeCloud, FakeCloudOptions} from '../../fakes/fake-cloud.ts';
import {glance, login, textOf} from './client.ts';
import type {Answer} from './client.ts';

const clouds: FakeCloud[] = [];

afterEach(async () => {
  for (const cloud of clouds.splice(0)) await cloud.close();
});

async function start(options: FakeCloudOptions = {}): Promise<FakeCloud> {
  const cloud = await startFakeCloud(options);
  clouds.push(cloud);
  return cloud;
}

function serviceTypes({json}: Answer): readonly string[] {
  return (json['token'] as {catalog: {type: string}[]}).catalog.map((service) => service.type);
}

describe('the fake Keystone', () => {
  it('logs in by password and tells roles, project and catalog', async () => {
    const cloud = await start();
    const answer = await login(cloud);
    expect(answer.status).toBe(201);
    expect(answer.json['token']).toMatchObject({
      project: {name: 'admin'},
      roles: [{name: 'admin'}, {name: 'member'}, {name: 'reader'}],
    });
    expect(serviceTypes(answer)).toEqual(['identity', 'image', 'compute', 'network', 'volumev3']);
    expect((await glance(cloud, 'GET /v2/images', {token: textOf(answer.headers.get('x-subject-token'))})).status).toBe(
      200,
    );
  });

  it('logs in by application credential', async () => {
    const cloud = await start();
    const {id, secret} = cloud.accounts.member.applicationCredential;
    const methods = ['application_credential'];
    expect((await login(cloud, {methods, application_credential: {id, secret}})).json['token']).toMatchObject({
      user: {name: 'member'},
    });
    expect((await login(cloud, {methods, application_credential: {id, secret: 'wrong'}})).status).toBe(401);
  });

  it('logs in by a token that is valid and by no other', async () => {
    const cloud = await start();
    expect((await login(cloud, {methods: ['token'], token: {id: cloud.token('member')}})).json['token']).toMatchObject({
      user: {name: 'member'},
    });
    expect((await login(cloud, {methods: ['token'], token: {id: 'made up'}})).status).toBe(401);
  });

  it('refuses a wrong password with 401 and keeps no secret in the log', async () => {
    const cloud = await start();
    const user = {name: 'admin', password: 'wrong-secret', domain: {name: 'Default'}};
    expect((await login(cloud, {methods: ['password'], password: {user}})).status).toBe(401);
    expect(JSON.stringify(cloud.requests)).not.toContain('wrong-secret');
  });

  it('ends a token when its time has come', async () => {
    const clock = stoppedClock(new Date('2030-01-01T00:00:00Z'));
    const cloud = await start({clock, tokenSeconds: 60});
    const token = cloud.token();
    clock.advance(59_000);
    expect((await glance(cloud, 'GET /v2/images', {token})).status).toBe(200);
    clock.advance(1000);
    expect((await glance(cloud, 'GET /v2/images', {token})).status).toBe(401);
  });

  it('leaves a service out of the catalog when told so', async () => {
    const cloud = await start({
      imageService: false,
      computeService: false,
      networkService: false,
      volumeService: false,
    });
    expect(serviceTypes(await login(cloud))).toEqual(['identity']);
  });
});

describe('the fake cloud', () => {
  it('can be used from another process with its clouds.yaml or its environment', async () => {
    const cloud = await start();
    const yaml = load(cloud.cloudsYaml()) as {clouds: Record<string, {auth: {auth_url: string}}>};
    expect(Object.keys(yaml.clouds)).toEqual(['admin', 'member', 'credential']);
    expect(yaml.clouds['admin']?.auth.auth_url).toBe(cloud.environment().OS_AUTH_URL);
    const script = 'fetch(process.env.OS_AUTH_URL).then((r) => console.log(r.status))';
    const {stdout} = await promisify(execFile)(process.execPath, ['-e', script], {env: {...cloud.environment()}});
    expect(stdout.trim()).toBe('200');
  });

  it('tells the time of its own clock in Date and created_at, whole seconds', async () => {
    const cloud = await start({clock: stoppedClock(new Date('2030-01-01T00:00:00.900Z'))});
    const {headers, json} = await glance(cloud, 'POST /v2/images', {json: {}});
    expect(headers.get('date')).toBe('Tue, 01 Jan 2030 00:00:00 GMT');
    expect(json['created_at']).toBe('2030-01-01T00:00:00Z');
  });

  it('sends no Date header when told so', async () => {
    const cloud = await start({dateHeader: false});
    expect((await glance(cloud, 'GET /v2/images')).headers.get('date')).toBeNull();
  });

  it('gives every answer a request id and logs method, path, query, body and status', async () => {
    const cloud = await start();
    const {headers} = await glance(cloud, 'POST /v2/images?a=1&a=2&b=3', {json: {name: 'x'}});
    expect(cloud.requests).toMatchObject([
      {
        service: 'image',
        method: 'POST',
        path: '/v2/images',
        query: {a: ['1', '2'], b: '3'},
        body: {name: 'x'},
        status: 201,
        write: 1,
      },
    ]);
    expect(headers.get('x-openstack-request-id')).toBe(cloud.requests[0]?.requestId);
  });

  it('serves a thousand seeded images in pages', async () => {
    const cloud = await start();
    cloud.seedImages(1001);
    const first = await glance(cloud, 'GET /v2/images?limit=1000&tag=managed_by_imgmgr');
    const second = await glance(cloud, `GET ${textOf(first.json['next'])}`);
    expect([first, second].map(({json}) => (json['images'] as unknown[]).length)).toEqual([1000, 1]);
  });
});

describe('the fake Nova', () => {
  const servers = [
    {id: 's1', name: 'one', projectId: 'p1', imageId: 'i1'},
    {id: 's2', name: 'two', projectId: 'p2', imageId: 'i2'},
  ];

  async function listServers(
    cloud: FakeCloud,
    role: 'admin' | 'member',
    query: string,
  ): Promise<{status: number; ids: readonly string[]}> {
    const headers = {'x-auth-token': cloud.token(role)};
    const response = await fetch(`${cloud.url}/compute/v2.1/servers/detail?${query}`, {headers});
    const {servers: found = []} = (await response.json()) as {servers?: {id: string}[]};
    return {status: response.status, ids: found.map((server) => server.id)};
  }

  it('tells an admin of the servers of all projects on an image, page by page', async () => {
    const cloud = await start({servers});
    expect(await listServers(cloud, 'admin', 'all_tenants=1')).toEqual({status: 200, ids: ['s1', 's2']});
    expect(await listServers(cloud, 'admin', 'all_tenants=1&image=i2')).toEqual({status: 200, ids: ['s2']});
    expect(await listServers(cloud, 'admin', 'all_tenants=1&limit=1&marker=s1')).toEqual({status: 200, ids: ['s2']});
    expect(await listServers(cloud, 'admin', '')).toEqual({status: 200, ids: []});
  });

  it('forbids a member to ask for all projects', async () => {
    expect(await listServers(await start({servers}), 'member', 'all_tenants=1')).toEqual({status: 403, ids: []});
  });
});
