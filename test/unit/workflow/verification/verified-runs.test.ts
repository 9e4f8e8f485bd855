import {createHash} from 'node:crypto';
import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {hostRuntime} from '../../../../src/compose/runtime.ts';
import type {Definition} from '../../../../src/core/definition/definition.ts';
import type {Event} from '../../../../src/core/events.ts';
import {notificationOf} from '../../../../src/core/notification.ts';
import type {Image, ImagePatch} from '../../../../src/core/image/image.ts';
import type {Policy} from '../../../../src/core/policy.ts';
import {DEFAULT_POLICY} from '../../../../src/core/policy.ts';
import {readVerdict} from '../../../../src/core/verdict/record.ts';
import {ImgmgrError} from '../../../../src/errors.ts';
import {createExec} from '../../../../src/exec.ts';
import {createHttp} from '../../../../src/http.ts';
import type {ImageStore} from '../../../../src/ports/image-store.ts';
import {createLocal} from '../../../../src/local/local-cloud.ts';
import {createFinder} from '../../../../src/finders/create-finder.ts';
import {createSource} from '../../../../src/sources/create-source.ts';
import {processCloud} from '../../../../src/workflow/run/process-cloud.ts';
import type {CloudOutcome} from '../../../../src/workflow/types.ts';
import type {VerifyOptions} from '../../../../src/workflow/verification/types.ts';
import {verifyImages} from '../../../../src/workflow/verification/verify-images.ts';
import {FakeDesk, FakeTestServers, goodReport} from '../../../fakes/test-servers.ts';
import {definition, version} from '../../core/plan/plan-world.ts';

let dir: string;
let servers: FakeTestServers;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'imgmgr-verified-'));
  servers = new FakeTestServers(new FakeDesk());
});
afterEach(async () => {
  await rm(dir, {recursive: true, force: true});
});

/** Versions whose guests report a failed check. */
const bad = new Set<string>();
beforeEach(() => {
  bad.clear();
  servers.guest = ({server, ticket, request}) => {
    const listed = request.image.properties['internal_version'] ?? '';
    ticket.hear(goodReport(server.id, bad.has(listed) ? ['dns'] : []));
  };
});

interface Ran {
  readonly outcome: CloudOutcome;
  readonly codes: readonly string[];
  readonly events: readonly Event[];
  readonly done: readonly string[];
}

async function X(...versions: readonly string[]): Promise<Definition> {
  const listed = await Promise.all(
    versions.map(async (name) => {
      const bytes = Buffer.alloc(4096, name);
      await writeFile(join(dir, name), bytes);
      const hex = createHash('sha256').update(bytes).digest('hex');
      return version(name, {url: `file:${name}`, checksum: {algorithm: 'sha256', hex}});
    }),
  );
  return definition(listed, {format: 'raw', minDiskGib: 0});
}

const OPTIONS: VerifyOptions = {
  deadlineMs: 5_000,
  listen: {port: 0},
  keepOnFailure: false,
  inject: false,
  record: true,
};

/** Where the evidence of an image is on this host. */
const evidence = new Map<string, string>();
/** The id of the action that each verdict belongs to. */
const verdictsOf: (string | undefined)[] = [];
beforeEach(() => {
  verdictsOf.length = 0;
  evidence.clear();
});

/** Images whose PATCH is refused. */
const refuses = new Set<string>();
beforeEach(() => {
  refuses.clear();
});

function refusing(store: ImageStore): ImageStore {
  return new Proxy(store, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (name !== 'update') return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      return async (image: Image, patch: ImagePatch) => {
        if (refuses.has(image.id)) throw new ImgmgrError('CLOUD_REFUSED', 'no');
        return target.update(image, patch);
      };
    },
  });
}

function parts(events: Event[], signal: AbortSignal, flags: Partial<Policy>) {
  const local = createLocal({dir: join(dir, 'local')});
  const source = createSource({http: createHttp({proxy: 'none'}), exec: createExec(process.env)});
  return {
    run: crypto.randomUUID(),
    ports: {...local, store: refusing(local.store), tests: servers},
    source,
    finder: createFinder({source}),
    allNames: new Set(['X']),
    baseDir: dir,
    adHoc: false,
    options: {
      policy: {...DEFAULT_POLICY, ...flags},
      dryRun: false,
      jobs: 2,
      stuckRetry: 0,
      importTimeoutMs: 60_000,
      silenceNotVerified: false,
    },
    runtime: hostRuntime('a run'),
    emit: (event: Event, of?: {readonly action?: string}) => {
      events.push(event);
      if (event.type === 'verdict') verdictsOf.push(of?.action);
    },
    signal,
    verification: {
      options: OPTIONS,
      openDesk: () => Promise.resolve(servers.desk),
      userData: (job: object) => JSON.stringify(job),
      keepEvidence: () => Promise.resolve(undefined),
      findEvidence: (image: string) => Promise.resolve(evidence.get(image)),
      probePort: () => Promise.resolve(false),
    },
  };
}

async function manage(
  wanted: Definition,
  flags: Partial<Policy> = {},
  signal = new AbortController().signal,
): Promise<Ran> {
  const events: Event[] = [];
  const outcome = await processCloud({...parts(events, signal, flags), definitions: [wanted]});
  const done = events.flatMap((event) =>
    event.type === 'action-done' ? [`${event.action.kind} ${event.action.version ?? ''}`.trim()] : [],
  );
  return {outcome, events, done, codes: outcome.errors.map(({code}) => code)};
}

async function images(): Promise<readonly Image[]> {
  return createLocal({dir: join(dir, 'local')}).store.listTagged('managed_by_imgmgr');
}

async function named(name: string): Promise<Image | undefined> {
  return (await images()).find((image) => image.name === name);
}

describe('manage with verification', () => {
  it('publishes what passed, with its verdict, and does nothing the second time', async () => {
    const first = await manage(await X('1'));
    expect(first).toMatchObject({codes: [], done: ['acquire 1', 'verify 1', 'publish 1']});
    expect(verdictsOf).toEqual(['verify 1']);
    const live = await named('X');
    expect(live).toMatchObject({visibility: 'public', osHidden: false});
    expect(live && readVerdict(live)).toMatchObject({kind: 'pass', cause: 'passed', agent: '0.1.0'});
    expect(servers.requests[0]?.image).toMatchObject({visibility: 'private', osHidden: true});
    expect(await manage(await X('1'))).toMatchObject({codes: [], done: []});
    expect(servers.requests).toHaveLength(1);
    expect(servers.alive.size).toBe(0);
  });

  it('retires the predecessor only after the successor passed', async () => {
    await manage(await X('1'));
    expect((await manage(await X('1', '2'))).done).toEqual(['acquire 2', 'verify 2', 'publish 2', 'retire 1']);
  });

  it('quarantines what failed: private, with its evidence, exit 5; users notice nothing', async () => {
    await manage(await X('1'));
    const before = await named('X');
    bad.add('2');
    const ran = await manage(await X('1', '2'), {delete: true, yes: true});
    expect(ran).toMatchObject({codes: ['VERIFICATION'], done: ['acquire 2']});
    expect(await named('X')).toEqual(before);
    const kept = await named('X (2)');
    expect(kept).toMatchObject({visibility: 'private', osHidden: true, tags: ['managed_by_imgmgr']});
    expect(kept?.properties).toMatchObject({
      imgmgr_state: 'quarantined',
      imgmgr_verdict: 'fail',
      imgmgr_verdict_cause: 'checks-failed',
      imgmgr_verdict_checks: 'dns',
      imgmgr_verdict_agent: '0.1.0',
    });
    const action = verdictsOf.at(-1);
    expect(action).toBe('verify 2');
    const told = ran.events.flatMap((event) => notificationOf({event, ...(action !== undefined && {action})}) ?? []);
    const about = {cloud: 'local', definition: 'X', version: '2', image: kept?.id};
    expect(told).toEqual([{type: 'quarantined', ...about, cause: 'checks-failed', failed: ['dns']}]);
  });

  it('U7: the error of a failed image names the image that stays published, or says that nothing is', async () => {
    bad.add('1').add('3');
    expect((await manage(await X('1'))).outcome.errors[0]?.message).toMatch(/; nothing is published under X$/);
    await manage(await X('2'));
    const live = await named('X');
    const failed = await manage(await X('2', '3'));
    expect(failed.codes).toEqual(['VERIFICATION']);
    expect(failed.outcome.errors[0]?.message).toContain(`; image ${live?.id ?? '?'} ("X") stays published`);
  });

  it('U7: later runs name what stays published, and the evidence file, or that this host has none', async () => {
    await manage(await X('1'));
    bad.add('2');
    await manage(await X('1', '2'));
    const [live, kept] = [await named('X'), await named('X (2)')];
    const stays = `image ${live?.id ?? '?'} ("X") stays published`;
    const without = await manage(await X('1', '2'));
    expect(without.outcome.errors[0]?.message).toContain(`${stays}; this host has no evidence file of it`);
    evidence.set(kept?.id ?? '', '/state/evidence/run-1.json');
    const again = await manage(await X('1', '2'));
    expect(again).toMatchObject({codes: ['VERIFICATION'], done: []});
    expect(again.outcome.errors[0]?.message).toContain(`${stays}; evidence: /state/evidence/run-1.json`);
    const [reported] = again.events.flatMap((event) =>
      event.type === 'action-failed' || event.type === 'definition-failed' ? [event.error.message] : [],
    );
    expect(reported).toContain('evidence: /state/evidence/run-1.json');
  });

  it('neither fetches nor boots nor writes while that version is quarantined, and names it each time', async () => {
    await manage(await X('1'));
    bad.add('2');
    await manage(await X('1', '2'));
    const before = await images();
    const boots = servers.requests.length;
    const again = await manage(await X('1', '2'));
    expect(again).toMatchObject({codes: ['VERIFICATION'], done: []});
    expect(servers.requests).toHaveLength(boots);
    expect(await images()).toEqual(before);
  });

  it('boots it again with --reverify, and publishes it when it passes', async () => {
    await manage(await X('1'));
    bad.add('2');
    await manage(await X('1', '2'));
    bad.clear();
    expect(await manage(await X('1', '2'), {reverify: true})).toMatchObject({
      codes: [],
      done: ['verify 2', 'publish 2', 'retire 1'],
    });
  });

  it.each([
    [0, []],
    [1, ['X (4)']],
    [2, ['X (3)', 'X (4)']],
  ])('--quarantine %i keeps as many failed candidates, the newest', async (quarantine, names) => {
    await manage(await X('1'));
    for (const next of ['2', '3', '4']) {
      bad.add(next);
      await manage(await X('1', next), {quarantine});
    }
    const kept = (await images()).filter(({properties}) => properties['imgmgr_state'] === 'quarantined');
    expect(kept.map(({name}) => name).sort()).toEqual(names);
  });

  it('keeps the private image where the environment is at fault, exit 75, and the next run goes on with it', async () => {
    await manage(await X('1'));
    servers.faults.start = new ImgmgrError('QUOTA', 'Quota exceeded for instances');
    expect(await manage(await X('1', '2'))).toMatchObject({codes: ['ENVIRONMENT'], done: ['acquire 2']});
    expect((await named('X (2)'))?.properties).toMatchObject({imgmgr_state: 'ready'});
    expect((await named('X (2)'))?.properties).not.toHaveProperty('imgmgr_verdict');
    servers.faults = {};
    expect((await manage(await X('1', '2'))).done).toEqual(['verify 2', 'publish 2', 'retire 1']);
  });

  it('R6: boots an image without a witness three times, then not before --reverify, exit 75 at once', async () => {
    servers.guest = () => undefined;
    servers.text = undefined;
    const listed = {...(await X('1')), verify: {deadlineSeconds: 1}};
    for (const count of [1, 2, 3]) {
      expect(await manage(listed)).toMatchObject({codes: ['ENVIRONMENT']});
      const [image] = await images();
      expect(image?.properties).toMatchObject({imgmgr_state: 'ready', imgmgr_verdict: `no-witness ${count}`});
      expect(image && readVerdict(image)).toBeUndefined();
    }
    let booted = false;
    servers.guest = () => (booted = true);
    const refused = await manage(listed);
    expect(refused.codes).toEqual(['ENVIRONMENT']);
    expect(refused.outcome.errors[0]?.hint).toContain('--reverify');
    expect(booted).toBe(false);
    servers.text = 'login: ';
    servers.guest = ({server, ticket}) => ticket.hear(goodReport(server.id, []));
    expect((await manage(listed, {reverify: true})).codes).toEqual([]);
    expect((await images()).map((image) => readVerdict(image)?.kind)).toEqual(['pass']);
  });

  it('imports nothing where no server could be made, and says so', async () => {
    servers.able = {kind: 'no-service', reason: 'there is no compute service'};
    const ran = await manage(await X('1'));
    expect(ran).toMatchObject({codes: ['CONFIG'], done: []});
    expect(ran.outcome.errors[0]?.hint).toContain('--no-verify');
    expect(await images()).toEqual([]);
    expect((await manage(await X('1'), {verify: false})).done).toEqual(['acquire 1', 'publish 1']);
    expect((await manage(await X('1'))).codes).toEqual([]);
  });

  it('leaves nothing when it is interrupted while a server boots', async () => {
    await manage(await X('1'));
    const interruption = new AbortController();
    servers.guest = () => interruption.abort(new ImgmgrError('INTERRUPTED', 'SIGINT'));
    expect((await manage(await X('1', '2'), {}, interruption.signal)).codes).toEqual(['INTERRUPTED']);
    expect((await images()).map(({name}) => name)).toEqual(['X']);
    expect(servers.alive.size).toBe(0);
  });

  it('verifies a retired image that never was before it bears the name again; a failure leaves it as it is', async () => {
    await manage(await X('1'), {verify: false});
    await manage(await X('2'), {verify: false});
    bad.add('1');
    expect(await manage(await X('1'))).toMatchObject({codes: ['VERIFICATION'], done: []});
    expect(await named('X (1)')).toMatchObject({visibility: 'public'});
    expect((await named('X (1)'))?.properties['imgmgr_state']).toBe('retired');
    const boots = servers.requests.length;
    expect(await manage(await X('1'))).toMatchObject({codes: ['VERIFICATION'], done: []});
    expect(servers.requests).toHaveLength(boots);
  });

  it('sweeps the servers of a dead run whose candidate it finds, and nobody else is asked otherwise', async () => {
    await manage(await X('1'));
    servers.guest = () => {
      throw new Error('killed');
    };
    const stamp = (run: string) => ({run, image: 'i', expires: '2999-01-01T00:00:00Z', holder: 'elsewhere b 1 2'});
    servers.left = [
      {kind: 'port', id: 'p', name: 'imgmgr-p', stamp: stamp('dead')},
      {kind: 'server', id: 's', name: 'imgmgr-s', stamp: stamp('dead')},
      {kind: 'server', id: 'other', name: 'imgmgr-o', stamp: stamp('alive')},
    ];
    servers.guest = ({server, ticket}) => ticket.hear(goodReport(server.id));
    await manage(await X('1'));
    expect(servers.left).toHaveLength(3);
    const {store} = createLocal({dir: join(dir, 'local')});
    const [live] = await images();
    await store.create({
      ...live,
      id: crypto.randomUUID(),
      name: 'X (2)',
      osHidden: true,
      tags: ['managed_by_imgmgr'],
      properties: {imgmgr_definition: 'X', imgmgr_version: '2', imgmgr_state: 'importing', imgmgr_run: 'dead'},
    } as Parameters<typeof store.create>[0]);
    await manage(await X('1'));
    expect(servers.left.map(({id}) => id)).toEqual(['other']);
    expect(servers.removed.slice(-2)).toEqual(['s', 'p']);
  });
});

describe('verify', () => {
  async function verify(targets: readonly string[], record = true): Promise<Ran> {
    const events: Event[] = [];
    const made = parts(events, new AbortController().signal, {});
    const outcome = await verifyImages({
      ...made,
      verification: {...made.verification, options: {...OPTIONS, record}},
      definitions: [await X('1')],
      targets,
      loose: [],
    });
    return {outcome, events, done: [], codes: outcome.errors.map(({code}) => code)};
  }

  it('boots the current images of the definitions and stores the verdict in one PATCH, visibility untouched', async () => {
    await manage(await X('1'), {verify: false});
    const before = await named('X');
    expect((await verify([])).codes).toEqual([]);
    const after = await named('X');
    expect(after && readVerdict(after)).toMatchObject({kind: 'pass'});
    expect(after).toMatchObject({visibility: before?.visibility, osHidden: before?.osHidden, name: 'X'});
    expect(await manage(await X('1'))).toMatchObject({codes: [], done: []});
  });

  it('exits 5 for one that fails, and leaves it published', async () => {
    await manage(await X('1'), {verify: false});
    bad.add('1');
    expect((await verify(['X'])).codes).toEqual(['VERIFICATION']);
    const after = await named('X');
    expect(after).toMatchObject({visibility: 'public'});
    expect(after && readVerdict(after)).toMatchObject({kind: 'fail'});
  });

  it('goes on with the next image where the verdict of one cannot be stored: that is the failure of its image', async () => {
    await manage(await X('1'), {verify: false});
    const first = (await named('X'))?.id ?? '';
    const {store} = createLocal({dir: join(dir, 'local')});
    const other = await store.create({name: 'other', osHidden: false, tags: [], properties: {}});
    refuses.add(first);
    const ran = await verify([first, other.id]);
    expect(ran.codes).toEqual(['CLOUD_REFUSED']);
    expect(ran.outcome.counts).toMatchObject({failed: 1, passed: 1});
    expect(ran.events.flatMap((event) => (event.type === 'definition-failed' ? [event.definition] : []))).toEqual([
      'X',
    ]);
  });

  it('stores nothing with --no-record', async () => {
    await manage(await X('1'), {verify: false});
    const before = await named('X');
    expect((await verify(['X'], false)).codes).toEqual([]);
    expect(await named('X')).toEqual(before);
  });

  it('takes ids and names; one that is not there, or that several bear, is told with the next step', async () => {
    await manage(await X('1'), {verify: false});
    const id = (await named('X'))?.id ?? '';
    expect((await verify([id])).codes).toEqual([]);
    expect((await verify(['nothing'])).codes).toEqual(['NOT_FOUND']);
    const {store} = createLocal({dir: join(dir, 'local')});
    await store.create({name: 'X', osHidden: false, tags: [], properties: {}});
    const twice = await verify(['X']);
    expect(twice.codes).toEqual(['USAGE']);
    expect(twice.outcome.errors[0]?.hint).toContain(id);
  });

  it('sweeps leftovers of dead runs, and leaves those of living ones', async () => {
    await manage(await X('1'), {verify: false});
    const holder = 'elsewhere b 1 2';
    servers.left = [
      {
        kind: 'server',
        id: 'over',
        name: 'imgmgr-a',
        stamp: {run: 'a', image: 'i', expires: '2020-01-01T00:00:00Z', holder},
      },
      {
        kind: 'server',
        id: 'alive',
        name: 'imgmgr-b',
        stamp: {run: 'b', image: 'i', expires: '2999-01-01T00:00:00Z', holder},
      },
    ];
    await verify(['X']);
    expect(servers.left.map(({id}) => id)).toEqual(['alive']);
  });
});
