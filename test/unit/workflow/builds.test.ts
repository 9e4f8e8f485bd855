import {createHash} from 'node:crypto';
import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {hostRuntime} from '../../../src/compose/runtime.ts';
import type {BuildSpec} from '../../../src/core/build/spec.ts';
import type {Definition} from '../../../src/core/definition/definition.ts';
import type {Event} from '../../../src/core/events.ts';
import type {Image} from '../../../src/core/image/image.ts';
import type {Policy} from '../../../src/core/policy.ts';
import {DEFAULT_POLICY} from '../../../src/core/policy.ts';
import {remembered} from '../../../src/core/image/record.ts';
import {ImgmgrError} from '../../../src/errors.ts';
import {createExec} from '../../../src/exec.ts';
import {createHttp} from '../../../src/http.ts';
import {createLocal} from '../../../src/local/local-cloud.ts';
import {createConverter} from '../../../src/sources/create-converter.ts';
import {createFinder} from '../../../src/finders/create-finder.ts';
import {createSource} from '../../../src/sources/create-source.ts';
import {processCloud} from '../../../src/workflow/run/process-cloud.ts';
import type {Builds} from '../../../src/workflow/types.ts';
import {FakeBuilder} from '../../fakes/image-builder.ts';
import {definition} from '../core/plan/plan-world.ts';

let dir: string;
let builder: FakeBuilder;
let now: Date;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'imgmgr-test-'));
  builder = new FakeBuilder(dir);
  now = new Date('2026-02-01T12:00:00Z');
});
afterEach(async () => rm(dir, {recursive: true, force: true}));

const SPEC: BuildSpec = {
  elements: ['vm'],
  environment: {},
  packages: [],
  formats: ['raw'],
  compress: true,
  timeoutSeconds: 60,
};

const built = (extra: Partial<Definition> = {}): Definition =>
  definition([], {name: 'B', format: 'raw', build: SPEC, ...extra});

async function run(
  options: {
    definitions?: readonly Definition[];
    policy?: Partial<Policy>;
    builds?: Partial<Builds> | 'none';
    cloud?: string;
    dryRun?: boolean;
  } = {},
) {
  const {definitions = [built()], policy = {}, builds = {}, cloud = 'local', dryRun = false} = options;
  const events: Event[] = [];
  const ports = createLocal({dir: join(dir, cloud)});
  ports.store.now = () => now;
  const source = createSource({http: createHttp({proxy: 'none'}), exec: createExec(process.env)});
  const outcome = await processCloud({
    run: crypto.randomUUID(),
    ports,
    source,
    finder: createFinder({source, ...(builds !== 'none' && {builder: builds.builder ?? builder})}),
    converter: createConverter({exec: createExec(process.env), root: join(dir, 'work')}),
    definitions,
    allNames: new Set(definitions.map(({name}) => name)),
    baseDir: dir,
    adHoc: false,
    ...(builds !== 'none' && {builds: {builder, rebuild: false, before: new Map<string, string>(), ...builds}}),
    options: {
      jobs: 2,
      stuckRetry: 0,
      importTimeoutMs: 60_000,
      silenceNotVerified: true,
      dryRun,
      policy: {...DEFAULT_POLICY, verify: false, ...policy},
    },
    runtime: hostRuntime('a run'),
    emit: (event) => events.push(event),
    signal: new AbortController().signal,
  });
  await source.close();
  const images = await createLocal({dir: join(dir, cloud)}).store.listTagged('managed_by_imgmgr');
  return {
    outcome,
    events,
    done: events.flatMap((event) =>
      event.type === 'action-done' ? [`${event.action.kind} ${event.action.version ?? ''}`] : [],
    ),
    planned: events.flatMap((event) =>
      event.type === 'planned'
        ? event.actions.map(({kind, version, reason}) => `${kind} ${version ?? ''}: ${reason}`)
        : [],
    ),
    images: images.map(({name, properties}) => `${name ?? ''} ${properties['imgmgr_state'] ?? ''}`).sort(),
    raw: images,
  };
}

/** What the image says it was made from, in whatever form it is stored. */
function manifestOf(image: Image | undefined): string | undefined {
  return image && remembered(image, 'imgmgr_manifest');
}

describe('manage with a definition that is built', () => {
  it('builds, publishes under the plain name, and says on the image what it was made from', async () => {
    const {done, outcome, raw, events} = await run();
    expect([done, outcome.errors]).toEqual([['acquire 20260201', 'publish 20260201'], []]);
    const sha512 = createHash('sha512').update(`build 20260201 of ${builder.hash}`.padEnd(1024)).digest('hex');
    expect(raw[0]).toMatchObject({
      name: 'B',
      osHashValue: sha512,
      properties: {
        internal_version: '20260201',
        image_build_date: '2026-02-01',
        image_source: 'private',
        imgmgr_inputs: builder.hash,
        imgmgr_state: 'current',
        patchlevel: '12.15',
      },
    });
    expect(manifestOf(raw[0])).toBe(`sha256:${'f'.repeat(64)}`);
    expect(builder.completed).toEqual([`20260201 ${sha512.slice(0, 8)}`]);
    expect(events.filter(({type}) => type.startsWith('buil')).map(({type}) => type)).toEqual([
      'build-started',
      'build-progress',
      'build-progress',
      'built',
    ]);
  });

  it('leaves the patch level to the definition where that says something of it', async () => {
    const {meta} = built();
    const {raw} = await run({definitions: [built({meta: {...meta, patchlevel: 'all of January'}})]});
    expect(raw[0]?.properties['patchlevel']).toBe('all of January');
  });

  it('converts what was built on its way, and notes the digest of what was built', async () => {
    const {done, outcome, raw, events} = await run({policy: {convert: {to: 'qcow2', compress: true}}});
    expect([done, outcome.errors]).toEqual([['acquire 20260201', 'publish 20260201'], []]);
    const sha512 = createHash('sha512').update(`build 20260201 of ${builder.hash}`.padEnd(1024)).digest('hex');
    expect(raw[0]).toMatchObject({diskFormat: 'qcow2', virtualSize: 1024, properties: {imgmgr_inputs: builder.hash}});
    expect(raw[0]?.osHashValue).not.toBe(sha512);
    expect(builder.completed).toEqual([`20260201 ${sha512.slice(0, 8)}`]);
    const phases = events.flatMap((event) => (event.type === 'progress' ? [event.phase] : []));
    expect([...new Set(phases)].slice(0, 2)).toEqual(['fetching', 'converting']);
    expect((await run()).done).toEqual([]);
  });

  it('does nothing the second time, nor when only other things of the definition changed', async () => {
    await run();
    expect((await run()).done).toEqual([]);
    expect((await run({definitions: [built({meta: {os_distro: 'debian', x: 'y'}})]})).done).toEqual([
      'update 20260201',
    ]);
    expect(builder.built).toHaveLength(1);
  });

  it('builds and rotates when the inputs change, on the same day too', async () => {
    await run();
    builder.hash = 'b'.repeat(64);
    const {done, images} = await run();
    expect(done).toEqual(['acquire 20260201.1', 'publish 20260201.1', 'retire 20260201']);
    expect(images).toEqual(['B (20260201) retired', 'B current']);
  });

  it('builds again when the image is due, and not before', async () => {
    const definitions = [built({meta: {replace_frequency: 'weekly'}})];
    await run({definitions});
    now = new Date('2026-02-07T12:00:00Z');
    expect((await run({definitions})).done).toEqual([]);
    now = new Date('2026-02-08T12:00:00Z');
    expect((await run({definitions})).done).toEqual(['acquire 20260208', 'publish 20260208', 'retire 20260201']);
  });

  it('plans in a dry run what it would do, and builds nothing', async () => {
    const {planned, images, events} = await run({dryRun: true});
    expect(planned).toEqual(['acquire 20260201: no image of it is there', 'publish 20260201: newest listed version']);
    const actions = events.flatMap((event) => (event.type === 'planned' ? event.actions : []));
    expect(actions.map(({built: isBuild}) => isBuild)).toEqual([true, undefined]);
    expect([images, builder.built]).toEqual([[], []]);
  });

  it('leaves the image that is there alone where nothing is built, and makes none where none is there', async () => {
    expect(await run({builds: 'none'})).toMatchObject({done: [], images: [], outcome: {errors: []}});
    await run();
    builder.hash = 'b'.repeat(64);
    expect(await run({builds: 'none'})).toMatchObject({done: [], images: ['B current'], outcome: {errors: []}});
  });

  it('builds once for all clouds, also when it is told to build again', async () => {
    await run({cloud: 'one'});
    await run({cloud: 'two'});
    expect(builder.built).toHaveLength(1);
    const builds = {rebuild: true, before: new Map([['B', '20260201']])};
    expect((await run({cloud: 'one', builds})).done).toEqual([
      'acquire 20260201.1',
      'publish 20260201.1',
      'retire 20260201',
    ]);
    expect((await run({cloud: 'two', builds})).done).toEqual([
      'acquire 20260201.1',
      'publish 20260201.1',
      'retire 20260201',
    ]);
    expect(builder.built).toHaveLength(2);
  });

  it('says of a build that it uses it, made now or before, and builds again where that one goes in that moment', async () => {
    await run();
    expect(builder.used).toEqual(['20260201']);
    await run({cloud: 'other'});
    expect(builder.used).toEqual(['20260201', '20260201']);
    builder.use = () => Promise.resolve(false);
    const {done} = await run({cloud: 'third'});
    expect([done, builder.built.length]).toEqual([['acquire 20260201', 'publish 20260201'], 2]);
  });

  it('uses a build again whose upload failed, and never builds twice for it', async () => {
    builder.content = () => '';
    expect((await run()).outcome.errors).toHaveLength(1);
    const [artifact] = builder.stored;
    builder.content = () => 'never asked';
    await writeFile(artifact?.files[0]?.path ?? '', 'now there are bytes'.padEnd(1024));
    now = new Date('2026-02-03T12:00:00Z');
    expect((await run()).done).toEqual(['acquire 20260201', 'publish 20260201']);
    expect(builder.built).toHaveLength(1);
  });

  describe('an image that a killed run had uploaded and not published', () => {
    /** As it is while its test server boots. */
    async function uploaded(): Promise<void> {
      await run();
      const {store} = createLocal({dir: join(dir, 'local')});
      const [image] = await store.listTagged('managed_by_imgmgr');
      if (!image) throw new Error('nothing was published');
      await store.update(image, {
        visibility: 'private',
        osHidden: true,
        // A record is written when an image is published; before, each fact is a property of its own.
        set: {
          imgmgr_state: 'importing',
          imgmgr_run: remembered(image, 'imgmgr_run') ?? '',
          imgmgr_record: `image=${image.id}`,
        },
        remove: ['patchlevel'],
      });
    }

    it('is gone on with, and says what it was made from', async () => {
      await uploaded();
      builder.completed.length = 0;
      const {done, raw} = await run();
      expect(done).toEqual(['resume 20260201', 'publish 20260201']);
      expect(raw[0]?.properties).toMatchObject({patchlevel: '12.15', imgmgr_state: 'current'});
      expect(manifestOf(raw[0])).toBe(`sha256:${'f'.repeat(64)}`);
      expect(builder.completed).toEqual([`20260201 ${raw[0]?.osHashValue?.slice(0, 8) ?? ''}`]);
      expect(builder.built).toHaveLength(1);
    });

    it('is uploaded again when it has not the bytes of the build', async () => {
      await uploaded();
      await writeFile(builder.stored[0]?.files[0]?.path ?? '', 'other bytes'.padEnd(1024));
      const {done, events, raw} = await run();
      expect(done).toEqual(['resume 20260201', 'publish 20260201']);
      expect(events.filter(({type}) => type === 'warning')).toMatchObject([
        {code: 'import-restarted', message: expect.stringContaining('the build 20260201 is sha512:') as string},
      ]);
      expect(raw.map(({osHashValue}) => osHashValue)).toEqual([
        createHash('sha512').update('other bytes'.padEnd(1024)).digest('hex'),
      ]);
    });

    it('is gone on with where the build is not on this host any more', async () => {
      await uploaded();
      builder.stored = [];
      const {done, raw} = await run();
      expect(done).toEqual(['resume 20260201', 'publish 20260201']);
      expect(manifestOf(raw[0])).toBeUndefined();
      expect(builder.built).toHaveLength(1);
    });
  });

  it.each([
    ['inputs', new ImgmgrError('UNSUPPORTED', 'diskimage-builder is not installed')],
    ['build', new ImgmgrError('BUILD_FAILED', 'diskimage-builder failed in phase install.d')],
  ] as const)('keeps the live image, and fails alone, when its %s cannot be had', async (where, error) => {
    await run();
    builder.hash = 'b'.repeat(64);
    builder.faults = {[where]: error};
    const {outcome, images} = await run({definitions: [built(), {...built(), name: 'C', versions: []}]});
    expect(outcome.errors.map(({code}) => code)).toContain(error.code);
    expect(images).toEqual(['B current']);
  });
});
