import {writeFile} from 'node:fs/promises';
import {createHash} from 'node:crypto';
import {startFakeCloud} from '../../fakes/fake-cloud.ts';
import {run} from '../child.ts';
import {writeDefinitions} from '../definitions.ts';
import {RawApi} from '../raw-api.ts';
import {atMost} from '../report.ts';
import type {Figure} from '../report.ts';
import {inTurn} from '../samples.ts';
import {seedLive} from '../seed.ts';
import type {Bench} from './bench.ts';
import {floor, imgmgr} from './bench.ts';

const DEFINITIONS = 200;
const EACH = 5;

/** A run with nothing to do over 200 definitions and 1,000 live images of the fake cloud. */
export async function measureFake(bench: Bench): Promise<Figure[]> {
  const folder = await definitions(bench);
  bench.say(`${DEFINITIONS} definitions over ${DEFINITIONS * EACH} images of the fake cloud`);
  const fake = await startFakeCloud();
  try {
    const {env} = bench.place;
    const {OS_USERNAME: user = '', OS_PASSWORD: password = '', OS_PROJECT_NAME: project = ''} = fake.environment();
    await seedLive(await RawApi.logIn({authUrl: fake.authUrl, user, password, project}), folder, EACH);
    const clouds = `${bench.place.folder}/fake-clouds.yaml`;
    await writeFile(clouds, fake.cloudsYaml(), {mode: 0o600});
    const ours = imgmgr(bench, 'manage', '--cloud', 'admin', '--images', folder, '--no-verify');
    const command = {...ours, env: {...ours.env, OS_CLIENT_CONFIG_FILE: clouds}};
    const byHand = {...floor(bench, 'list'), env: {...env, ...fake.environment()}};
    fake.clearLog();
    await run(command);
    const [calls, writes] = [fake.requests.length, fake.writes().filter(({path}) => !path.includes('auth')).length];
    const timed = await inTurn(5 * bench.rounds, {
      ours: async () => (await run(command)).ms,
      floor: async () => (await run(byHand)).ms,
    });
    const name = `no-op, ${DEFINITIONS} definitions × ${DEFINITIONS * EACH} images, fake`;
    return [
      {
        name: `${name}, wall`,
        unit: 'ms',
        ours: timed.ours.median,
        other: {what: 'floor', value: timed.floor.median},
        target: atMost(timed.ours.median, 1000, 'limit'),
        samples: {ours: timed.ours.all, floor: timed.floor.all},
      },
      {name: `${name}, calls with the login`, unit: 'calls', ours: calls, target: atMost(calls, 4, 'limit')},
      {name: `${name}, writes`, unit: 'writes', ours: writes, target: atMost(writes, 0, 'none')},
    ];
  } finally {
    await fake.close();
  }
}

/** The same on the real Glance. */
export async function measureMany(bench: Bench): Promise<Figure[]> {
  const {place} = bench;
  const folder = await definitions(bench);
  bench.say(`making ${DEFINITIONS * EACH} live images (a minute or two)`);
  await place.empty();
  await seedLive(place.api, folder, EACH);
  bench.say(`${DEFINITIONS} definitions over ${DEFINITIONS * EACH} images`);
  const timed = await inTurn(3 * bench.rounds, {
    ours: async () => (await run(imgmgr(bench, 'manage', '--cloud', 'bench', '--images', folder, '--no-verify'))).ms,
    floor: async () => (await run(floor(bench, 'list'))).ms,
  });
  await place.empty();
  return [
    {
      name: `no-op, ${DEFINITIONS} definitions × ${DEFINITIONS * EACH} images, wall`,
      unit: 'ms',
      ours: timed.ours.median,
      other: {what: 'raw listing', value: timed.floor.median},
      target: atMost(timed.ours.median, 1.2 * timed.floor.median + 300, '1.2 × raw + 300'),
      samples: {ours: timed.ours.all, floor: timed.floor.all},
    },
  ];
}

async function definitions({place}: Bench): Promise<string> {
  const listed = Array.from({length: DEFINITIONS}, (_, index) => ({
    name: `imgmgr-bench many ${index + 1}`,
    url: `http://198.18.7.1:18080/many/${index + 1}.raw`,
    checksum: `sha512:${createHash('sha512').update(String(index)).digest('hex')}`,
  }));
  return writeDefinitions(`${place.folder}/many`, listed);
}
