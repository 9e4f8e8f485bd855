import {setTimeout as sleep} from 'node:timers/promises';
import {expect, it} from 'vitest';
import {LEASE_MS} from '../../src/core/lease.ts';
import type {FakeCloud} from '../fakes/fake-cloud.ts';
import type {ImageView} from '../fakes/glance/image-table.ts';
import {KILL_MOMENTS, killAt} from '../fakes/write-gate.ts';
import type {KillMoment} from '../fakes/write-gate.ts';
import {dryRunFaults, isImporting, planOf} from './dry-run.ts';
import {historyFaults} from './history.ts';
import {watchLaws} from './laws.ts';
import type {Place, Snapshot} from './place.ts';
import {cloudWith, define, openPlace, runAsProcess, runHere, snapshot, stateOf} from './place.ts';
import type {Scenario, Step} from './scenarios.ts';

const FULL = process.env['FULL'] === '1';

/** How many clouds are disturbed at a time in one test process: much of a run is waiting. */
const AT_ONCE = 3;
/** Where test servers boot, nearly all of it is; where volumes are made and removed, even more. */
const AT_ONCE_BOOTING = 6;
const AT_ONCE_WITH_VOLUMES = 12;

/** One test per scenario: killed at every write that `killsOf` names, and run again. */
export function testEveryWrite(scenarios: readonly Scenario[]): void {
  it.each(scenarios.map((scenario) => [scenario.what, scenario] as const))(
    '%s',
    async (_what, scenario) => {
      const rehearsal = await rehearse(scenario);
      try {
        if (scenario.writes) expect(rehearsal.writes).toEqual(scenario.writes);
        expect(rehearsal.writes).toEqual(expect.arrayContaining([...(scenario.among ?? [])]));
        const kills = killsOf(rehearsal);
        const atOnce = scenario.verified ? AT_ONCE_BOOTING : scenario.hasVolumes ? AT_ONCE_WITH_VOLUMES : AT_ONCE;
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
  const planned = await planOf(cloud, argv);
  const ran = await runHere(cloud, argv);
  expect(ran.code, ran.text).toBe(scenario.exits ?? 0);
  await atRest(cloud);
  expect([...dryRunFaults(planned, ran), ...laws.broken]).toEqual([]);
  const writes = kindsOfWrites(cloud);
  const end = endState(cloud);
  if (scenario.end) expect(byVersion(cloud.views())).toEqual(scenario.end);
  await cloud.close();
  return {scenario, place, argv, start, writes, end};
}

export interface Kill {
  readonly number: number;
  readonly moment: KillMoment;
}

type Disturbed = Pick<Rehearsal, 'writes' | 'scenario'>;

/**
 * The numbers of the writes at which a scenario is disturbed. Leases are written alike in all scenarios: only those that say so are
 * disturbed there. With FULL=1: at every write.
 */
export function disturbedWrites({writes, scenario}: Disturbed, full = FULL): number[] {
  const atLeases = full || scenario.killedAtLeases === true;
  return writes.flatMap((what, index) => (atLeases || !what.endsWith(' lease') ? [index + 1] : []));
}

/**
 * Where a scenario is killed. A write that was done and whose answer never came leaves the cloud as an answer that came, and as the next
 * write that was not sent. So each write is killed before its answer, and the first one before it is sent, too; where leases count, all of
 * them. With FULL=1: every write at each of its three moments.
 */
export function killsOf(of: Disturbed, full = FULL): Kill[] {
  const atEachMoment = full || of.scenario.killedAtLeases === true;
  const writes = disturbedWrites(of, full);
  return writes.flatMap((number) =>
    KILL_MOMENTS.filter((moment) => {
      if (moment === 'before the answer' || full) return true;
      return moment === 'before it is sent' ? atEachMoment || number === writes[0] : number === of.writes.length;
    }).map((moment): Kill => ({number, moment})),
  );
}

/** Kills at one place, runs again, and again; gives what is not as it should be. */
async function disturb(rehearsal: Rehearsal, kill: Kill): Promise<string[]> {
  const cloud = await cloudFor(rehearsal.scenario, rehearsal.start);
  const laws = watchLaws(cloud, bookOf(rehearsal.scenario));
  const faults = await killOnce(rehearsal, cloud, kill);
  if (rehearsal.scenario.nextRunElsewhere) wasElsewhere(cloud);
  faults.push(...(await runAgain(rehearsal, cloud)), ...new Set(laws.broken), ...historyFaults(stateOf(cloud)));
  await cloud.close();
  return faults.map((fault) => `${describeKill(rehearsal, kill)}: ${fault}`);
}

export function describeKill({writes}: Rehearsal, {number, moment}: Kill): string {
  return `killed at write ${number} (${writes[number - 1] ?? ''}) ${moment}`;
}

/** Starts the scenario's process and kills it at one place; says so where it could not be killed there. */
export async function killOnce(rehearsal: Rehearsal, cloud: FakeCloud, {number, moment}: Kill): Promise<string[]> {
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
  const wasKilled = seen.killed && (signal === 'SIGKILL' || exitCode === 0);
  return wasKilled ? [] : [`it was not killed (exit ${exitCode ?? '?'})`];
}

/** All that the killed run left names another host than this one, and the time of its lease is over, but not that of its stamps. */
function wasElsewhere({images, compute, clock}: FakeCloud): void {
  for (const {id, properties} of images.all())
    if (properties['imgmgr_state'] === 'lease')
      images.change(id, 'the host', (lease) => {
        lease.properties = {...properties, imgmgr_host: 'elsewhere', imgmgr_boot_id: 'another'};
      });
  for (const one of [...compute.volumes, ...compute.snapshots])
    if (one.metadata['imgmgr_holder'] !== undefined)
      Object.assign(one, {metadata: {...one.metadata, imgmgr_holder: 'elsewhere another 1 2'}});
  clock.advance(LEASE_MS + 1000);
}

/** The next run ends as the undisturbed one did, and the one after it writes nothing. */
export async function runAgain(rehearsal: Rehearsal, cloud: FakeCloud): Promise<string[]> {
  const faults: string[] = [];
  const {refusedOnceDone, exits = 0} = rehearsal.scenario;
  const isRefused = ({code, text}: Awaited<ReturnType<typeof runHere>>): boolean =>
    refusedOnceDone !== undefined && code === 1 && text.includes(`"code":"${refusedOnceDone}"`);
  const wasDone = refusedOnceDone !== undefined && isDone(rehearsal, cloud);
  const planned = await planOf(cloud, rehearsal.argv);
  const next = await runHere(cloud, rehearsal.argv);
  if (wasDone ? !isRefused(next) : next.code !== exits)
    faults.push(`the next run ended with ${next.code}: ${lastLines(next.text)}`);
  faults.push(...dryRunFaults(planned, next));
  await atRest(cloud);
  const end = endState(cloud);
  if (JSON.stringify(end) !== JSON.stringify(rehearsal.end))
    faults.push(
      `the end is another one: ${JSON.stringify(brief(end))} instead of ${JSON.stringify(brief(rehearsal.end))}`,
    );
  faults.push(...leftFaults(cloud));
  cloud.clearLog();
  const third = await runHere(cloud, rehearsal.argv);
  const writes = kindsOfWrites(cloud);
  if ((refusedOnceDone === undefined ? third.code !== exits : !isRefused(third)) || writes.length > 0)
    faults.push(`the third run (exit ${third.code}) wrote ${writes.join(', ')}`);
  return faults;
}

/** What is left of test servers and of what was made on the way from a volume or a server, by name or by stamp. */
function leftFaults({compute, images}: FakeCloud): string[] {
  const {servers, ports, groups, volumes, snapshots} = compute;
  const stamped = [...servers, ...volumes, ...snapshots].filter(({metadata}) => metadata?.['imgmgr_run'] !== undefined);
  const named = [...servers, ...ports, ...groups, ...volumes, ...snapshots, ...images.all()].filter(
    ({name}) => name?.startsWith('imgmgr-') === true && !/^imgmgr-lease/.test(name),
  );
  return [...new Set([...stamped, ...named])].map(({id, name}) => `${name ?? ''} (${id}) is left`);
}

/** Nothing is missing to the end of an undisturbed run; a lease may be left. */
function isDone({end}: Rehearsal, cloud: FakeCloud): boolean {
  const images = endState(cloud).filter((image) => (image as ImageView)['imgmgr_state'] !== 'lease');
  return JSON.stringify(images) === JSON.stringify(end);
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

/** Everything but ids, times and runs, with the members; sorted. */
export function endState(cloud: FakeCloud): unknown[] {
  const members = new Map<unknown, unknown>(cloud.images.all().map((image) => [image.id, image.members]));
  return cloud
    .views()
    .map((view) =>
      Object.fromEntries(
        Object.entries<unknown>({...view, members: members.get(view['id'])})
          .filter(([key]) => !VARIES.test(key))
          .map(([key, value]): [string, unknown] => [key, key === 'imgmgr_record' ? withoutRun(String(value)) : value])
          .sort(),
      ),
    )
    .sort((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b)));
}

const VARIES =
  /^(?:id|self|file|owner|created_at|updated_at|imgmgr_run|imgmgr_lost|imgmgr_verdict_(?:at|run)|os_glance_.*)$/;

/** The record without the entries that name an image, a run or a time. */
function withoutRun(record: string): string {
  return record.replaceAll(/(?:^| )(?:image|run|verdict_at|verdict_run|published)=\S*/g, '');
}

/** Waits until the cloud imports nothing any more. */
export async function atRest(cloud: FakeCloud): Promise<void> {
  for (let looks = 0; isImporting(cloud); looks++) {
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

/** A cloud that behaves as the scenario says, in every run. */
export async function cloudFor({cloud: options, verified, behaviour}: Scenario, images: Snapshot): Promise<FakeCloud> {
  const cloud = await cloudWith(images, options);
  if (verified) cloud.compute.life = {console: 'server login: '};
  behaviour?.(cloud);
  return cloud;
}

/** The arguments of a step; its definitions are written to `file`. */
export async function argvOf(
  place: Place,
  {verified}: Pick<Scenario, 'verified'>,
  file: string,
  {definitions, address, flags = [], command = address === undefined ? 'manage' : 'import'}: Step,
): Promise<string[]> {
  const located = (text: string): string =>
    text.replaceAll('URL/', `${place.upstream.url}/`).replaceAll('FILE/', `${place.folder}/`);
  const images = definitions === undefined ? [] : ['--images', await define(place, file, located(definitions))];
  const verify = ['manage', 'import'].includes(command) && verified !== true ? ['--no-verify'] : [];
  return [command, ...(address === undefined ? [] : [located(address)]), ...images, ...verify, ...flags];
}

function byVersion(images: readonly ImageView[]): readonly ImageView[] {
  return [...images].sort((a, b) => String(a['internal_version']).localeCompare(String(b['internal_version'])));
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
