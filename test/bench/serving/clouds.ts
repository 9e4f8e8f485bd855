import {createHash} from 'node:crypto';
import {writeFile} from 'node:fs/promises';
import {startFakeCloud} from '../../fakes/fake-cloud.ts';
import type {FakeCloud} from '../../fakes/fake-cloud.ts';
import type {Listed} from '../definitions.ts';
import {writeDefinitions} from '../definitions.ts';
import {CLOUDS} from '../filled-history.ts';
import {serveImages} from '../image-server.ts';
import {RawApi} from '../raw-api.ts';
import {seedLive} from '../seed.ts';

const DEFINITIONS = 40;
/** Of each definition on each cloud: the current image and one before it. */
const EACH = 2;
/** Definitions of which no cloud has an image yet: runs import them. */
const FRESH = 6;
const FRESH_BYTES = 4_000_000;

/** 14 fake clouds with 40 definitions each. */
export interface FakeClouds {
  readonly names: readonly string[];
  /** Paths of clouds.yaml and of the folder with all definitions. */
  readonly cloudsYaml: string;
  readonly images: string;
  /** Definitions that a run finds something to do for. */
  readonly fresh: readonly string[];
  close(): Promise<void>;
}

/** Starts the clouds, and puts images into them as imgmgr leaves them. */
export async function startClouds(folder: string): Promise<FakeClouds> {
  const seeded = await writeDefinitions(`${folder}/serve-seeded`, seededDefinitions());
  const server = await serveImages(FRESH, FRESH_BYTES);
  const fresh = server.images.map(({url, sha512}, index): Listed => ({
    ...{name: `Fresh ${index}`, url, checksum: `sha512:${sha512}`, verified: false},
  }));
  const clouds: FakeCloud[] = [];
  const close = async (): Promise<void> => {
    server.close();
    await Promise.all(clouds.map(async (cloud) => cloud.close()));
  };
  try {
    for (let index = 0; index < CLOUDS; index++) clouds.push(await startFakeCloud());
    await Promise.all(clouds.map(async (cloud) => seed(cloud, seeded)));
    const names = clouds.map((_, index) => `cloud-${index}`);
    const cloudsYaml = `${folder}/serve-clouds.yaml`;
    const entries = clouds.map((cloud, index) => `  ${names[index] ?? ''}: ${entryOf(cloud)}\n`);
    await writeFile(cloudsYaml, `clouds:\n${entries.join('')}`, {mode: 0o600});
    const images = await writeDefinitions(`${folder}/serve-images`, [...seededDefinitions(), ...fresh]);
    return {names, cloudsYaml, images, fresh: fresh.map(({name}) => name), close};
  } catch (error) {
    await close();
    throw error;
  }
}

function seededDefinitions(): readonly Listed[] {
  return Array.from({length: DEFINITIONS}, (_, index) => ({
    name: `Definition ${index}`,
    url: `http://198.18.7.1:18080/serve/${index}.raw`,
    checksum: `sha512:${createHash('sha512').update(String(index)).digest('hex')}`,
  }));
}

async function seed(cloud: FakeCloud, folder: string): Promise<void> {
  const {OS_USERNAME: user = '', OS_PASSWORD: password = '', OS_PROJECT_NAME: project = ''} = cloud.environment();
  await seedLive(await RawApi.logIn({authUrl: cloud.authUrl, user, password, project}), folder, EACH);
}

function entryOf(cloud: FakeCloud): string {
  const {OS_USERNAME: user = '', OS_PASSWORD: password = '', OS_PROJECT_NAME: project = ''} = cloud.environment();
  return `{auth: {auth_url: "${cloud.authUrl}", username: ${user}, password: ${password}, project_name: ${project}, user_domain_name: Default, project_domain_name: Default}, region_name: RegionOne, interface: public, identity_api_version: 3}`;
}
