import {cpSync, readdirSync, readFileSync} from 'node:fs';
import {hostname} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {openDesk} from '../cli/operator.ts';
import type {Desk} from '../cli/operator.ts';
import type {FakeCompute} from '../fakes/compute-state.ts';
import type {ImageRecord} from '../fakes/glance/image-table.ts';
import {ownProcess} from '../../src/host/process.ts';
import {bytesOf, PROJECT, serve, SOURCE} from './source.ts';

const FIXTURES = fileURLToPath(new URL('../fixtures/1098701/', import.meta.url));

/** A cloud as it was recorded, besides its images. */
type Stored = Pick<FakeCompute, 'servers' | 'ports' | 'groups' | 'volumes'>;

/** Text of a fixture. */
export function fixture(path: string): string {
  return readFileSync(join(FIXTURES, path), 'utf8');
}

/**
 * A desk whose cloud is as the recorded version left it, at that very moment by the cloud's clock; without a name the cloud is empty.
 * `here`: its processes ran on this host and are gone.
 */
export async function openStored(
  name?: 'published' | 'unfinished' | 'leases',
  {here = false, env = {}}: {readonly here?: boolean; readonly env?: Readonly<Record<string, string>>} = {},
): Promise<Desk> {
  const desk = await openDesk({}, env);
  for (const file of readdirSync(join(FIXTURES, 'definitions'))) serve(desk.upstream, fixture(`definitions/${file}`));
  if (name === undefined) return desk;
  const {cloud} = desk;
  const text = fixture(`clouds/${name}.json`)
    .replaceAll(PROJECT, cloud.accounts.admin.projectId)
    .replaceAll(SOURCE, desk.upstream.url);
  const {at, images, compute} = JSON.parse(here ? asOfThisHost(text) : text) as {
    readonly at: string;
    readonly images: readonly ImageRecord[];
    readonly compute: Stored;
  };
  cloud.clock.set(new Date(at));
  for (const image of images)
    cloud.seed(
      {...image, created_at: new Date(image.created_at), updated_at: new Date(image.updated_at)},
      bytesOf(image.properties['image_source']?.split('/').at(-1) ?? ''),
    );
  for (const kind of ['servers', 'ports', 'groups', 'volumes'] as const)
    (cloud.compute[kind] as unknown[]).push(...compute[kind].filter((one) => one.name !== 'default'));
  return desk;
}

/** Writes a recorded definition file with the address of the desk's source; gives its path. */
export async function stored(desk: Desk, name: string): Promise<string> {
  return desk.write(fixture(`definitions/${name}.yml`).replaceAll(SOURCE, desk.upstream.url));
}

/** Copies a recorded folder to where the desk's runs look for it. */
export function copyStored(desk: Desk, from: 'state' | 'built' | 'local'): string {
  const to = join(desk.folder, from === 'local' ? 'local' : 'state/imgmgr');
  cpSync(join(FIXTURES, from), to, {recursive: true});
  return to;
}

/** The text with the name, boot and process namespace of this host in the place of the recorded one's. */
export function asOfThisHost(text: string): string {
  const {hostBootId, pidNamespace} = ownProcess();
  return text
    .replaceAll('boot-of-build-1', hostBootId)
    .replaceAll('4026531836', pidNamespace)
    .replaceAll('build-1', hostname());
}
