import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {POLICY_RULES, policyFor} from '../../src/core/rights/registry.ts';
import {NEWEST, RealGlance} from './support/glance.ts';
import type {Ran} from './support/imgmgr.ts';
import {imgmgr} from './support/imgmgr.ts';
import {IDENTITY, login} from './support/login.ts';

const PREFIX = 'accept-doctor';
const POLICY = join(process.env['LAB'] ?? '/opt/openstack-lab', 'etc/glance-policy.yaml');

interface Check {
  readonly type: string;
  readonly check: string;
  readonly cloud?: string;
  readonly health: string;
  readonly fact: string;
}

const healths = ({lines}: Ran, cloud: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    (lines as unknown as readonly Check[]).flatMap((line) =>
      line.type === 'check' && line.cloud === cloud ? [[line.check, line.health]] : [],
    ),
  );

let dir = '';
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'imgmgr-doctor-'));
  await writeFile(join(dir, 'first.img'), Buffer.alloc(1_000_000, 'first '));
  await writeFile(join(dir, 'second.img'), Buffer.alloc(1_000_000, 'second '));
});
afterAll(async () => rm(dir, {recursive: true, force: true}));

/** Writes a public definition with so many versions, and gives its path. */
async function definition(versions: number): Promise<string> {
  const listed = ['first', 'second']
    .slice(0, versions)
    .map((name, index) => `{version: '${index + 1}', url: 'file:${name}.img', build_date: 2026-01-0${index + 1}}`);
  const path = join(dir, 'images.yml');
  await writeFile(
    path,
    `images:
  - {name: ${PREFIX}, format: raw, login: debian, min_disk: 1, min_ram: 64, status: active, visibility: public, multi: true, tags: [],
     meta: {architecture: x86_64, os_distro: debian, os_version: '12', os_purpose: generic, uuid_validity: last-1},
     versions: [${listed.join(', ')}]}
`,
  );
  return path;
}

describe('doctor', () => {
  it('sees everything that an administrator may, and makes nothing', async () => {
    const images = await definition(1);
    const glance = await RealGlance.login('http://127.0.0.1:9292', 'admin');
    const there = await glance.create({name: `${PREFIX} there`, visibility: 'private'});
    try {
      const before = await glance.list('');
      const ran = await imgmgr(['doctor', '--images', images, '--cloud', 'admin', '--cloud', 'local']);
      expect(ran.code, ran.stderr).toBe(0);
      expect(healths(ran, 'admin')).toMatchObject({
        ...{login: 'ok', images: 'ok', create: 'ok', public: 'ok', community: 'ok', methods: 'ok', quota: 'ok'},
        ...{servers: 'ok', placement: 'ok', console: 'untried', listener: 'untried', 'in-use': 'ok'},
      });
      expect(healths(ran, 'local')).toMatchObject({login: 'ok', images: 'ok'});
      expect(await glance.list('')).toEqual(before);
    } finally {
      await glance.call('DELETE', `/v2/images/${there.id}`);
    }
  });

  it('says what an ordinary tenant may not: publish, and see whose servers use an image', async () => {
    const images = await definition(1);
    const ran = await imgmgr([
      'import',
      '--cloud',
      'member',
      '--no-publish',
      join(dir, 'first.img'),
      '--name',
      PREFIX,
      '--disk-format',
      'raw',
    ]);
    expect(ran.code, ran.stderr).toBe(0);
    const looked = await imgmgr(['doctor', '--images', images, '--cloud', 'member']);
    expect(looked.code).toBe(1);
    expect(healths(looked, 'member')).toMatchObject({
      login: 'ok',
      create: 'ok',
      public: 'fail',
      servers: 'ok',
      'in-use': 'warn',
    });
    await (await RealGlance.login('http://127.0.0.1:9292', 'demo')).clear(PREFIX);
  });
});

/** A call of Keystone without any code of imgmgr. */
async function keystone(method: string, path: string, body?: object): Promise<Record<string, {readonly id: string}>> {
  const {token} = await login('admin', 'admin');
  const headers = {'x-auth-token': token, 'content-type': 'application/json'};
  const answer = await fetch(`${IDENTITY}${path}`, {method, headers, ...(body && {body: JSON.stringify(body)})});
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return answer.status === 204 ? {} : ((await answer.json()) as Record<string, {readonly id: string}>);
}

describe.each(NEWEST)('a role that has the rules of doctor --policy alone, on $cloud', ({region, url}) => {
  const name = `imgmgr-role-${crypto.randomUUID()}`;
  const made: string[] = [];
  let clouds = '';

  beforeAll(async () => {
    const add = async (path: string, kind: string, fields: object): Promise<string> => {
      const id = (await keystone('POST', path, {[kind]: {name, ...fields}}))[kind]?.id ?? '';
      made.unshift(`${path}/${id}`);
      return id;
    };
    const project = await add('/projects', 'project', {domain_id: 'default'});
    const role = await add('/roles', 'role', {});
    const user = await add('/users', 'user', {domain_id: 'default', password: name});
    await keystone('PUT', `/projects/${project}/users/${user}/roles/${role}`);
    const auth = {auth_url: IDENTITY, username: name, password: name, project_name: name};
    const domains = {user_domain_name: 'Default', project_domain_name: 'Default'};
    clouds = join(dir, 'clouds.yaml');
    await writeFile(clouds, JSON.stringify({clouds: {own: {auth: {...auth, ...domains}, region_name: region}}}));
  });

  afterAll(async () => {
    const admin = await RealGlance.login(url, 'admin');
    await admin.clear(PREFIX);
    await writeFile(POLICY, '{}\n');
    for (const path of made) await keystone('DELETE', path);
  });

  const run = (...argv: readonly string[]): Promise<Ran> =>
    imgmgr([...argv, '--cloud', 'own'], {OS_CLIENT_CONFIG_FILE: clouds});

  it('may publish and retire, and nothing of others; without the rules it may do nothing', async () => {
    const admin = await RealGlance.login(url, 'admin');
    const foreign = await admin.create({name: `${PREFIX} foreign`, visibility: 'public'});
    const images = await definition(1);
    expect((await run('manage', '--images', images)).code).toBe(1);
    const service = policyFor(name).services.find((each) => each.service === 'Glance');
    const rules = (service?.rules ?? []).filter(({need}) => need !== 'optional');
    expect(rules.length).toBe(POLICY_RULES['Glance']?.filter(({need}) => typeof need === 'string').length);
    await writeFile(POLICY, JSON.stringify(Object.fromEntries(rules.map((rule) => [rule.name, rule.check]))));
    // Glance compares the time of the file, which counts in seconds on some file systems.
    await sleep(1100);
    const first = await run('manage', '--images', images);
    expect([first.code, first.done], first.stderr).toEqual([0, ['acquire 1', 'publish 1']]);
    const second = await run('manage', '--images', await definition(2));
    expect([second.code, second.done], second.stderr).toEqual([0, ['acquire 2', 'publish 2', 'retire 1']]);
    const looked = await run('doctor', '--images', images);
    expect(healths(looked, 'own')).toMatchObject({login: 'ok', images: 'ok', create: 'ok', public: 'ok'});
    const shown = (await admin.named(PREFIX)).map((image) => `${image.name}: ${image.visibility}`);
    expect(shown.sort()).toEqual([`${PREFIX} (1): public`, `${PREFIX} foreign: public`, `${PREFIX}: public`]);
    const {token} = await loginAs(name);
    const headers = {'x-auth-token': token};
    const refused = await fetch(`${url}/v2/images/${foreign.id}`, {method: 'DELETE', headers});
    expect(refused.status).toBe(403);
  });
});

/** A token of the user with the role. */
async function loginAs(name: string): Promise<{readonly token: string}> {
  const domain = {name: 'Default'};
  const body = {
    auth: {
      identity: {methods: ['password'], password: {user: {name, domain, password: name}}},
      scope: {project: {name, domain}},
    },
  };
  const headers = {'content-type': 'application/json'};
  const answer = await fetch(`${IDENTITY}/auth/tokens`, {method: 'POST', headers, body: JSON.stringify(body)});
  return {token: answer.headers.get('x-subject-token') ?? ''};
}
