import {resolve} from 'node:path';
import {endAll} from './child.ts';
import type {Bench} from './measure/bench.ts';
import {measureFresh} from './measure/fresh.ts';
import {measureFake, measureMany} from './measure/many.ts';
import {measureStartup} from './measure/startup.ts';
import {measureUpload} from './measure/upload.ts';
import {measureVerify} from './measure/verify.ts';
import {makePlace} from './place.ts';
import type {Figure} from './report.ts';
import {machine, save, table} from './report.ts';

const MEASURES: Readonly<Record<string, (bench: Bench) => Promise<Figure[]>>> = {
  startup: measureStartup,
  fake: measureFake,
  fresh: measureFresh,
  upload: measureUpload,
  verify: measureVerify,
  many: measureMany,
};

const root = resolve('.');
const chosen = process.argv.slice(2);
const unknown = chosen.filter((name) => !(name in MEASURES));
if (unknown.length > 0) {
  process.stderr.write(`bench: no measure ${unknown.join(', ')}; there are ${Object.keys(MEASURES).join(', ')}\n`);
  process.exit(2);
}
const begun = performance.now();
const say = (text: string): void =>
  void process.stderr.write(`[${Math.round((performance.now() - begun) / 1000)} s] ${text}\n`);
const place = await makePlace(`${root}/.cache/bench`);
let interrupted = false;
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)
  process.on(signal, () => {
    if (interrupted) process.exit(code);
    interrupted = true;
    say('interrupted, removing the images');
    endAll();
    void place.remove().finally(() => process.exit(code));
  });

const figures: Figure[] = [];
let failed = false;
try {
  const bench: Bench = {place, root, rounds: Number(process.env['BENCH_ROUNDS'] ?? 1), say};
  for (const [name, measure] of Object.entries(MEASURES))
    if (chosen.length === 0 || chosen.includes(name)) failed = !(await attempt(name, () => measure(bench))) || failed;
} finally {
  await place.remove();
}
const path = await save(`${root}/.cache/bench`, figures);
process.stdout.write(`\n${machine()}\n\n${table(figures)}\n\nevery sample: ${path}\n`);
process.exitCode = failed || figures.some(({target}) => target?.kept === false) ? 1 : 0;

/** One measurement that breaks does not take the others with it. */
async function attempt(name: string, measure: () => Promise<Figure[]>): Promise<boolean> {
  try {
    figures.push(...(await measure()));
    return true;
  } catch (error) {
    if (!interrupted) say(`${name} could not be measured: ${error instanceof Error ? error.message : String(error)}`);
    return false;
  }
}
