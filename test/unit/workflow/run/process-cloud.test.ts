import {createHash} from 'node:crypto';
import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import type {Definition} from '../../../../src/core/definition/definition.ts';
import type {Event, PlannedAction} from '../../../../src/core/events.ts';
import type {Policy} from '../../../../src/core/policy.ts';
import {DEFAULT_POLICY} from '../../../../src/core/policy.ts';
import {createExec} from '../../../../src/exec.ts';
import {createHttp} from '../../../../src/http.ts';
import {createLocal} from '../../../../src/local/local-cloud.ts';
import {createFinder} from '../../../../src/finders/create-finder.ts';
import {createSource} from '../../../../src/sources/create-source.ts';
import {hostRuntime} from '../../../../src/compose/runtime.ts';
import {processCloud} from '../../../../src/workflow/run/process-cloud.ts';
import type {CloudOutcome, RunOptions} from '../../../../src/workflow/types.ts';
import {definition, version} from '../../core/plan/plan-world.ts';

let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'imgmgr-test-'));
});
afterEach(async () => rm(dir, {recursive: true, force: true}));

const OPTIONS: Omit<RunOptions, 'policy' | 'dryRun'> = {
  jobs: 2,
  stuckRetry: 0,
  importTimeoutMs: 60_000,
  silenceNotVerified: true,
};

interface Ran {
  readonly outcome: CloudOutcome;
  readonly events: Event[];
  readonly done: string[];
  /** What was done, with the id that its event carries. */
  readonly performed: readonly PlannedAction[];
}

async function run(
  definitions: readonly Definition[],
  flags: Partial<Policy> = {},
  options: Partial<RunOptions> = {},
): Promise<Ran> {
  const events: Event[] = [];
  const done: PlannedAction[] = [];
  const ports = createLocal({dir: join(dir, 'local')});
  const source = createSource({http: createHttp({proxy: 'none'}), exec: createExec(process.env)});
  const outcome = await processCloud({
    run: crypto.randomUUID(),
    ports,
    source,
    finder: createFinder({source}),
    definitions,
    allNames: new Set(definitions.map(({name}) => name)),
    baseDir: dir,
    adHoc: false,
    options: {...OPTIONS, dryRun: false, ...options, policy: {...DEFAULT_POLICY, verify: false, ...flags}},
    runtime: hostRuntime('a run'),
    emit: (event, {action} = {}) => {
      events.push(event);
      if (event.type === 'action-done') done.push({id: action ?? '', ...event.action});
    },
    signal: new AbortController().signal,
  });
  await source.close();
  return {outcome, events, performed: done, done: done.map(({kind, version}) => `${kind} ${version ?? ''}`)};
}

async function file(name: string, text: string): Promise<{url: string; checksum: {algorithm: 'sha256'; hex: string}}> {
  const bytes = Buffer.alloc(4096, text);
  await writeFile(join(dir, name), bytes);
  return {url: `file:${name}`, checksum: {algorithm: 'sha256', hex: createHash('sha256').update(bytes).digest('hex')}};
}

const raw = (...versions: Parameters<typeof definition>[0]): Definition =>
  definition(versions, {format: 'raw', minDiskGib: 0});

async function names(): Promise<string[]> {
  const {store} = createLocal({dir: join(dir, 'local')});
  return (await store.listTagged('managed_by_imgmgr'))
    .map((image) => `${image.name ?? ''} ${image.visibility} ${image.status}`)
    .sort();
}

describe('a run on the local cloud', () => {
  it('imports, publishes, does nothing the second time, and rotates', async () => {
    const one = raw(version('1', await file('one.img', 'one')));
    const first = await run([one]);
    expect(first.outcome.errors).toEqual([]);
    expect(first.done).toEqual(['acquire 1', 'publish 1']);
    expect(first.outcome.counts).toMatchObject({imported: 1, failed: 0});
    const second = await run([one]);
    expect([second.done, second.outcome.counts.unchanged]).toEqual([[], 1]);
    const third = await run([raw(version('2', await file('two.img', 'two')))]);
    expect(third.done).toEqual(['acquire 2', 'publish 2', 'retire 1']);
    expect(await names()).toEqual(['X (1) public active', 'X public active']);
  });

  it('plans in a dry run exactly what the real one does, and writes nothing', async () => {
    const definitions = [raw(version('1', await file('one.img', 'one')), version('2', await file('two.img', 'two')))];
    const dry = await run(definitions, {}, {dryRun: true});
    expect(dry.outcome.changesPending).toBe(true);
    expect(await names()).toEqual([]);
    const planned = dry.events.flatMap((event) => (event.type === 'planned' ? event.actions : []));
    const real = await run(definitions);
    expect(real.performed).toEqual(planned);
    expect((await run(definitions, {}, {dryRun: true})).outcome.changesPending).toBe(false);
  });

  it('never makes bytes visible that are not the demanded ones, and leaves nothing of them (D1)', async () => {
    const wrong = raw(
      version('1', {...(await file('one.img', 'one')), checksum: {algorithm: 'sha256', hex: 'f'.repeat(64)}}),
    );
    const {outcome, events} = await run([wrong]);
    expect(outcome.errors.map((error) => error.code)).toEqual(['DIGEST_MISMATCH']);
    expect(events.some((event) => event.type === 'action-failed')).toBe(true);
    expect(await names()).toEqual([]);
  });

  it('keeps the base untouched when the newest cannot be had, and goes on with other definitions (D5, D18)', async () => {
    await run([raw(version('1', await file('one.img', 'one')))]);
    const missing = raw(version('2', {url: 'file:missing.img'}));
    const other = {...raw(version('7', await file('seven.img', 'seven'))), name: 'Y'};
    const {outcome, done} = await run([missing, other], {delete: true, yes: true, hide: true});
    expect(outcome.errors.map((error) => error.code)).toEqual(['SOURCE_REFUSED']);
    expect(done).toEqual(['acquire 7', 'publish 7']);
    expect(await names()).toEqual(['X public active', 'Y public active']);
  });

  it('refuses more deletions than --max-delete before anything is written', async () => {
    const meta = {os_purpose: 'generic', uuid_validity: 'last-1'};
    for (const v of ['1', '2', '3']) await run([{...raw(version(v, await file(`${v}.img`, v))), meta}]);
    const four = {...raw(version('4', await file('4.img', '4'))), meta};
    const {outcome, done} = await run([four], {delete: true, yes: true, maxDelete: 2});
    expect(outcome.errors.map((error) => error.code)).toEqual(['LIMIT']);
    expect(done).toEqual([]);
    expect((await run([four], {delete: true, yes: true})).done).toEqual([
      'acquire 4',
      'publish 4',
      'retire 3',
      'delete 3',
      'delete 2',
      'delete 1',
    ]);
  });

  it('lists what could be deleted when nobody said yes (D17)', async () => {
    const meta = {os_purpose: 'generic', uuid_validity: 'last-1'};
    for (const v of ['1', '2']) await run([{...raw(version(v, await file(`${v}.img`, v))), meta}]);
    const {events, done} = await run([{...raw(version('2', await file('2.img', '2'))), meta}], {delete: true});
    expect(done).toEqual([]);
    expect(
      events.flatMap((event) => (event.type === 'deletable' ? event.images.map((image) => image.name) : [])),
    ).toEqual(['X (1)']);
  });
});
