import {createHash} from 'node:crypto';
import {mkdir, writeFile} from 'node:fs/promises';
import {startFakeCloud} from '../../fakes/fake-cloud.ts';
import type {FakeCloud} from '../../fakes/fake-cloud.ts';
import {run} from '../child.ts';
import type {Command} from '../child.ts';
import {writeDefinitions} from '../definitions.ts';
import {RawApi} from '../raw-api.ts';
import {atMost} from '../report.ts';
import type {Figure} from '../report.ts';
import {inTurn} from '../samples.ts';
import {seedLive} from '../seed.ts';
import type {HostBench} from './bench.ts';
import {imgmgr} from './bench.ts';

const DEFINITIONS = 200;
const EACH = 5;
const OTHERS = 10_000;

/** `status` over 1,000 live images, and `status --all` over 10,000 of others besides, on the fake cloud, beside the raw listings. */
export async function measureStatus(bench: HostBench): Promise<Figure[]> {
  const listed = Array.from({length: DEFINITIONS}, (_, index) => ({
    name: `imgmgr-bench many ${index + 1}`,
    url: `http://198.18.7.1:18080/many/${index + 1}.raw`,
    checksum: `sha512:${createHash('sha512').update(String(index)).digest('hex')}`,
  }));
  const folder = await writeDefinitions(`${bench.folder}/status`, listed);
  const fake = await startFakeCloud();
  try {
    const {OS_USERNAME: user = '', OS_PASSWORD: password = '', OS_PROJECT_NAME: project = ''} = fake.environment();
    await seedLive(await RawApi.logIn({authUrl: fake.authUrl, user, password, project}), folder, EACH);
    const own = await compare({bench, fake, folder}, {name: `status, ${DEFINITIONS * EACH} live images`, flags: []});
    for (let index = 0; index < OTHERS; index++) fake.images.text(fake.seed(otherImage(index)));
    const all = await compare(
      {bench, fake, folder},
      {name: `status --all, ${OTHERS} images of others`, flags: ['--all']},
    );
    const [ours, raw] = [own.ours.median, own.raw.median];
    return [
      ...figures(own, atMost(ours, 1.2 * raw + 300, '1.2 × raw + 300')),
      ...figures(all, atMost(all.ours.median, 1.3 * all.raw.median, '1.3 × raw')),
      {name: `${all.name}, peak memory`, unit: 'MiB', ours: all.peak, target: atMost(all.peak, 150, 'limit')},
    ];
  } finally {
    await fake.close();
  }
}

interface World {
  readonly bench: HostBench;
  readonly fake: FakeCloud;
  readonly folder: string;
}

/** Half of them as SCS wants them, half without most of what it demands. */
function otherImage(index: number): Parameters<FakeCloud['seed']>[0] {
  const described = {
    ...{architecture: 'x86_64', hypervisor_type: 'qemu', hw_disk_bus: 'scsi', hw_scsi_model: 'virtio-scsi'},
    ...{hw_rng_model: 'virtio', os_distro: 'debian', os_version: String(index), os_purpose: 'generic'},
    ...{replace_frequency: 'never', provided_until: 'none', uuid_validity: 'none', hotfix_hours: '0'},
    ...{image_build_date: '2026-01-05', image_original_user: 'debian', image_source: 'private'},
    image_description: 'https://example.test/',
  };
  const properties = index % 2 === 0 ? described : {os_distro: 'other', hw_disk_bus: 'nvme', note: `number ${index}`};
  return {
    name: `Other ${index}`,
    owner: `project-${index % 50}`,
    tags: ['other'],
    min_disk: 8,
    min_ram: 512,
    properties,
  };
}

interface Compared {
  readonly name: string;
  readonly ours: {readonly median: number; readonly all: readonly number[]};
  readonly raw: {readonly median: number; readonly all: readonly number[]};
  readonly peak: number;
}

async function compare(
  {bench, fake, folder}: World,
  {name, flags}: {readonly name: string; readonly flags: readonly string[]},
): Promise<Compared> {
  bench.say(`${name}, beside the raw listing`);
  await mkdir(bench.folder, {recursive: true});
  const clouds = `${bench.folder}/status-clouds.yaml`;
  await writeFile(clouds, fake.cloudsYaml(), {mode: 0o600});
  const program = imgmgr(bench, 'status', '--cloud', 'admin', '--images', folder, ...flags);
  const command: Command = {...program, env: {...program.env, OS_CLIENT_CONFIG_FILE: clouds}};
  const script = `${bench.folder}/js/test/bench/floor/list.js`;
  const byHand: Command = {argv: [process.execPath, script, ...flags], env: fake.environment()};
  const {peakMib: peak} = await run({...command, memory: true});
  const timed = await inTurn(5 * bench.rounds, {
    ours: async () => (await run(command)).ms,
    raw: async () => (await run(byHand)).ms,
  });
  return {name, ...timed, peak};
}

function figures({name, ours, raw}: Compared, target: NonNullable<Figure['target']>): Figure[] {
  return [
    {
      name: `${name}, wall`,
      unit: 'ms',
      ours: ours.median,
      other: {what: 'raw listing', value: raw.median},
      target,
      samples: {ours: ours.all, raw: raw.all},
    },
  ];
}
