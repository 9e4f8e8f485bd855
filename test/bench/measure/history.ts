import {mkdir, rm} from 'node:fs/promises';
import {openReader} from '../../../src/history/reader.ts';
import {run} from '../child.ts';
import {EVENTS_EACH, RUNS, fillHistory} from '../filled-history.ts';
import {atMost} from '../report.ts';
import type {Figure} from '../report.ts';
import {inTurn} from '../samples.ts';
import {writeRun} from '../serving/written-run.ts';
import type {HostBench} from './bench.ts';
import {imgmgr} from './bench.ts';

const LIST_LIMIT_MS = 100;
const OPEN_LIMIT_MS = 20;

/** A history of 10,000 runs and 1,000,000 events: what is asked of it, the command, and what a run adds to it. */
export async function measureHistory(bench: HostBench): Promise<Figure[]> {
  const state = `${bench.folder}/history`;
  const folder = `${state}/imgmgr`;
  await rm(state, {recursive: true, force: true});
  await mkdir(folder, {recursive: true, mode: 0o700});
  bench.say(`a history of ${RUNS} runs and ${RUNS * EVENTS_EACH} events`);
  fillHistory(`${folder}/history.sqlite`);
  try {
    bench.say('what is asked of it');
    const asked = await askReader(folder, bench.rounds);
    bench.say('imgmgr history, beside node -e 0');
    const program = imgmgr(bench, 'history', '--json');
    const command = {...program, env: {...program.env, XDG_STATE_HOME: state}};
    const node = {argv: [process.execPath, '-e', '0']};
    const listed = await inTurn(7 * bench.rounds, {
      ours: async () => (await run(command)).ms,
      node: async () => (await run(node)).ms,
    });
    bench.say('what a run adds');
    return [
      ...asked,
      {
        name: 'imgmgr history, wall',
        unit: 'ms',
        ours: listed.ours.median,
        other: {what: 'node -e 0', value: listed.node.median},
        samples: {ours: listed.ours.all, node: listed.node.all},
      },
      ...(await keepRuns(folder, bench.rounds)),
    ];
  } finally {
    await rm(state, {recursive: true, force: true});
  }
}

async function askReader(folder: string, rounds: number): Promise<Figure[]> {
  const reader = openReader({folder, now: () => new Date()});
  if (!reader) throw new Error('there is no history');
  const newest = reader.runs({limit: 1}).runs[0]?.id ?? '';
  const questions: Readonly<Record<string, () => unknown>> = {
    'the last 20 runs': () => reader.runs({limit: 20}),
    '1,000 runs': () => reader.runs({limit: 1000}),
    'runs of a definition': () => reader.runs({limit: 20, definition: 'Definition 7'}),
    'failed runs of a cloud': () => reader.runs({limit: 20, failed: true, clouds: ['cloud-3']}),
    'all definitions': () => reader.definitions(),
    'one run by the beginning of its id': () => reader.find(newest.slice(0, 8)),
    'one run': () => reader.details(newest),
    'events of a run from one on': () => reader.events(newest, {after: 50, limit: 500}),
  };
  const figures: Figure[] = [];
  for (const [name, ask] of Object.entries(questions)) {
    const {ours} = await inTurn(5 * rounds, {ours: () => Promise.resolve(timed(ask))});
    const target = atMost(ours.median, LIST_LIMIT_MS, 'limit');
    figures.push({name: `history: ${name}`, unit: 'ms', ours: ours.median, target, samples: {ours: ours.all}});
  }
  reader.close();
  return figures;
}

/** What a run of 500 events keeps this process from doing anything else: to open the history, and to write. */
async function keepRuns(folder: string, rounds: number): Promise<Figure[]> {
  const kept = await inTurn(5 * rounds, {
    open: () => keepOne(folder, 1),
    run: () => keepOne(folder, 500),
  });
  return [
    {
      name: 'history: a run of one event, held up',
      unit: 'ms',
      ours: kept.open.median,
      target: atMost(kept.open.median, OPEN_LIMIT_MS, 'limit'),
      samples: {ours: kept.open.all},
    },
    {name: 'history: a run of 500 events, held up', unit: 'ms', ours: kept.run.median, samples: {ours: kept.run.all}},
  ];
}

/** CPU time and waits of this process, without what it sleeps between: nothing else happens here. */
async function keepOne(folder: string, events: number): Promise<number> {
  const before = performance.eventLoopUtilization();
  const run = writeRun(folder);
  await run.emit(events, 0);
  await run.end();
  return performance.eventLoopUtilization(before).active;
}

function timed(work: () => unknown): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}
