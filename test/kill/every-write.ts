import {setTimeout as sleep} from 'node:timers/promises';
import {expect, it} from 'vitest';
import type {FakeCloud} from '../fakes/fake-cloud.ts';
import {KILL_MOMENTS, killAt} from '../fakes/write-gate.ts';
import type {KillMoment} from '../fakes/write-gate.ts';
import {watchLaws} from './laws.ts';
import type {Place, Snapshot} from './place.ts';
import {cloudWith, define, openPlace, runAsProcess, runHere, snapshot} from './place.ts';
import type {Scenario, Step} from './scenarios.ts';

/** How many clouds are disturbed at a time in one test process: much of a run is waiting. */
const AT_ONCE = 3;
/** Where test servers boot, nearly all of it is. */
const AT_ONCE_BOOTING = 6;

/** One test per scenario: killed at every write, at each of its three moments, and run again. */
export function testEveryWrite(scenarios: readonly Scenario[]): void {
  it.each(scenarios.map((scenario) => [scenario.what, scenario] as const))(
    '%s',
    async (_what, scenario) => {
      const rehearsal = await rehearse(scenario);
      try {
        if (scenario.writes) expect(rehearsal.writes).toEqual(scenario.writes);
        const kills = rehearsal.writes.flatMap((_, index) =>
          KILL_MOMENTS.map((moment): Kill => ({number: index + 1, moment})),
        );
        const atOnce = scenario.verified ? AT_ONCE_BOOTING : AT_ONCE;
        expect((await inTurns(kills, (kill) => disturb(rehearsal, kill), atOnce)).flat()).toEqual([]);
      } finally {
        await rehearsal.place.close();
      }
    },
    900_000,
  );
}

/** A scenario as it goes undisturbed. */
export interface Rehearsal {
  readonly scenario: Scenario;
  readonly place: Place;
  readonly argv: readonly string[];
  readonly start: Snapshot;
  readonly writes: readonly string[];
  readonly end: readonly unknown[];
}

export async function rehearse(scenario: Scenario): Promise<Rehearsal> {
  const place = await openPlace();
  const cloud = await cloudFor(scenario, []);
  scenario.seed?.(cloud);
  for (const [index, step] of scenario.before.entries()) {
    const {code, text} = await runHere(cloud, await argvOf(place, scenario, `before-${index}.yml`, step));
    expect(code, text).toBe(0);
    await atRest(cloud);
  }
  const start = snapshot(cloud);
  const argv = await argvOf(place, scenario, 'disturbed.yml', scenario.disturbed);
  cloud.clearLog();
  const laws = watchLaws(cloud, bookOf(scenario));
  const {code, text} = await runHere(cloud, argv);
  expect(code, text).toBe(0);
  await atRest(cloud);
  expect(laws.broken).toEqual([]);
  const writes = kindsOfWrites(cloud);
  const end = endState(cloud);
  await cloud.close();
  return {scenario, place, argv, start, writes, end};
}

interface Kill {
  readonly number: number;
  readonly moment: KillMoment;
}

/** Kills at one place, runs again, and again; gives what is not as it should be. */
async function disturb(rehearsal: Rehearsal, {number, moment}: Kill): Promise<string[]> {
  const cloud = await cloudFor(rehearsal.scenario, rehearsal.start);
  const laws = watchLaws(cloud, bookOf(rehearsal.scenario));
  const child = runAsProcess(cloud, rehearsal.argv);
  const seen = {killed: false};
  const stop = cloud.interceptWrites(
    killAt(number, moment, async () => {
      seen.killed = true;
      child.kill('SIGKILL');
      await child;
    }),
  );
  const {signal, exitCode} = await child;
  stop();
  const faults: string[] = [];
  if (!seen.killed || (signal !== 'SIGKILL' && exitCode !== 0))
    faults.push(`it was not killed (exit ${exitCode ?? '?'})`);
  faults.push(...(await runAgain(rehearsal, cloud)), ...new Set(laws.broken));
  await cloud.close();
  return faults.map((fault) => `killed at write ${number} (${rehearsal.writes[number - 1] ?? ''}) ${moment}: ${fault}`);
}

/** The next run ends as the undisturbed one did, and the one after it writes nothing. */
export async function runAgain(rehearsal: Rehearsal, cloud: FakeCloud): Promise<string[]> {
  const faults: string[] = [];
  const next = await runHere(cloud, rehearsal.argv);
  if (next.code !== 0) faults.push(`the next run ended with ${next.code}: ${lastLines(next.text)}`);
  await atRest(cloud);
  const end = endState(cloud);
  if (JSON.stringify(end) !== JSON.stringify(rehearsal.end))
    faults.push(
      `the end is another one: ${JSON.stringify(brief(end))} instead of ${JSON.stringify(brief(rehearsal.end))}`,
    );
  const {servers, ports, groups} = cloud.compute;
  for (const {name} of [...servers, ...ports, ...groups])
    if (name.startsWith('imgmgr-')) faults.push(`${name} is left of the test servers`);
  cloud.clearLog();
  const third = await runHere(cloud, rehearsal.argv);
  const writes = kindsOfWrites(cloud);
  if (third.code !== 0 || writes.length > 0)
    faults.push(`the third run (exit ${third.code}) wrote ${writes.join(', ')}`);
  return faults;
}

/** `METHOD what` of all writes so far, in order. */
export function kindsOfWrites(cloud: FakeCloud): string[] {
  const leases = new Set<string>();
  return cloud.writes().map(({method, path, body}) => {
    const [, , what, id = '', ...rest] = path.split('/');
    if (what !== 'images') return `${method} ${[what, ...rest].join('/')}`;
    const created = body as {id?: string; imgmgr_state?: string} | undefined;
    if (method === 'POST' && id === '' && created?.imgmgr_state === 'lease') leases.add(created.id ?? '');
    const which = rest.length > 0 ? rest.join('/') : leases.has(id || (created?.id ?? '')) ? 'lease' : 'image';
    return `${method} ${which}`;
  });
}

/** Everything but ids, times and runs; sorted. */
export function endState(cloud: FakeCloud): unknown[] {
  return cloud
    .views()
    .map((view) =>
      Object.fromEntries(
        Object.entries(view)
          .filter(([key]) => !VARIES.test(key))
          .map(([key, value]): [string, unknown] => [key, key === 'imgmgr_record' ? withoutRun(String(value)) : value])
          .sort(),
      ),
    )
    .sort((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b)));
}

const VARIES = /^(?:id|self|file|owner|created_at|updated_at|imgmgr_run|imgmgr_verdict_(?:at|run)|os_glance_.*)$/;

/** The record without the entries that name an image, a run or a time. */
function withoutRun(record: string): string {
  return record.replaceAll(/(?:^| )(?:image|run|verdict_at|verdict_run)=\S*/g, '');
}

/** Waits until the cloud imports nothing any more. */
export async function atRest(cloud: FakeCloud): Promise<void> {
  const busy = (): boolean =>
    cloud.views().some((view) => 'os_glance_import_task' in view || view['status'] === 'saving');
  for (let looks = 0; busy(); looks++) {
    if (looks === 500) throw new Error(`the fake cloud does not come to rest: ${JSON.stringify(brief(cloud.views()))}`);
    await sleep(10);
  }
}

export function bookOf({names = ['X'], stores = [], accepted = {}}: Scenario): Parameters<typeof watchLaws>[1] {
  return {names, stores, accepted};
}

/** Works through all items, several at a time. */
export async function inTurns<T, R>(
  items: readonly T[],
  work: (item: T) => Promise<R>,
  atOnce = AT_ONCE,
): Promise<R[]> {
  const waiting = [...items.entries()];
  const results: R[] = [];
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) results[next[0]] = await work(next[1]);
  };
  await Promise.all(Array.from({length: atOnce}, worker));
  return results;
}

async function cloudFor({cloud: options, verified}: Scenario, images: Snapshot): Promise<FakeCloud> {
  const cloud = await cloudWith(images, options);
  if (verified) cloud.compute.life = {console: 'server login: '};
  return cloud;
}

async function argvOf(
  place: Place,
  {verified}: Scenario,
  file: string,
  {definitions, flags = [], command = 'manage'}: Step,
): Promise<string[]> {
  const path = await define(place, file, definitions.replaceAll('URL/', `${place.upstream.url}/`));
  const verify = command === 'manage' && verified !== true ? ['--no-verify'] : [];
  return [command, '--images', path, ...verify, ...flags];
}

function brief(images: readonly unknown[]): unknown[] {
  return images.map((image) => {
    const {name, status, visibility, os_hidden, tags, imgmgr_state} = image as Readonly<Record<string, unknown>>;
    return [name, status, visibility, os_hidden, tags, imgmgr_state];
  });
}

function lastLines(text: string): string {
  return text.trimEnd().split('\n').slice(-4).join(' ').slice(0, 900);
}
