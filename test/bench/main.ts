import {resolve} from 'node:path';
import {clearWorkshop} from './building/workshop.ts';
import {endAll} from './child.ts';
import type {Bench, HostBench} from './measure/bench.ts';
import {measureBeside} from './measure/beside.ts';
import {measureBuild} from './measure/build.ts';
import {measureConsoles} from './measure/consoles.ts';
import {measureFresh} from './measure/fresh.ts';
import {measureGuards} from './measure/guards.ts';
import {measureHistory} from './measure/history.ts';
import {measureFake, measureMany} from './measure/many.ts';
import {measureServe} from './measure/serve.ts';
import {measureStartup} from './measure/startup.ts';
import {measureStatus} from './measure/status.ts';
import {measureUpload} from './measure/upload.ts';
import {measureVerify} from './measure/verify.ts';
import {makePlace} from './place.ts';
import type {Figure} from './report.ts';
import {machine, save, table} from './report.ts';

/** Those that need no OpenStack; `run` beside this file starts none for them. */
const ON_THIS_HOST: Readonly<Record<string, (bench: HostBench) => Promise<Figure[]>>> = {
  startup: measureStartup,
  build: measureBuild,
  guards: measureGuards,
  consoles: measureConsoles,
  status: measureStatus,
  history: measureHistory,
  serve: measureServe,
  beside: measureBeside,
};

const ON_THE_CLOUD: Readonly<Record<string, (bench: Bench) => Promise<Figure[]>>> = {
  fake: measureFake,
  fresh: measureFresh,
  upload: measureUpload,
  verify: measureVerify,
  many: measureMany,
};

const root = resolve('.');
const chosen = process.argv.slice(2);
const names = [...Object.keys(ON_THIS_HOST), ...Object.keys(ON_THE_CLOUD)];
const unknown = chosen.filter((name) => !names.includes(name));
if (unknown.length > 0) {
  process.stderr.write(`bench: no measure ${unknown.join(', ')}; there are ${names.join(', ')}\n`);
  process.exit(2);
}
const begun = performance.now();
const say = (text: string): void =>
  void process.stderr.write(`[${Math.round((performance.now() - begun) / 1000)} s] ${text}\n`);
const folder = `${root}/.cache/bench`;
const isChosen = (name: string): boolean => chosen.length === 0 || chosen.includes(name);
const place = Object.keys(ON_THE_CLOUD).some(isChosen) ? await makePlace(folder) : undefined;
let interrupted = false;
const isInterrupted = (): boolean => interrupted;
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)
  process.on(signal, () => {
    if (interrupted) process.exit(code);
    interrupted = true;
    say('interrupted, removing what was made');
    endAll();
    void Promise.allSettled([place?.remove(), clearWorkshop(folder)]).then(() => process.exit(code));
  });

const figures: Figure[] = [];
let failed = false;
try {
  const bench: HostBench = {folder, root, rounds: Number(process.env['BENCH_ROUNDS'] ?? 1), say};
  for (const [name, measure] of Object.entries(ON_THIS_HOST))
    if (isChosen(name)) failed = !(await attempt(name, () => measure(bench))) || failed;
  if (place)
    for (const [name, measure] of Object.entries(ON_THE_CLOUD))
      if (isChosen(name)) failed = !(await attempt(name, () => measure({...bench, place}))) || failed;
} finally {
  await place?.remove();
}
const path = await save(folder, figures);
process.stdout.write(`\n${machine()}\n\n${table(figures)}\n\nevery sample: ${path}\n`);
process.exitCode = failed || figures.some(({target}) => target?.kept === false) ? 1 : 0;

/** One measurement that breaks does not take the others with it. */
async function attempt(name: string, measure: () => Promise<Figure[]>): Promise<boolean> {
  if (isInterrupted()) return false;
  try {
    figures.push(...(await measure()));
    return true;
  } catch (error) {
    if (!isInterrupted())
      say(`${name} could not be measured: ${error instanceof Error ? error.message : String(error)}`);
    return false;
  }
}
