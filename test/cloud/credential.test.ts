import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, beforeAll, expect, it} from 'vitest';
import type {Ran} from './support/imgmgr.ts';
import {imgmgr} from './support/imgmgr.ts';
import {IDENTITY, login} from './support/login.ts';

const DAY_MS = 86_400_000;

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'imgmgr-credential-'));
});
afterAll(async () => rm(dir, {recursive: true, force: true}));

/** A call of Keystone without any code of imgmgr. */
async function call(token: string, method: string, path: string, body?: object): Promise<Response> {
  const headers = {'x-auth-token': token, 'content-type': 'application/json'};
  return fetch(`${IDENTITY}${path}`, {method, headers, ...(body && {body: JSON.stringify(body)})});
}

/** `hide` with a new application credential that ends in so many days (undefined: never). */
async function hideWith(days: number | undefined): Promise<Ran> {
  const {token} = await login('demo');
  const self = await fetch(`${IDENTITY}/auth/tokens`, {headers: {'x-auth-token': token, 'x-subject-token': token}});
  const {token: said} = (await self.json()) as {token: {user: {id: string}}};
  const path = `/users/${said.user.id}/application_credentials`;
  const ends = days === undefined ? null : new Date(Date.now() + days * DAY_MS).toISOString().replace('Z', '');
  const made = await call(token, 'POST', path, {
    application_credential: {
      name: `imgmgr-test-${crypto.randomUUID()}`,
      expires_at: ends,
    },
  });
  expect(made.status, await made.clone().text()).toBe(201);
  const {application_credential: one} = (await made.json()) as {application_credential: {id: string; secret: string}};
  try {
    const auth = {auth_url: IDENTITY, application_credential_id: one.id, application_credential_secret: one.secret};
    const clouds = join(dir, 'clouds.yaml');
    await writeFile(clouds, JSON.stringify({clouds: {credential: {auth_type: 'v3applicationcredential', auth}}}));
    const images = join(dir, 'images.yml');
    const meta = {architecture: 'x86_64', os_distro: 'debian'};
    const image = {name: 'credential-test', format: 'raw', login: 'debian', min_ram: 64, status: 'active', meta};
    await writeFile(
      images,
      JSON.stringify({images: [{...image, visibility: 'private', multi: true, tags: [], versions: []}]}),
    );
    return await imgmgr(['hide', '--cloud', 'credential', '--images', images], {OS_CLIENT_CONFIG_FILE: clouds});
  } finally {
    await call(token, 'DELETE', `${path}/${one.id}`);
  }
}

const warnings = ({lines}: Ran): string[] =>
  lines.flatMap(({type, code}) => (type === 'warning' && code ? [code] : []));

it('an application credential that ends within 14 days is warned of, a later one is not', async () => {
  const soon = await hideWith(10);
  expect(soon, soon.stderr).toMatchObject({code: 0});
  expect(warnings(soon)).toContain('credential-expires');
  const later = await hideWith(20);
  expect(later, later.stderr).toMatchObject({code: 0});
  expect(warnings(later)).not.toContain('credential-expires');
  expect(await hideWith(undefined)).toMatchObject({code: 0});
});
