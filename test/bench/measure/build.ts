import {stat, writeFile} from 'node:fs/promises';
import {loadavg} from 'node:os';
import {startFakeCloud} from '../../fakes/fake-cloud.ts';
import {amongOthers} from '../building/others.ts';
import {readMib} from '../building/read-bytes.ts';
import type {Workshop} from '../building/workshop.ts';
import {clearWorkshop, openWorkshop} from '../building/workshop.ts';
import type {Ran} from '../child.ts';
import {run} from '../child.ts';
import {atMost} from '../report.ts';
import type {Figure} from '../report.ts';
import {inTurn} from '../samples.ts';
import type {HostBench} from './bench.ts';

const MIB = 2 ** 20;
const BUILDS = 2;
const MAX_OVERHEAD = 0.05;
const MAX_OVERHEAD_S = 5;
const MAX_AGAIN = 0.6;
const NO_OPS = 5;
const MAX_NO_OP_MS = 1000;
const MAX_READS = 1.1;

/** What imgmgr adds to diskimage-builder, what its caches save, and how often it reads what was built. */
export async function measureBuild(bench: HostBench): Promise<Figure[]> {
  const workshop = await openWorkshop(bench);
  try {
    return [...(await builds(bench, workshop)), await nothingToDo(bench, workshop), await onePass(bench, workshop)];
  } finally {
    await clearWorkshop(bench.folder);
  }
}

async function builds(bench: HostBench, workshop: Workshop): Promise<Figure[]> {
  const others: Record<'first' | 'ours' | 'bare', number[]> = {first: [], ours: [], bare: []};
  const timed = async (who: keyof typeof others, what: string, work: () => Promise<Ran>): Promise<number> => {
    bench.say(`${what} (load average ${loadavg()[0]?.toFixed(1) ?? '?'})`);
    const watched = await amongOthers(work);
    others[who].push(watched.others);
    const seconds = watched.result.ms / 1000;
    bench.say(`took ${seconds.toFixed(1)} s; others kept ${watched.others.toFixed(2)} cores busy`);
    return seconds;
  };
  const first = await timed('first', 'imgmgr build, caches empty', () => run(workshop.imgmgr([], true)));
  const again = workshop.imgmgr(['--rebuild'], true);
  const {ours, bare} = await inTurn(BUILDS * bench.rounds, {
    ours: () => timed('ours', 'imgmgr build, caches full', () => run(again)),
    bare: () => timed('bare', 'the same call of disk-image-create by hand', workshop.bare),
  });
  const limit = Math.max((1 + MAX_OVERHEAD) * bare.median, bare.median + MAX_OVERHEAD_S);
  const [second = NaN] = ours.all;
  return [
    {
      name: 'imgmgr build, caches full',
      unit: 's',
      ours: ours.median,
      other: {what: 'disk-image-create', value: bare.median},
      target: atMost(ours.median, limit, `the larger of ${1 + MAX_OVERHEAD} × bare, bare + ${MAX_OVERHEAD_S}`),
      samples: {
        ours: ours.all,
        bare: bare.all,
        'cores that others kept busy, ours': others.ours,
        'cores that others kept busy, bare': others.bare,
      },
    },
    {
      name: 'the second build, caches full',
      unit: 's',
      ours: second,
      other: {what: 'first build, caches empty', value: first},
      target: atMost(second, MAX_AGAIN * first, `${MAX_AGAIN} × first`),
      samples: {first: [first], second: [second], 'cores that others kept busy, first': others.first},
    },
  ];
}

async function nothingToDo(bench: HostBench, workshop: Workshop): Promise<Figure> {
  bench.say('imgmgr build with nothing to do');
  const {result, others} = await amongOthers(() =>
    inTurn(NO_OPS * bench.rounds, {ours: async () => (await run(workshop.imgmgr([]))).ms}),
  );
  const {ours} = result;
  bench.say(`others kept ${others.toFixed(2)} cores busy`);
  return {
    name: 'imgmgr build, nothing to do',
    unit: 'ms',
    ours: ours.median,
    target: atMost(ours.median, MAX_NO_OP_MS, 'limit'),
    samples: {ours: ours.all, 'cores that others kept busy': [others]},
  };
}

/** To the fake Glance, which runs in this process: what imgmgr reads is then nobody else's. */
async function onePass(bench: HostBench, workshop: Workshop): Promise<Figure> {
  const {output} = await run(workshop.imgmgr([]));
  const image = /^\/.*\.qcow2$/m.exec(output)?.[0];
  if (image === undefined) throw new Error(`imgmgr build told no image:\n${output.slice(-2000)}`);
  const size = (await stat(image)).size;
  bench.say(`uploading the image of ${Math.round(size / MIB)} MiB to the fake Glance, counting what is read`);
  const fake = await startFakeCloud();
  try {
    const clouds = `${bench.folder}/fake-clouds.yaml`;
    await writeFile(clouds, fake.cloudsYaml(), {mode: 0o600});
    const {argv, env} = workshop.imgmgr(['--upload', '--cloud', 'admin', '--method', 'upload', '--no-verify']);
    const read = await readMib({argv, env: {...env, OS_CLIENT_CONFIG_FILE: clouds}});
    const uploaded = fake.requests.filter(({method, path}) => method === 'PUT' && path.endsWith('/file')).length;
    if (uploaded !== 1 || read * MIB < size)
      throw new Error(`${uploaded} uploads and ${read.toFixed(1)} MiB read tell nothing of ${size} bytes`);
    return {
      name: 'read during the upload of what was built',
      unit: 'MiB',
      ours: read,
      other: {what: 'the image', value: size / MIB},
      target: atMost(read, (MAX_READS * size) / MIB, `${MAX_READS} × image`),
    };
  } finally {
    await fake.close();
  }
}
