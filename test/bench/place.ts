import {mkdir, writeFile} from 'node:fs/promises';
import {setTimeout as sleep} from 'node:timers/promises';
import {RawApi} from './raw-api.ts';
import type {Login} from './raw-api.ts';
import {countingProxy} from './counting-proxy.ts';
import type {CountingProxy} from './counting-proxy.ts';

const PROJECT = 'imgmgr-bench';
const AUTH_URL = 'http://127.0.0.1:5000/v3';
const GLANCE = 'http://127.0.0.1:9292';
const NOVA = 'http://127.0.0.1:8774/v2.1';
const NEUTRON = 'http://127.0.0.1:9696/v2.0';
const ADMIN: Login = {authUrl: AUTH_URL, user: 'admin', password: 'lab-secret', project: 'admin'};

/** Where everything of the bench happens: a project of its own on the one-node OpenStack, and a folder. */
export interface Place {
  readonly folder: string;
  readonly api: RawApi;
  /** OS_* for the floor's scripts, and the clouds.yaml with the entries `bench` and `counted` (through the proxies). */
  readonly env: Readonly<Record<string, string>>;
  readonly keystoneCalls: CountingProxy;
  readonly glanceCalls: CountingProxy;
  /** Deletes every server and image of the project. */
  empty(): Promise<void>;
  /** Deletes the project and all its images. */
  remove(): Promise<void>;
}

export async function makePlace(folder: string): Promise<Place> {
  await mkdir(folder, {recursive: true});
  const admin = await RawApi.logIn(ADMIN);
  const project = await makeProject(admin);
  const login = {...ADMIN, project: PROJECT};
  const api = await RawApi.logIn(login);
  const [keystoneCalls, glanceCalls] = await Promise.all([countingProxy(AUTH_URL), countingProxy(GLANCE)]);
  const clouds = `${folder}/clouds.yaml`;
  const entry = (authUrl: string, more = ''): string =>
    `{auth: {auth_url: "${authUrl}", username: admin, password: ${ADMIN.password}, project_name: ${PROJECT}, user_domain_name: Default, project_domain_name: Default}, region_name: RegionOne, interface: public, identity_api_version: 3${more}}`;
  const counted = entry(`${keystoneCalls.url}/v3`, `, image_endpoint_override: "${glanceCalls.url}"`);
  await writeFile(clouds, `clouds:\n  bench: ${entry(AUTH_URL)}\n  counted: ${counted}\n`, {mode: 0o600});
  const empty = async (): Promise<void> => {
    await deleteServers(api);
    await deleteImages(api);
  };
  await empty();
  return {
    folder,
    api,
    env: {
      OS_AUTH_URL: AUTH_URL,
      OS_USERNAME: login.user,
      OS_PASSWORD: login.password,
      OS_PROJECT_NAME: PROJECT,
    },
    keystoneCalls,
    glanceCalls,
    empty,
    async remove() {
      await empty();
      await admin.call('DELETE', `${AUTH_URL}/projects/${project}`);
      keystoneCalls.close();
      glanceCalls.close();
    },
  };
}

/** The environment of whoever reads clouds.yaml instead of OS_*. */
export function cloudsEnv(folder: string): Readonly<Record<string, string>> {
  return {OS_CLIENT_CONFIG_FILE: `${folder}/clouds.yaml`};
}

async function makeProject(admin: RawApi): Promise<string> {
  const get = async <Body>(path: string): Promise<Body> => (await admin.call('GET', `${AUTH_URL}${path}`)).body as Body;
  const {projects} = await get<{projects: {id: string}[]}>(`/projects?name=${PROJECT}`);
  const project = projects[0]?.id ?? (await createProject(admin));
  const {users} = await get<{users: {id: string}[]}>(`/users?name=${ADMIN.user}`);
  const {roles} = await get<{roles: {id: string}[]}>('/roles?name=admin');
  await admin.call('PUT', `${AUTH_URL}/projects/${project}/users/${users[0]?.id ?? ''}/roles/${roles[0]?.id ?? ''}`);
  return project;
}

async function createProject(admin: RawApi): Promise<string> {
  const body = {project: {name: PROJECT, domain_id: 'default', description: 'images of the benchmark'}};
  const {project} = (await admin.call('POST', `${AUTH_URL}/projects`, body)).body as {project: {id: string}};
  return project.id;
}

// A Glance under load answers 500 or 409 to a DELETE that it carries out, or will a moment later: the listing decides.
async function deleteImages(api: RawApi): Promise<void> {
  let refusal: unknown;
  for (let pass = 0; pass < 20; pass++) {
    const lists = await Promise.all(
      ['', '&os_hidden=true'].map((filter) =>
        api.glance<{images: {id: string}[]}>('GET', `/images?limit=1000&owner=${api.projectId}${filter}`),
      ),
    );
    const ids = lists.flatMap(({images}) => images.map(({id}) => id));
    if (ids.length === 0) return;
    if (refusal !== undefined) await sleep(500);
    refusal = undefined;
    await inParallel(4, ids, async (id) => {
      try {
        await api.glance('DELETE', `/images/${id}`);
      } catch (error) {
        refusal = error;
      }
    });
  }
  throw refusal instanceof Error ? refusal : new Error('images of the benchmark project could not be deleted');
}

// imgmgr removes its test servers itself; these are of one that was killed.
async function deleteServers(api: RawApi): Promise<void> {
  const {servers} = (await api.call('GET', `${NOVA}/servers`)).body as {servers: {id: string}[]};
  for (const {id} of servers) await api.call('DELETE', `${NOVA}/servers/${id}`);
  const {ports} = (await api.call('GET', `${NEUTRON}/ports?project_id=${api.projectId}`)).body as {
    ports: {id: string; name: string}[];
  };
  for (const {id, name} of ports) if (name.startsWith('imgmgr-')) await api.call('DELETE', `${NEUTRON}/ports/${id}`);
}

/** Works through the items, `width` at a time. */
export async function inParallel<T>(
  width: number,
  items: readonly T[],
  work: (item: T, index: number) => Promise<unknown>,
): Promise<void> {
  const left = [...items.entries()];
  const worker = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) await work(next[1], next[0]);
  };
  await Promise.all(Array.from({length: width}, worker));
}
