import {execFileSync} from 'node:child_process';
import {rmSync} from 'node:fs';
import {mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {createServer} from 'node:net';
import type {AddressInfo} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {DatabaseSync} from 'node:sqlite';
import {afterEach, describe, expect, it} from 'vitest';
import type {WriteRequest} from '../fakes/write-gate.ts';
import {becomes, startServer} from './support.ts';
import type {Answer, Served} from './support.ts';

const LAST1 = {uuid_validity: 'last-1'};
const NO_BOOT = {verify: '{mode: none}'};
const MANAGE = {verb: 'manage', clouds: ['admin']};

let served: Served | undefined;
afterEach(async () => {
  await served?.close();
  served = undefined;
});

async function start(...flags: readonly string[]): Promise<Served> {
  served = await startServer({images: (table) => table.x(['1'], NO_BOOT, LAST1), flags: ['--allow-write', ...flags]});
  return served;
}

/** Ends the process of the run and what it started. */
async function killRun({folder}: Served, id: string): Promise<void> {
  const text = await readFile(join(folder, 'runs', `${id}.json`), 'utf8');
  const {process: of} = JSON.parse(text) as {readonly process: {readonly pid: number}};
  process.kill(-of.pid, 'SIGKILL');
}

type Phase = 'upload' | 'publish';

/** Whether the write is the first one of that phase of a run. */
function begins(phase: Phase): (write: WriteRequest) => boolean {
  let isThere = false;
  return ({service, method, path}) => {
    const imports = service === 'image' && path.endsWith('/import');
    isThere ||= imports;
    return phase === 'upload' ? imports : isThere && service === 'image' && method === 'PATCH';
  };
}

/** Starts a run that stands at the first write of that phase, which never comes to be, until `kill` has done its work. */
async function killIn(of: Served, phase: Phase, kill: (id: string) => Promise<void>): Promise<string> {
  const isDue = begins(phase);
  const place: {id?: string} = {};
  let end: {readonly failure?: unknown} | undefined;
  let isOver = false;
  const stop = of.table.cloud.interceptWrites({
    arrived: async (write) => {
      if (isOver || !isDue(write)) return 'pass';
      isOver = true;
      await becomes(() => place.id !== undefined);
      await kill(place.id ?? '').then(
        () => (end = {}),
        (failure: unknown) => (end = {failure}),
      );
      return 'drop';
    },
  });
  place.id = await of.start(MANAGE);
  await becomes(() => end !== undefined);
  stop();
  expect(end).toEqual({});
  return place.id;
}

/** Asks for a run, at once after the end of the one before: its process, which may be there for a moment yet, is not in the way. */
function tryStart(of: Served): Promise<Answer> {
  return of.post('/v1/runs', MANAGE);
}

/** Runs manage until all is done, and sees that nothing else is there. */
async function expectFinished(of: Served): Promise<void> {
  const answer = await tryStart(of);
  expect(answer.status, answer.text).toBe(202);
  const {run} = await of.over(String(answer.json['id']));
  expect([run.state, run.exitCode, run.reason]).toEqual(['SUCCESS', 0, null]);
  expect(of.table.show()).toEqual(['X | public | generic']);
  expect(of.table.cloud.servers).toEqual([]);
  expect((await of.get('/v1/runs?result=running')).json['runs']).toEqual([]);
}

describe.each(['upload', 'publish'] as const)('kill -9 in the phase %s', (phase) => {
  it('of a run: its page says that it is lost, and the next one finishes the work', async () => {
    const first = await start();
    const id = await killIn(first, phase, (run) => killRun(first, run));
    const {run} = await first.over(id);
    expect(run.state).toMatch(/^(?:LOST|FAILED)$/);
    await expectFinished(first);
  });

  it('of the server: its run goes on, and the next server shows how it ended', async () => {
    const first = await start();
    const id = await killIn(first, phase, async () => {
      first.kill('SIGKILL');
      await first.ended;
    });
    served = await first.again();
    const {run} = await served.over(id);
    // The write that was under way was cut off: a run may try it again, or fail, but it says so itself.
    expect(['SUCCESS', 'FAILED']).toContain(run.state);
    expect(run.exitCode).not.toBeNull();
    await expectFinished(served);
  });

  it('of both: the next server says that the run is lost, and the next run finishes the work', async () => {
    const first = await start();
    const id = await killIn(first, phase, async (run) => {
      first.kill('SIGKILL');
      await killRun(first, run);
      await first.ended;
    });
    served = await first.again();
    const {run} = await served.over(id);
    expect([run.state, run.exitCode]).toEqual(['LOST', null]);
    await expectFinished(served);
  });
});

describe('SIGTERM with a run under way', () => {
  it('starts no more runs, and lets the one under way end', async () => {
    const first = await start();
    const release = first.table.cloud.holdImports();
    const id = await first.start(MANAGE);
    first.kill('SIGTERM');
    await becomes(() => first.log().includes('about to end'));
    const refused = await first.post('/v1/runs', {
      verb: 'hold',
      clouds: ['admin'],
      definitions: ['X'],
      flags: {until: '2099-01-01'},
    });
    expect([refused.status, refused.text]).toEqual([503, expect.stringContaining('about to end')]);
    release();
    expect(await first.ended).toBe(0);
    served = await first.again();
    expect((await served.run(id)).run).toMatchObject({state: 'SUCCESS', exitCode: 0});
  });

  it.each([
    ['the grace time is over', ['--grace', '1s'], 1],
    ['a second one comes', ['--grace', '5m'], 2],
  ] as const)('ends it as Ctrl-C does when %s', async (_, flags, signals) => {
    const first = await start(...flags);
    const release = first.table.cloud.holdImports();
    const id = await first.start(MANAGE);
    first.kill('SIGTERM');
    await becomes(() => first.log().includes('about to end'));
    if (signals === 2) first.kill('SIGTERM');
    expect(await first.ended).toBe(0);
    expect(first.log()).toContain(`ends run ${id} by SIGINT`);
    release();
    served = await first.again();
    expect((await served.run(id)).run).toMatchObject({state: 'CANCELLED', exitCode: 130});
    await expectFinished(served);
  });
});

describe('a history that cannot be written', () => {
  const database = ({folder}: Served): string => join(folder, '..', 'history.sqlite');
  const refused = async (of: Served): Promise<string> => {
    const {status, text} = await tryStart(of);
    return `${status} ${text}`;
  };

  it('of a newer imgmgr: no run starts, and it stays as it is', async () => {
    const first = await start();
    await first.over(await first.start(MANAGE));
    const db = new DatabaseSync(database(first));
    db.exec('PRAGMA user_version = 999');
    expect(await refused(first)).toMatch(/^503 .*no run starts/);
    expect((await first.get('/healthz')).status).toBe(200);
    expect((await first.get('/v1/images')).status).toBe(200);
    expect(db.prepare('PRAGMA user_version').get()).toEqual({user_version: 999});
    db.exec('PRAGMA user_version = 1');
    db.close();
  });

  it('that is locked for a while: the run starts, and is in it later', async () => {
    const first = await start();
    await first.over(await first.start(MANAGE));
    const db = new DatabaseSync(database(first));
    db.exec('BEGIN IMMEDIATE');
    const answer = await tryStart(first);
    expect(answer.status, answer.text).toBe(202);
    db.exec('ROLLBACK');
    db.close();
    const {run} = await first.over(String(answer.json['id']));
    expect(run).toMatchObject({state: 'SUCCESS', exitCode: 0});
  });

  it('that is damaged is set aside by the next run, and the server reads the new one', async () => {
    const first = await start();
    const before = await first.start(MANAGE);
    await first.over(before);
    await writeFile(database(first), Buffer.alloc(8192, 'no database '));
    const answer = await tryStart(first);
    expect(answer.status, answer.text).toBe(202);
    const id = String(answer.json['id']);
    // For a moment, until its process has done that, the server says that the file is damaged.
    await becomes(async () => (await first.get(`/v1/runs/${id}`)).text.includes('"state":"SUCCESS"'));
    const {run} = await first.over(id);
    expect(run).toMatchObject({state: 'SUCCESS', exitCode: 0});
    expect((await first.get('/v1/runs')).status).toBe(200);
  });
});

describe('a full disk', () => {
  it('is named where something would have to be kept; what is known is answered; with room it goes on', async (context) => {
    await onSmallDisk(context, async (of, fill) => {
      const before = await of.start(MANAGE);
      expect((await of.over(before)).run.state).toBe('SUCCESS');
      const makeRoom = fill();
      const [run, plan] = [await of.post('/v1/runs', MANAGE), await of.post('/v1/plans', MANAGE)];
      expect([run.status, run.json]).toMatchObject([503, {error: {code: 'UNAVAILABLE'}}]);
      expect(run.text).toContain('no room left on its disk');
      expect(plan.json).toMatchObject({error: {code: 'DISK_FULL', hint: 'make room, then run again'}});
      for (const path of ['/v1/session', '/v1/runs', `/v1/runs/${before}`, '/v1/images', '/metrics', '/healthz'])
        expect([path, (await of.get(path)).status]).toEqual([path, 200]);
      makeRoom();
      await expectFinished(of);
      expect((await of.get('/v1/runs')).json['runs']).toMatchObject([{state: 'SUCCESS'}, {id: before}]);
    });
  });

  it('in the middle of a run costs its log, not its work', async (context) => {
    await onSmallDisk(context, async (of, fill) => {
      const release = of.table.cloud.holdImports();
      const id = await of.start(MANAGE);
      const makeRoom = fill();
      release();
      await becomes(() => of.table.show().includes('X | public | generic'));
      expect((await of.get(`/v1/runs/${id}`)).status).toBe(200);
      // Its process has ended.
      await becomes(() => of.log().includes(`the record of run ${id} could not be written: ENOSPC`));
      makeRoom();
      const {run} = await of.over(id);
      expect([run.state, run.exitCode]).toEqual(['LOST', 0]);
      await expectFinished(of);
    });
  });
});

/** A server whose state is on a file system of its own, in memory; `fill` takes all of its room and says how to give it back. */
async function onSmallDisk(
  {skip}: {readonly skip: (note?: string) => never},
  work: (of: Served, fill: () => () => void) => Promise<void>,
): Promise<void> {
  if (process.getuid?.() !== 0) skip('only root can mount a small disk');
  const place = await mkdtemp(join(tmpdir(), 'imgmgr-full-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m,mode=0700', 'none', place], {stdio: 'pipe'});
  } catch (error) {
    await rm(place, {recursive: true});
    skip(`nothing can be mounted here: ${String(error)}`);
  }
  try {
    served = await startServer({
      ...{images: (table) => table.x(['1'], NO_BOOT, LAST1), flags: ['--allow-write'], env: {XDG_STATE_HOME: place}},
    });
    const ballast = join(place, 'ballast');
    await work(served, () => {
      execFileSync('sh', ['-c', 'dd if=/dev/zero of="$0" bs=4096 2>/dev/null || true', ballast]);
      return () => rmSync(ballast);
    });
  } finally {
    await served?.close();
    served = undefined;
    execFileSync('umount', ['-l', place]);
    await rm(place, {recursive: true});
  }
}

it('says that the port is taken, and ends', async () => {
  const first = await start();
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const {port} = other.address() as AddressInfo;
  first.kill('SIGTERM');
  await first.ended;
  try {
    const {code, err} = await first.imgmgr('serve', '--bind', `127.0.0.1:${port}`, '--cloud', 'admin');
    expect([code, err]).toEqual([expect.any(Number), expect.stringContaining(String(port))]);
    expect(code).toBeGreaterThan(0);
    expect(err).toMatch(/in use|taken/);
  } finally {
    other.close();
  }
});

it('a run that a login of some clouds does not see is in its way without a name', async () => {
  served = await startServer({clouds: ['admin', 'member'], images: (table) => table.x(['1'], NO_BOOT, LAST1)});
  const release = served.table.cloud.holdImports();
  const id = await served.start({...MANAGE, clouds: ['admin', 'member']});
  const wanted = {verb: 'verify', clouds: ['member']};
  const seen = await served.post('/v1/runs', wanted);
  expect([seen.status, seen.json]).toMatchObject([409, {error: {code: 'CONFLICT', run: id}}]);
  const unseen = await served.call('POST', '/v1/runs', {token: served.tokens.limited, body: wanted});
  expect([unseen.status, unseen.json]).toMatchObject([409, {error: {code: 'CONFLICT'}}]);
  for (const text of [id, 'manage', 'admin']) expect(unseen.text).not.toContain(text);
  release();
  await served.over(id);
});

it('a plan is refused with the reason while a definition file is wrong', async () => {
  served = await startServer({images: () => 'images:\n  - name: X\n    nonsense: 1\n'});
  const {status, json} = await served.post('/v1/plans', MANAGE);
  expect([status, json]).toMatchObject([409, {error: {code: 'DEFINITION'}}]);
});
