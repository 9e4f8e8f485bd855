import {mkdir, rm} from 'node:fs/promises';
import {setTimeout as sleep} from 'node:timers/promises';
import {memoryMib, processorMs} from '../child.ts';
import {CLOUDS, EVENTS_EACH, RUNS, fillHistory} from '../filled-history.ts';
import {atMost} from '../report.ts';
import type {Figure} from '../report.ts';
import {inTurn, median} from '../samples.ts';
import type {FakeClouds} from '../serving/clouds.ts';
import {startClouds} from '../serving/clouds.ts';
import type {Server} from '../serving/server.ts';
import {startServer} from '../serving/server.ts';
import {watch} from '../serving/watchers.ts';
import type {Watcher} from '../serving/watchers.ts';
import {writeRun} from '../serving/written-run.ts';
import type {HostBench} from './bench.ts';

const ANSWER_LIMIT_MS = 100;
const EVENT_LIMIT_MS = 250;
const IDLE_LIMIT_MIB = 90;
const IDLE_LIMIT_PERCENT = 0.5;
const WATCHERS = 1000;
const WATCHERS_LIMIT_MIB = 200;
const IDLE_MS = 30_000;

/** What one measurement is given. */
interface World {
  readonly bench: HostBench;
  readonly server: Server;
  readonly clouds: FakeClouds;
  /** The folder with the history. */
  readonly folder: string;
}

/**
 * `imgmgr serve` over 14 fake clouds of 40 definitions and a history of 10,000 runs and 1,000,000 events: what it takes while nobody asks,
 * how long answers and events take, and what 1,000 watchers of one run cost.
 */
export async function measureServe(bench: HostBench): Promise<Figure[]> {
  const state = `${bench.folder}/serve`;
  const folder = `${state}/imgmgr`;
  await rm(state, {recursive: true, force: true});
  await mkdir(folder, {recursive: true, mode: 0o700});
  bench.say(`a history of ${RUNS} runs and ${RUNS * EVENTS_EACH} events, and ${CLOUDS} clouds`);
  fillHistory(`${folder}/history.sqlite`);
  const clouds = await startClouds(bench.folder);
  try {
    const server = await startServer({
      bench,
      flags: ['--images', clouds.images, ...clouds.names.flatMap((name) => ['--cloud', name])],
      env: {XDG_STATE_HOME: state, OS_CLIENT_CONFIG_FILE: clouds.cloudsYaml},
    });
    try {
      const world = {bench, server, clouds, folder};
      return [
        ...(await idle(world, 'nobody has asked yet')),
        ...(await answers(world)),
        ...(await events(world)),
        ...(await watchers(world)),
        ...(await idle(world, 'after all that')),
      ];
    } finally {
      await server.close();
    }
  } finally {
    await clouds.close();
    await rm(state, {recursive: true, force: true});
  }
}

/** Memory and processor time of the server while nobody asks. */
async function idle({bench, server}: World, when: string): Promise<Figure[]> {
  bench.say(`idle, ${when}`);
  // What came before is over, and what it left is collected: once a minute at most.
  await sleep(75_000);
  const [before, begun] = [processorMs(server.pid), performance.now()];
  await sleep(IDLE_MS);
  const percent = (100 * (processorMs(server.pid) - before)) / (performance.now() - begun);
  const memory = memoryMib(server.pid, 'VmRSS');
  return [
    {
      ...{name: `serve: idle, ${when}, memory`, unit: 'MiB', ours: memory},
      target: atMost(memory, IDLE_LIMIT_MIB, 'limit'),
    },
    {
      ...{name: `serve: idle, ${when}, processor`, unit: '%', ours: percent},
      target: atMost(percent, IDLE_LIMIT_PERCENT, 'limit'),
    },
  ];
}

/** Every page and list. */
async function answers({bench, server}: World): Promise<Figure[]> {
  bench.say('the clouds are read for the first time');
  const begun = performance.now();
  for (;;) {
    const known = JSON.parse((await server.call('GET', '/v1/images')).text) as {clouds: {observedAt: string | null}[]};
    if (known.clouds.every(({observedAt}) => observedAt !== null)) break;
    await sleep(100);
  }
  const firstMs = performance.now() - begun;
  bench.say('pages and lists');
  const list = JSON.parse((await server.call('GET', '/v1/runs?limit=1000')).text) as {runs: {id: string}[]};
  const ids = list.runs.map(({id}) => id);
  const id = ids[0] ?? '';
  const paths: Readonly<Record<string, string>> = {
    'the page and its script': '/',
    'images, 14 clouds × 40 definitions': '/v1/images',
    'images of a cloud': '/v1/images?cloud=cloud-3',
    'images of a definition': '/v1/images?definition=Definition%207',
    'an image': '/v1/images/cloud-3/Definition%207',
    definitions: '/v1/definitions',
    runs: '/v1/runs',
    'runs, 1,000': '/v1/runs?limit=1000',
    'runs behind another': `/v1/runs?before=${ids.at(-1) ?? ''}`,
    'runs under way': '/v1/runs?result=running',
    'failed runs': '/v1/runs?result=failed',
    'runs of a cloud': '/v1/runs?cloud=cloud-3',
    'runs of a definition': '/v1/runs?definition=Definition%207',
    'runs of a definition that has none': '/v1/runs?definition=None',
    'builds, of which there are none': '/v1/runs?verb=build',
    'failed runs of a cloud': '/v1/runs?result=failed&cloud=cloud-3&verb=manage',
    'a run': `/v1/runs/${id}`,
    plans: '/v1/plans',
    metrics: '/metrics',
  };
  const figures: Figure[] = [{name: `serve: first look at ${CLOUDS} clouds`, unit: 'ms', ours: firstMs}];
  for (const [name, path] of Object.entries(paths)) {
    await server.call('GET', path);
    const cpu = processorMs(server.pid);
    const {ours} = await inTurn(9 * bench.rounds, {ours: async () => (await server.call('GET', path)).ms});
    figures.push(answered(name, ours));
    // What the answer takes where nothing else keeps the machine busy; the kernel counts in hundredths of a second.
    const eachMs = (processorMs(server.pid) - cpu) / ours.all.length;
    if (eachMs >= 10) figures.push({name: `serve: the same, processor of the server`, unit: 'ms', ours: eachMs});
  }
  for (const path of ['/v1/runs', '/v1/images']) {
    const token = server.tokens.limited;
    const {ours} = await inTurn(9 * bench.rounds, {ours: async () => (await server.call('GET', path, {token})).ms});
    figures.push(answered(`${path.slice(4)}, of a token that sees some clouds`, ours));
  }
  const whole = await inTurn(9 * bench.rounds, {
    ours: async () => {
      const from = performance.now();
      const {over, socket} = await watch({port: server.port, token: server.tokens.operator, id}, () => undefined);
      await firstEvent(socket);
      socket.destroy();
      void over.catch(() => undefined);
      return performance.now() - from;
    },
  });
  figures.push(answered('first events of a run', whole.ours));
  bench.say('pages while all clouds are read again');
  // They are read again for somebody who asks once in ten seconds at most.
  await sleep(11_000);
  const refreshing = server.call('GET', '/v1/images?refresh=1');
  const meanwhile: number[] = [];
  const state = {over: false};
  const ended = refreshing.finally(() => {
    state.over = true;
  });
  while (!state.over) meanwhile.push((await server.call('GET', '/v1/runs')).ms);
  await ended;
  return [
    ...figures,
    {
      ...{name: 'serve: runs while all clouds are read again, median', unit: 'ms', ours: median(meanwhile)},
      samples: {ours: meanwhile},
    },
    {name: 'serve: the same, longest', unit: 'ms', ours: Math.max(0, ...meanwhile)},
    {name: `serve: memory after that`, unit: 'MiB', ours: memoryMib(server.pid, 'VmRSS')},
  ];
}

function answered(
  name: string,
  {median: ours, all}: {readonly median: number; readonly all: readonly number[]},
): Figure {
  return {
    name: `serve: ${name}`,
    unit: 'ms',
    ours,
    target: atMost(ours, ANSWER_LIMIT_MS, 'limit'),
    samples: {ours: all},
  };
}

async function firstEvent(socket: Watcher['socket']): Promise<void> {
  await new Promise<void>((resolve) => {
    socket.on('data', (chunk: Buffer) => {
      if (chunk.toString('latin1').includes('data: ')) resolve();
    });
  });
}

/** Runs that import six images each: from the moment that each event names to its receipt. */
async function events({bench, server, clouds}: World): Promise<Figure[]> {
  bench.say('events of real runs');
  const late: number[] = [];
  for (const cloud of clouds.names.slice(0, 2 * bench.rounds)) {
    const body = {verb: 'manage', clouds: [cloud], definitions: clouds.fresh};
    const {id} = JSON.parse((await server.call('POST', '/v1/runs', {body})).text) as {id: string};
    const watched = await watch({port: server.port, token: server.tokens.operator, id}, ({at}, receivedMs) => {
      late.push(receivedMs - Date.parse(at));
    });
    await watched.over;
    watched.socket.destroy();
  }
  const sorted = late.toSorted((a, b) => a - b);
  const of = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return [
    {
      name: `serve: event at a watcher, ${late.length} events, median`,
      unit: 'ms',
      ours: of(0.5),
      samples: {ours: late},
    },
    {name: 'serve: the same, 95 of 100', unit: 'ms', ours: of(0.95)},
    {
      ...{name: 'serve: the same, longest', unit: 'ms', ours: of(1)},
      target: atMost(of(1), EVENT_LIMIT_MS, 'limit'),
    },
  ];
}

/** 1,000 watchers of one run that says something 20 times a second. */
async function watchers({bench, server, folder}: World): Promise<Figure[]> {
  bench.say(`${WATCHERS} watchers`);
  const run = writeRun(folder);
  const opened: Watcher[] = [];
  try {
    await run.emit(500, 2);
    const before = memoryMib(server.pid, 'VmRSS');
    const late: number[] = [];
    let seen = 0;
    let from = Infinity;
    for (let n = 0; n < WATCHERS; n++)
      opened.push(
        await watch({port: server.port, token: server.tokens.operator, id: run.id}, ({at}, receivedMs) => {
          seen += 1;
          if (Date.parse(at) >= from) late.push(receivedMs - Date.parse(at));
        }),
      );
    while (seen < 500 * WATCHERS) await sleep(50);
    from = Date.now();
    const [cpu, begun] = [processorMs(server.pid), performance.now()];
    await run.emit(200, 50);
    while (seen < 700 * WATCHERS) await sleep(50);
    const percent = (100 * (processorMs(server.pid) - cpu)) / (performance.now() - begun);
    const during = memoryMib(server.pid, 'VmRSS');
    const {ms} = await server.call('GET', '/v1/runs');
    for (const {socket} of opened) socket.destroy();
    await run.end();
    await sleep(5000);
    const sorted = late.toSorted((a, b) => a - b);
    return [
      {name: 'serve: memory before the watchers', unit: 'MiB', ours: before},
      {
        ...{name: `serve: memory with ${WATCHERS} watchers of one run`, unit: 'MiB', ours: during},
        target: atMost(during, WATCHERS_LIMIT_MIB, 'limit'),
      },
      {name: 'serve: event at these watchers, median', unit: 'ms', ours: median(sorted)},
      {name: 'serve: the same, longest', unit: 'ms', ours: sorted.at(-1) ?? 0},
      {name: 'serve: processor meanwhile, 20 events a second', unit: '%', ours: percent},
      {name: 'serve: runs meanwhile', unit: 'ms', ours: ms},
      {name: 'serve: most memory ever', unit: 'MiB', ours: memoryMib(server.pid, 'VmHWM')},
    ];
  } finally {
    for (const {socket} of opened) socket.destroy();
    await run.end();
  }
}
