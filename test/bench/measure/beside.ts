import {existsSync} from 'node:fs';
import {mkdir, open, rm, writeFile} from 'node:fs/promises';
import {startFakeCloud} from '../../fakes/fake-cloud.ts';
import type {FakeCloud} from '../../fakes/fake-cloud.ts';
import {localCatalogue} from '../catalogue.ts';
import {run} from '../child.ts';
import type {Ran} from '../child.ts';
import {writeDefinitions} from '../definitions.ts';
import {serveImages} from '../image-server.ts';
import type {Figure} from '../report.ts';
import {inTurn, median} from '../samples.ts';
import type {HostBench} from './bench.ts';
import {imgmgr} from './bench.ts';

const MIB = 2 ** 20;
const UPLOAD_MIB = 1024;
const DEFINITIONS = 200;
/** Something to do is 3. */
const PLANNED = [0, 3];

/** Both programs on the same fake cloud. */
interface Pair {
  readonly bench: HostBench;
  /** The root of the other checkout, built. */
  readonly other: string;
}

/**
 * This program beside the one of another checkout (`BENCH_BESIDE`, built there with `npm run build`), each in turn, on the fake cloud:
 * start, a dry run of the catalogue, fresh images, nothing to do, an upload and its memory. None of them has a target.
 */
export async function measureBeside(bench: HostBench): Promise<Figure[]> {
  const other = process.env['BENCH_BESIDE'];
  if (other === undefined) {
    bench.say('beside: BENCH_BESIDE names no other checkout, so nothing is compared');
    return [];
  }
  if (!existsSync(`${other}/dist/bin/imgmgr.js`)) throw new Error(`${other} has no dist/bin/imgmgr.js; build it there`);
  const pair = {bench, other};
  return [
    ...(await compare(pair, {name: 'imgmgr --version', rounds: 15}, (root) => onHost(pair, root, ['--version']))),
    ...(await catalogue(pair)),
    ...(await fresh(pair)),
    ...(await nothingToDo(pair)),
    ...(await upload(pair)),
  ];
}

/** The other checkout's own catalogue: ours may have keys that an earlier version does not know. */
async function catalogue(pair: Pair): Promise<Figure[]> {
  const {bench, other} = pair;
  const served = await localCatalogue(`${other}/images`, `${bench.folder}/catalogue`);
  try {
    const args = ['dry-run', '--cloud', 'local', '--images', served.folder];
    return await compare(pair, {name: 'dry-run of the catalogue', rounds: 9}, (root) => onHost(pair, root, args));
  } finally {
    served.close();
  }
}

async function fresh(pair: Pair): Promise<Figure[]> {
  const server = await serveImages(6, 21e6);
  try {
    const listed = server.images.map(({url, sha512}, index) => ({
      name: `imgmgr-bench ${index + 1}`,
      url,
      checksum: `sha512:${sha512}`,
    }));
    const folder = await writeDefinitions(`${pair.bench.folder}/beside`, listed);
    return await compare(pair, {name: '6 fresh images on the fake cloud', rounds: 7}, async (root) => {
      const cloud = await startFakeCloud();
      try {
        return await manage(pair, root, {cloud, folder});
      } finally {
        await cloud.close();
      }
    });
  } finally {
    server.close();
  }
}

/** Each over what it made itself: the formats of what is stored may differ. */
async function nothingToDo(pair: Pair): Promise<Figure[]> {
  const {bench, other} = pair;
  const server = await serveImages(DEFINITIONS, 1024);
  const listed = server.images.map(({url, sha512}, index) => ({
    name: `imgmgr-bench many ${index + 1}`,
    url,
    checksum: `sha512:${sha512}`,
  }));
  const folder = await writeDefinitions(`${bench.folder}/beside-many`, listed);
  const clouds = {[bench.root]: await startFakeCloud(), [other]: await startFakeCloud()};
  try {
    const peaks: Record<string, number> = {};
    const work = async (root: string): Promise<Ran> => {
      const cloud = clouds[root];
      if (cloud === undefined) throw new Error(`no cloud for ${root}`);
      const ran = await manage(pair, root, {cloud, folder});
      peaks[root] = Math.max(peaks[root] ?? 0, ran.peakMib);
      return ran;
    };
    bench.say(`${DEFINITIONS} images made by each`);
    for (const root of [bench.root, other]) await work(root);
    for (const root of [bench.root, other]) peaks[root] = 0;
    const name = `no-op, ${DEFINITIONS} definitions × ${DEFINITIONS} images, fake cloud`;
    const times = await compare(pair, {name: name, rounds: 9}, work);
    return [...times, peak(pair, `${name}, peak memory`, peaks)];
  } finally {
    for (const cloud of Object.values(clouds)) await cloud.close();
    server.close();
  }
}

async function upload(pair: Pair): Promise<Figure[]> {
  const {bench} = pair;
  await mkdir(`${bench.folder}/upload`, {recursive: true});
  const path = `${bench.folder}/upload/beside.raw`;
  const file = await open(path, 'w');
  await file.truncate(UPLOAD_MIB * MIB);
  await file.close();
  const flags = ['--cloud', 'admin', '--disk-format', 'raw', '--method', 'upload', '--no-verify'];
  const peaks: Record<string, number> = {};
  try {
    const name = `upload of ${UPLOAD_MIB} MiB to the fake cloud`;
    const times = await compare(pair, {name: name, rounds: 5}, async (root) => {
      const cloud = await startFakeCloud();
      try {
        const ran = await onCloud(pair, root, {cloud, args: ['import', path, '--name', 'beside', ...flags]});
        peaks[root] = Math.max(peaks[root] ?? 0, ran.peakMib);
        return ran;
      } finally {
        await cloud.close();
      }
    });
    return [...times, peak(pair, `${name}, peak memory`, peaks)];
  } finally {
    await rm(path, {force: true});
  }
}

/** Wall and processor time; the second says more on a machine that does something else, too. */
async function compare(
  {bench, other}: Pair,
  {name, rounds}: {readonly name: string; readonly rounds: number},
  measure: (root: string) => Promise<Ran>,
): Promise<Figure[]> {
  bench.say(`${name}, beside another checkout`);
  const cpu: Record<string, number[]> = {[bench.root]: [], [other]: []};
  const timed = async (root: string): Promise<number> => {
    const {ms, cpuMs} = await measure(root);
    cpu[root]?.push(cpuMs);
    return ms;
  };
  const {ours, theirs} = await inTurn(rounds * bench.rounds, {
    ours: () => timed(bench.root),
    theirs: () => timed(other),
  });
  const [oursCpu = [], theirsCpu = []] = [cpu[bench.root], cpu[other]];
  return [
    figure({name: `${name}, wall`, ours: ours.all, theirs: theirs.all}),
    figure({name: `${name}, processor`, ours: oursCpu, theirs: theirsCpu}),
  ];
}

function figure(measured: {
  readonly name: string;
  readonly ours: readonly number[];
  readonly theirs: readonly number[];
}): Figure {
  const {name, ours, theirs} = measured;
  return {
    name,
    unit: 'ms',
    ours: median(ours),
    other: {what: 'the other checkout', value: median(theirs)},
    samples: {ours, other: theirs},
  };
}

function peak({bench, other}: Pair, name: string, peaks: Readonly<Record<string, number>>): Figure {
  return {
    name,
    unit: 'MiB',
    ours: peaks[bench.root] ?? NaN,
    other: {what: 'the other checkout', value: peaks[other] ?? NaN},
  };
}

async function onHost({bench}: Pair, root: string, args: readonly string[]): Promise<Ran> {
  await rm(`${bench.folder}/local`, {recursive: true, force: true});
  return run({...imgmgr({...bench, root}, ...args), memory: true}, PLANNED);
}

async function manage(
  pair: Pair,
  root: string,
  {cloud, folder}: {readonly cloud: FakeCloud; readonly folder: string},
): Promise<Ran> {
  return onCloud(pair, root, {cloud, args: ['manage', '--cloud', 'admin', '--images', folder, '--no-verify']});
}

async function onCloud(
  {bench}: Pair,
  root: string,
  {cloud, args}: {readonly cloud: FakeCloud; readonly args: readonly string[]},
): Promise<Ran> {
  const clouds = `${bench.folder}/beside-clouds.yaml`;
  await writeFile(clouds, cloud.cloudsYaml(), {mode: 0o600});
  const command = imgmgr({...bench, root}, ...args);
  return run({...command, env: {...command.env, OS_CLIENT_CONFIG_FILE: clouds}, memory: true});
}
