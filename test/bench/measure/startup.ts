import {existsSync} from 'node:fs';
import {readdir, rm} from 'node:fs/promises';
import {localCatalogue} from '../catalogue.ts';
import {run} from '../child.ts';
import {atMost} from '../report.ts';
import type {Figure} from '../report.ts';
import {inTurn} from '../samples.ts';
import type {HostBench} from './bench.ts';
import {imgmgr} from './bench.ts';

const DRY_RUN_LIMIT_MS = 500;
const VALIDATE_LIMIT_MS = 300;
/** Findings are 3. */
const JUDGED = [0, 3];
/** Something to do is 3. */
const PLANNED = [0, 3];

/** How long it takes to say anything at all, and to plan the whole catalogue. */
export async function measureStartup(bench: HostBench): Promise<Figure[]> {
  const {folder, root} = bench;
  const node = {argv: [process.execPath, '-e', '0']};
  bench.say('imgmgr --version');
  const version = await inTurn(9 * bench.rounds, {
    ours: async () => (await run(imgmgr(bench, '--version'))).ms,
    node: async () => (await run(node)).ms,
  });
  const figures: Figure[] = [
    {
      name: 'imgmgr --version, wall',
      unit: 'ms',
      ours: version.ours.median,
      other: {what: 'node -e 0', value: version.node.median},
      target: atMost(version.ours.median, 2 * version.node.median, '2 × node'),
      samples: {ours: version.ours.all, node: version.node.all},
    },
  ];
  const images = process.env['BENCH_CATALOGUE'] ?? `${root}/images`;
  if (!existsSync(images) || !(await readdir(images)).some((name) => /\.ya?ml$/.test(name))) {
    bench.say(`no catalogue in ${images}: dry-run is not measured`);
    return figures;
  }
  const catalogue = await localCatalogue(images, `${folder}/catalogue`);
  try {
    bench.say(`imgmgr dry-run over the catalogue's ${catalogue.definitions} definitions`);
    await rm(`${folder}/local`, {recursive: true, force: true});
    const dryRun = imgmgr(bench, 'dry-run', '--cloud', 'local', '--images', catalogue.folder);
    const timed = await inTurn(7 * bench.rounds, {
      ours: async () => (await run(dryRun, PLANNED)).ms,
      node: async () => (await run(node)).ms,
    });
    bench.say('imgmgr validate over the same definitions');
    const validate = imgmgr(bench, 'validate', images);
    const judged = await inTurn(7 * bench.rounds, {
      ours: async () => (await run(validate, JUDGED)).ms,
      node: async () => (await run(node)).ms,
    });
    return [
      ...figures,
      {
        name: `validate of the catalogue (${catalogue.definitions} definitions), wall`,
        unit: 'ms',
        ours: judged.ours.median,
        other: {what: 'node -e 0', value: judged.node.median},
        target: atMost(judged.ours.median, judged.node.median + VALIDATE_LIMIT_MS, `node + ${VALIDATE_LIMIT_MS}`),
        samples: {ours: judged.ours.all, node: judged.node.all},
      },
      {
        name: `dry-run of the catalogue (${catalogue.definitions} definitions), wall`,
        unit: 'ms',
        ours: timed.ours.median,
        other: {what: 'node -e 0', value: timed.node.median},
        target: atMost(timed.ours.median, timed.node.median + DRY_RUN_LIMIT_MS, `node + ${DRY_RUN_LIMIT_MS}`),
        samples: {ours: timed.ours.all, node: timed.node.all},
      },
    ];
  } finally {
    catalogue.close();
  }
}
