import {mkdir, readdir, stat, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {DatabaseSync} from 'node:sqlite';
import {setTimeout as sleep} from 'node:timers/promises';
import {describe, expect, it} from 'vitest';
import {ImgmgrError} from '../../../src/errors.ts';
import {openReader} from '../../../src/history/reader.ts';
import {useFolder} from '../build/folder.ts';
import {ACQUIRE, EVERY_EVENT, PLANNED, PROGRESS, PUBLISH, VERDICT, idle} from '../report/samples.ts';
import {NOW, detailsOf, keepRun, kept, read} from './kept-run.ts';

const folder = useFolder();
const CLOUD = 'admin';
const FAULT = new ImgmgrError('IMPORT_FAILED', 'the cloud took the bytes and failed');

/** Waits until so many events are written. */
async function written(run: string, seq: number): Promise<void> {
  const last = (): number | undefined => {
    const reader = openReader({folder: folder.path(), now: () => NOW});
    const details = reader?.details(run);
    reader?.close();
    return details?.run.lastSeq;
  };
  await expect.poll(last).toBe(seq);
}

function plan(): Parameters<ReturnType<typeof keepRun>['emit']>[0] {
  return {type: 'planned', cloud: CLOUD, actions: PLANNED, unchanged: ['Idle'], definitions: [idle('Idle')]};
}

describe('the history of a run', () => {
  it('has who, where and how it was started, and how it ended', async () => {
    const {run, warnings} = await kept(
      folder.path(),
      [{type: 'started', command: 'manage', clouds: [CLOUD], run: 'r'}],
      {
        commandLine: ['manage', '--cloud', 'admin'],
        who: {user: 'root', sudoUser: 'ann', ci: 'gitlab', job: 'images', jobUrl: null, requestedBy: null},
      },
    );
    expect(warnings).toEqual([]);
    expect(detailsOf(folder.path(), run).run).toMatchObject({
      ...{id: run, verb: 'manage', state: 'SUCCESS', phase: 'finished', reason: null, exitCode: 0, elapsedMs: 1500},
      ...{startedAt: NOW.toISOString(), endedAt: NOW.toISOString(), clouds: [CLOUD], definitions: []},
      ...{host: 'build-1', pid: process.pid, version: '1.2.3', commandLine: ['manage', '--cloud', 'admin']},
      who: {user: 'root', sudoUser: 'ann', ci: 'gitlab', job: 'images', jobUrl: null, requestedBy: null},
      counts: {imported: 1, failed: 0},
    });
  });

  it.each([
    [0, 'SUCCESS'],
    [1, 'FAILED'],
    [2, 'FAILED'],
    [5, 'FAILED'],
    [75, 'FAILED'],
    [130, 'CANCELLED'],
    [143, 'CANCELLED'],
  ])('calls exit code %i %s', async (exitCode, state) => {
    const run = keepRun(folder.path());
    await run.end(exitCode);
    expect(detailsOf(folder.path(), run.run).run).toMatchObject({state, exitCode});
  });

  it('keeps the first error as the reason, and the phase in which it came up', async () => {
    const run = keepRun(folder.path());
    run.emit({type: 'started', command: 'manage', clouds: [CLOUD], run: run.run});
    run.emit({type: 'cloud-failed', cloud: CLOUD, error: new ImgmgrError('AUTH', 'refused')});
    run.emit({type: 'run-failed', error: FAULT});
    await run.end(4);
    expect(detailsOf(folder.path(), run.run).run).toMatchObject({reason: 'AUTH: refused', phase: 'planning'});
  });

  it('follows actions from the plan to their end; what was not begun is cancelled', async () => {
    const run = keepRun(folder.path());
    run.emit(plan());
    run.emit({type: 'action-started', cloud: CLOUD, action: ACQUIRE}, 'acquire 20241120');
    run.emit(
      {
        ...PROGRESS,
        cloud: CLOUD,
        definition: ACQUIRE.definition,
        phase: 'uploading',
        bytes: 7,
        total: 9,
        averageBps: 12,
      },
      'acquire 20241120',
    );
    const about = {cloud: CLOUD, definition: ACQUIRE.definition, version: '20241120', image: 'i1'};
    const failed = {...about, phase: 'Failed', reason: 'ImportFailed', percent: 70} as const;
    run.emit({type: 'image-phase', ...failed}, 'acquire 20241120');
    run.emit({type: 'action-failed', cloud: CLOUD, action: ACQUIRE, error: FAULT, ms: 5}, 'acquire 20241120');
    await run.end(1);
    const {actions, run: row} = detailsOf(folder.path(), run.run);
    expect(actions).toMatchObject([
      {
        id: 'acquire 20241120',
        state: 'FAILED',
        phase: 'Failed',
        reason: 'ImportFailed',
        image: 'i1',
        bytes: 7,
        total: 9,
        percent: 70,
        averageBps: 12,
        message: `IMPORT_FAILED: ${FAULT.message}`,
      },
      {
        id: 'publish 3f2a',
        state: 'CANCELLED',
        phase: 'Pending',
        reason: 'Planned',
        message: 'left as it was',
        startedAt: null,
      },
    ]);
    expect(row).toMatchObject({definitions: ['AlmaLinux 9', 'Idle'], clouds: [CLOUD], phase: 'working'});
  });

  it('what was under way when the run was interrupted has failed for that; a live image is as ready as before', async () => {
    const run = keepRun(folder.path());
    run.emit(plan());
    const about = {cloud: CLOUD, definition: ACQUIRE.definition};
    run.emit({type: 'action-started', cloud: CLOUD, action: ACQUIRE}, 'acquire 20241120');
    run.emit({type: 'image-phase', ...about, phase: 'Provisioning', reason: 'Uploading'}, 'acquire 20241120');
    run.emit({type: 'action-started', cloud: CLOUD, action: PUBLISH}, 'publish 3f2a');
    run.emit({type: 'image-phase', ...about, phase: 'Ready', reason: 'Changing'}, 'publish 3f2a');
    await run.end(130);
    expect(detailsOf(folder.path(), run.run).actions).toMatchObject([
      {state: 'CANCELLED', phase: 'Failed', reason: 'Interrupted', message: 'the run was interrupted'},
      {state: 'CANCELLED', phase: 'Ready', reason: 'Interrupted', message: 'the run was interrupted'},
    ]);
  });

  it('forgets what the plan under the lease does not have any more', async () => {
    const run = keepRun(folder.path());
    run.emit(plan());
    run.emit({...plan(), actions: PLANNED.slice(1)} as ReturnType<typeof plan>);
    run.emit({type: 'action-done', cloud: CLOUD, action: PUBLISH, image: '3f2a', ms: 1}, 'publish 3f2a');
    await run.end();
    expect(detailsOf(folder.path(), run.run).actions).toMatchObject([
      {id: 'publish 3f2a', state: 'SUCCESS', image: '3f2a'},
    ]);
  });

  it('follows a build: its phase, its log with as many bytes as are written, its files', async () => {
    const about = {definition: 'Debian 12', version: '20261121'};
    const run = keepRun(folder.path());
    run.emit({type: 'build-started', ...about, reason: 'new'});
    const progress = {type: 'build-progress', ...about, elapsedMs: 1, limitMs: 9} as const;
    run.emit({...progress, phase: 'root.d', log: {path: '/logs/a.log', bytes: 10}});
    run.emit({...progress, phase: 'install.d', line: 'x', log: {path: '/logs/a.log', bytes: 20}});
    await written(run.run, 3);
    run.drop();
    expect(detailsOf(folder.path(), run.run)).toMatchObject({
      run: {phase: 'building'},
      builds: [{...about, state: 'RUNNING', phase: 'install.d'}],
      logs: [{kind: 'build', path: '/logs/a.log', from: 0, to: 20}],
    });
    const files = [{format: 'qcow2', path: '/a.qcow2', size: 3}];
    const done = keepRun(folder.path());
    done.emit({type: 'build-started', ...about, reason: 'new'});
    done.emit({type: 'built', ...about, files, manifest: '/m.json', log: '/logs/b.log', ms: 2});
    await done.end();
    expect(detailsOf(folder.path(), done.run)).toMatchObject({
      builds: [{...about, state: 'SUCCESS', phase: 'done', manifest: '/m.json', files}],
      logs: [{kind: 'build', path: '/logs/b.log', to: null}],
    });
  });

  it('calls a build failed with its definition, and a planned one cancelled', async () => {
    const run = keepRun(folder.path());
    const action = {...ACQUIRE, built: true} as const;
    run.emit({type: 'planned', cloud: CLOUD, actions: [{id: 'a', ...action}], unchanged: [], definitions: []});
    run.emit({type: 'build-started', definition: 'Other', version: '1', reason: 'new'});
    run.emit({type: 'definition-failed', definition: 'Other', error: FAULT});
    await run.end(1);
    expect(detailsOf(folder.path(), run.run).builds).toMatchObject([
      {definition: 'AlmaLinux 9', state: 'CANCELLED'},
      {definition: 'Other', state: 'FAILED', reason: `IMPORT_FAILED: ${FAULT.message}`},
    ]);
  });

  it('follows a verification from the boot to the verdict, with its checks and its evidence', async () => {
    const run = keepRun(folder.path());
    run.emit({
      ...PROGRESS,
      cloud: VERDICT.cloud,
      definition: VERDICT.definition,
      image: VERDICT.image,
      phase: 'booting',
    });
    run.emit({...VERDICT, evidence: '/state/evidence/x.json'});
    await run.end(5);
    const {verifications, logs} = detailsOf(folder.path(), run.run);
    expect(verifications).toMatchObject([
      {
        image: VERDICT.image,
        state: 'FAILED',
        phase: 'judged',
        cause: VERDICT.verdict.cause,
        reason: VERDICT.verdict.message,
      },
    ]);
    expect(verifications[0]?.checks.map(({id}) => id)).toEqual(VERDICT.verdict.checks.map(({id}) => id));
    expect(logs).toMatchObject([{kind: 'evidence', path: '/state/evidence/x.json', image: VERDICT.image}]);
  });

  it('lists a hold with the definition that it holds', async () => {
    const about = {change: 'set', until: '2026-12-24T00:00:00.000Z', reason: 'migration', image: 'i'} as const;
    const run = await kept(folder.path(), [{type: 'hold', cloud: CLOUD, definition: 'D', ...about}], {verb: 'hold'});
    expect(detailsOf(folder.path(), run.run).run).toMatchObject({verb: 'hold', clouds: [CLOUD], definitions: ['D']});
  });

  it('takes every event that there is, and leaves out HTTP calls alone', async () => {
    const run = await kept(
      folder.path(),
      EVERY_EVENT.filter(({type}) => type !== 'finished'),
    );
    expect(run.warnings).toEqual([]);
    const stored = read(folder.path(), (reader) => reader.events(run.run, {after: 0, limit: 1000}));
    const types = new Set(stored.map(({type}) => type));
    expect([...new Set(EVERY_EVENT.map(({type}) => type))].filter((type) => !types.has(type))).toEqual(['http']);
    expect(stored.map(({seq}) => seq)).toEqual(stored.map(({seq}) => seq).sort((a, b) => a - b));
  });

  it('stores progress of one phase once, and the latest amount', async () => {
    const run = keepRun(folder.path());
    run.emit(plan());
    for (let bytes = 1; bytes <= 500; bytes++)
      run.emit(
        {...PROGRESS, cloud: CLOUD, definition: ACQUIRE.definition, phase: 'uploading', bytes},
        'acquire 20241120',
      );
    await run.end();
    const events = read(folder.path(), (reader) => reader.events(run.run, {after: 0, limit: 1000}));
    expect(events.filter(({type}) => type === 'progress')).toHaveLength(1);
    expect(detailsOf(folder.path(), run.run).actions[0]).toMatchObject({bytes: 500});
  });

  it('keeps 10,000 events that come at once', async () => {
    const run = keepRun(folder.path());
    for (let n = 0; n < 10_000; n++) run.emit({type: 'decision', message: `decision ${n}`});
    await run.end();
    expect(run.warnings).toEqual([]);
    const events = read(folder.path(), (reader) => reader.events(run.run, {after: 9990, limit: 100}));
    expect(events.map(({seq}) => seq)).toEqual([9991, 9992, 9993, 9994, 9995, 9996, 9997, 9998, 9999, 10_000, 10_001]);
  });

  it('stores what a guest or a cloud says as data, and cuts what has no end', async () => {
    const hostile = `\u001b[31mred\u0000\n\ud800 ${'x'.repeat(300_000)}`;
    const run = keepRun(folder.path());
    run.emit({type: 'decision', message: hostile});
    run.emit({type: 'run-failed', error: new ImgmgrError('PROTOCOL', hostile)});
    await run.end(1);
    expect(run.warnings).toEqual([]);
    const [decision] = read(folder.path(), (reader) => reader.events(run.run, {after: 0, limit: 1}));
    expect(decision).toMatchObject({type: 'decision', tooLong: expect.any(Number) as number});
    const {reason} = detailsOf(folder.path(), run.run).run;
    expect(reason?.length).toBeLessThanOrEqual(2000);
    expect(reason?.isWellFormed()).toBe(true);
  });

  it('writes the end at once where the process is left by a second signal', async () => {
    const run = keepRun(folder.path());
    run.emit({type: 'starting', command: 'manage', version: '1'});
    await written(run.run, 1);
    run.emit({type: 'interrupted', signal: 'SIGTERM', again: true, left: []});
    expect(detailsOf(folder.path(), run.run).run).toMatchObject({state: 'CANCELLED', exitCode: 143, lastSeq: 2});
    run.drop();
  });

  it('keeps the order in which runs were begun where the clock goes back', async () => {
    const first = await kept(folder.path(), [], {now: () => new Date('2026-11-27T12:00:00Z')});
    const second = await kept(folder.path(), [], {now: () => new Date('2020-01-01T00:00:00Z')});
    const {runs} = read(folder.path(), (reader) => reader.runs({limit: 10}));
    expect(runs.map(({id}) => id)).toEqual([second.run, first.run]);
    expect(runs.every(({elapsedMs}) => elapsedMs >= 0)).toBe(true);
  });

  it('goes on where the clock goes back in the middle of a run', async () => {
    const times = [NOW, new Date('2020-01-01T00:00:00Z')];
    const run = keepRun(folder.path(), {now: () => times[0] ?? NOW});
    times.shift();
    run.emit({type: 'decision', message: 'later'});
    await run.end();
    expect(detailsOf(folder.path(), run.run).run).toMatchObject({state: 'SUCCESS', startedAt: NOW.toISOString()});
  });
});

describe('the file of the history', () => {
  it('is for its owner alone, its journals too, also where it was open to others', async () => {
    const place = join(folder.path(), 'state');
    await mkdir(place, {mode: 0o755});
    await writeFile(join(place, 'history.sqlite'), '', {mode: 0o666});
    const run = keepRun(place);
    await expect.poll(() => readdir(place)).toContain('history.sqlite-wal');
    for (const name of await readdir(place))
      expect([name, (await stat(join(place, name))).mode & 0o777]).toEqual([name, 0o600]);
    expect((await stat(place)).mode & 0o777).toBe(0o700);
    await run.end();
    expect(await readdir(place)).toEqual(['history.sqlite']);
  });

  it('takes two runs that write at the same time', async () => {
    const [a, b] = [keepRun(folder.path()), keepRun(folder.path())];
    for (let n = 0; n < 1000; n++) for (const run of [a, b]) run.emit({type: 'decision', message: `${n}`});
    await Promise.all([a.end(), b.end(1)]);
    expect([...a.warnings, ...b.warnings]).toEqual([]);
    for (const run of [a, b])
      expect(read(folder.path(), (reader) => reader.events(run.run, {after: 0, limit: 5000}))).toHaveLength(1001);
  });

  it('is waited for where another process has it for a while', async () => {
    await kept(folder.path());
    const other = new DatabaseSync(join(folder.path(), 'history.sqlite'));
    other.exec('BEGIN EXCLUSIVE');
    const run = keepRun(folder.path());
    run.emit({type: 'decision', message: 'while it is locked'});
    // The keeper tries twice a second.
    setTimeout(() => other.exec('COMMIT'), 300);
    await run.end();
    other.close();
    expect(run.warnings).toEqual([]);
    expect(detailsOf(folder.path(), run.run).run).toMatchObject({state: 'SUCCESS', lastSeq: 2});
  });

  it('may be held by another process for ten seconds while a run goes on: nothing of the run is lost, and nothing waits for it', async () => {
    await kept(folder.path());
    const other = new DatabaseSync(join(folder.path(), 'history.sqlite'));
    other.exec('BEGIN EXCLUSIVE');
    const run = keepRun(folder.path());
    let said = 0;
    const talking = setInterval(() => run.emit({type: 'decision', message: `${said++}`}), 20);
    await sleep(10_000);
    clearInterval(talking);
    // Each try to write holds the process up for 25 ms at most, twice a second.
    expect(said).toBeGreaterThan(10);
    other.exec('COMMIT');
    other.close();
    await run.end();
    expect(run.warnings).toEqual([]);
    expect(read(folder.path(), (reader) => reader.events(run.run, {after: 0, limit: 5000}))).toHaveLength(said + 1);
  });

  it('costs one warning and a second where another process does not let go of it', async () => {
    await kept(folder.path());
    const other = new DatabaseSync(join(folder.path(), 'history.sqlite'));
    other.exec('BEGIN EXCLUSIVE');
    const run = keepRun(folder.path());
    run.emit({type: 'decision', message: 'never written'});
    await run.end();
    other.close();
    expect(run.warnings).toMatchObject([
      {code: 'history-lost', message: expect.stringContaining('history.sqlite is locked by another process') as string},
    ]);
  });
});
