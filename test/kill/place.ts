import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {execa} from 'execa';
import {run} from '../../src/run.ts';
import {fakeIo} from '../cli/fake-io.ts';
import {startFakeCloud} from '../fakes/fake-cloud.ts';
import type {FakeCloud, FakeCloudOptions} from '../fakes/fake-cloud.ts';
import type {ImageRecord} from '../fakes/glance/image-table.ts';
import {startUpstream} from '../fakes/upstream.ts';
import type {Upstream} from '../fakes/upstream.ts';
import {CLI, COMPILED} from './build.ts';

/** All that outlives one kill: the source with its files, and a folder with the same files and with definitions. */
export interface Place {
  readonly upstream: Upstream;
  readonly folder: string;
  close(): Promise<void>;
}

export async function openPlace(): Promise<Place> {
  const [upstream, folder] = await Promise.all([startUpstream(), mkdtemp(join(tmpdir(), 'imgmgr-kill-'))]);
  for (const version of ['1', '2', '3', '4']) {
    upstream.put(`/${version}.raw`, bytesOf(version));
    await writeFile(join(folder, `${version}.raw`), bytesOf(version));
  }
  return {
    upstream,
    folder,
    async close() {
      await upstream.close();
      await rm(folder, {recursive: true, force: true});
    },
  };
}

/** The bytes of a version; `4` are others than any version's own. */
export function bytesOf(version: string): Buffer {
  return Buffer.alloc(200_000, `bytes of version ${version} `);
}

/** Writes a definition file and returns its path. */
export async function define(place: Place, name: string, text: string): Promise<string> {
  const path = join(place.folder, name);
  await writeFile(path, text);
  return path;
}

/** The images of a cloud, to be put into others. */
export type Snapshot = readonly ImageRecord[];

export function snapshot(cloud: FakeCloud): Snapshot {
  const {projectId} = cloud.accounts.admin;
  return cloud.images.all().map((record) => ({...record, owner: record.owner === projectId ? 'ours' : record.owner}));
}

/** A new cloud that holds the images already. */
export async function cloudWith(images: Snapshot, options: FakeCloudOptions = {}): Promise<FakeCloud> {
  const cloud = await startFakeCloud({importDelayMs: 2, ...options});
  const state = await mkdtemp(join(tmpdir(), 'imgmgr-kill-state-'));
  STATES.set(cloud, state);
  const close = cloud.close.bind(cloud);
  Object.assign(cloud, {
    async close() {
      await close();
      await rm(state, {recursive: true, force: true});
    },
  });
  for (const image of images)
    cloud.seed(
      {...image, owner: image.owner === 'ours' ? cloud.accounts.admin.projectId : image.owner},
      bytesOf(image.properties['internal_version'] ?? ''),
    );
  return cloud;
}

/** The folders of state of the host whose runs work on a cloud. */
const STATES = new WeakMap<FakeCloud, string>();

/** `XDG_STATE_HOME` of the runs on a cloud. */
export function stateOf(cloud: FakeCloud): string {
  const state = STATES.get(cloud);
  if (state === undefined) throw new Error('the cloud was not made by cloudWith');
  return state;
}

/** Runs the command line in this process, undisturbed. */
export async function runHere(
  cloud: FakeCloud,
  argv: readonly string[],
): Promise<{readonly code: number; readonly text: string}> {
  const io = fakeIo();
  const code = await run([...argv, '--json'], io, environment(cloud));
  return {code, text: io.out() + io.err()};
}

/** Most of such a process's time goes into its start, and much of that into collecting garbage that dies with it. */
const LITTLE_WORK = ['--min-semi-space-size=16', '--single-threaded-gc'];

/** A process of the command line. */
export type Child = ReturnType<typeof runAsProcess>;

/** Runs the command line as a process of its own, which can be killed. */
export function runAsProcess(
  cloud: FakeCloud,
  argv: readonly string[],
  how: {readonly nodeOptions?: readonly string[]; readonly program?: string} = {},
) {
  const node = [...LITTLE_WORK, ...(how.nodeOptions ?? []), how.program ?? CLI, ...argv, '--json'];
  return execa(process.execPath, node, {
    reject: false,
    stdin: 'ignore',
    extendEnv: false,
    env: {...environment(cloud), NODE_COMPILE_CACHE: COMPILED},
  });
}

function environment(cloud: FakeCloud): Record<string, string> {
  const state = {XDG_STATE_HOME: stateOf(cloud)};
  return {...cloud.environment(), ...state, HOME: '/nonexistent', PATH: process.env['PATH'] ?? ''};
}
