import {readFileSync} from 'node:fs';
import {load} from 'js-yaml';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {startFakeCloud} from '../fakes/fake-cloud.ts';
import {makeQcow2} from '../fakes/disk-image.ts';
import {startUpstream} from '../fakes/upstream.ts';
import type {Upstream} from '../fakes/upstream.ts';
import {servicesSeen} from './fidelity-compute.ts';
import {replay} from './fidelity-sequence.ts';
import type {Observation} from './fidelity-sequence.ts';

/** The ports from which the test cloud's Glance agrees to fetch. */
const FETCHABLE = [18_080, 8080, 443, 80];
const QCOW2 = makeQcow2({virtualBytes: 8 * 2 ** 20, dataBytes: 130_000, seed: 1});

let upstream: Upstream;

beforeAll(async () => {
  upstream = await firstFree(FETCHABLE);
  upstream.put('/disk.qcow2', QCOW2);
  upstream.put('/raw.img', new Uint8Array(4096));
  upstream.put('/cut.qcow2', QCOW2);
  upstream.misbehave('truncatedBody', {path: '/cut.qcow2', times: Infinity});
});

afterAll(async () => {
  await upstream.close();
});

describe.each([
  {release: 'debian', entry: 'admin'},
  {release: 'latest', entry: 'latest'},
] as const)('the fake of the $release release', ({release, entry}) => {
  it('answers every request of a long sequence as the real Glance does', {timeout: 300_000}, async () => {
    const real = await onRealCloud(entry);
    const fake = await onFakeCloud(release);
    expect(real.length).toBeGreaterThan(150);
    for (const [index, observation] of real.entries()) expect(fake[index]).toEqual(observation);
  });
});

it('R15: the fake Nova answers GET /os-services as the real one does', async () => {
  const [admin, member] = [await login('admin'), await login('member')];
  const real = await servicesSeen({url: admin.computeUrl, admin: admin.token, member: member.token});
  const cloud = await startFakeCloud();
  try {
    const tokens = {admin: cloud.token('admin'), member: cloud.token('member')};
    expect(await servicesSeen({url: `${cloud.url}/compute/v2.1`, ...tokens})).toEqual(real);
  } finally {
    await cloud.close();
  }
});

async function onFakeCloud(release: 'debian' | 'latest'): Promise<readonly Observation[]> {
  const cloud = await startFakeCloud({release, sourcePorts: FETCHABLE});
  try {
    return await replay({
      ...shared(),
      imageUrl: cloud.imageUrl,
      admin: cloud.token('admin'),
      member: cloud.token('member'),
    });
  } finally {
    await cloud.close();
  }
}

async function onRealCloud(entry: string): Promise<readonly Observation[]> {
  const admin = await login(entry);
  const member = await login('member');
  return await replay({...shared(), imageUrl: admin.imageUrl, admin: admin.token, member: member.token});
}

function shared(): {sourceUrl: string; qcow2: Uint8Array; prefix: string} {
  return {sourceUrl: upstream.url, qcow2: QCOW2, prefix: `fid-${Date.now().toString(36)}`};
}

interface CloudEntry {
  readonly auth: Readonly<Record<string, string>>;
  readonly region_name: string;
}

async function login(name: string): Promise<{token: string; imageUrl: string; computeUrl: string}> {
  const file = process.env['OS_CLIENT_CONFIG_FILE'] ?? '/opt/openstack-lab/clouds.yaml';
  const {clouds} = load(readFileSync(file, 'utf8')) as {clouds: Record<string, CloudEntry>};
  const entry = clouds[name];
  if (entry === undefined) throw new Error(`${file} has no cloud ${name}`);
  const {auth, region_name: region} = entry;
  const domain = {name: 'Default'};
  const identity = {
    methods: ['password'],
    password: {user: {name: auth['username'], password: auth['password'], domain}},
  };
  const response = await fetch(`${auth['auth_url'] ?? ''}/auth/tokens`, {
    method: 'POST',
    headers: {'content-type': 'application/json'},
    body: JSON.stringify({auth: {identity, scope: {project: {name: auth['project_name'], domain}}}}),
  });
  const {token} = (await response.json()) as {
    token: {catalog: {type: string; endpoints: {interface: string; region: string; url: string}[]}[]};
  };
  const urlOf = (type: string): string =>
    token.catalog
      .find((service) => service.type === type)
      ?.endpoints.find((endpoint) => endpoint.region === region && endpoint.interface === 'public')?.url ?? '';
  return {
    token: response.headers.get('x-subject-token') ?? '',
    imageUrl: urlOf('image'),
    computeUrl: urlOf('compute'),
  };
}

/** Other tests of the same cloud may hold a port for a while. */
async function firstFree(ports: readonly number[]): Promise<Upstream> {
  for (const port of ports) {
    try {
      return await startUpstream({port});
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    }
  }
  throw new Error(`none of the ports ${ports.join(', ')} is free`);
}
