import {mkdir, readFile, readdir, rm, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {run} from '../../src/run.ts';
import {ImgmgrError} from '../../src/errors.ts';
import {keepRun} from '../unit/history/kept-run.ts';
import {VERDICT} from '../unit/report/samples.ts';
import {fakeIo} from './fake-io.ts';
import type {Desk} from './operator.ts';
import {listed, openDesk, yaml} from './operator.ts';

let desk: Desk;
let images = '';

beforeEach(async () => {
  desk = await openDesk();
  desk.upstream.put('/x-1.img', Buffer.alloc(50_000, 'x'));
  images = await desk.write(yaml([listed('1', `${desk.upstream.url}/x-1.img`)]));
});
afterEach(async () => desk.close());

const state = (): string => join(desk.folder, 'state', 'imgmgr');

/** The lines of one type that `history` gives as JSON. */
async function lines(type: string, ...argv: readonly string[]): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const {out, code} = await desk.print('history', ...argv, '--json');
  expect(code, out).toBe(0);
  const all = out.split('\n').filter((line) => line !== '');
  return all
    .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>)
    .filter((line) => line['type'] === type);
}

async function manage(...more: readonly string[]): Promise<string> {
  await desk.imgmgr('manage', '--cloud', 'admin', '--images', images, ...more);
  const [row] = await lines('history-run');
  return String(row?.['id']);
}

/** Runs of `history` as processes see them, to be interrupted. */
function started(...argv: readonly string[]) {
  const io = fakeIo();
  const env = {HOME: desk.folder, PATH: process.env['PATH'], XDG_STATE_HOME: join(desk.folder, 'state')};
  return {io, done: run(argv, io, env)};
}

describe('imgmgr history', () => {
  it('lists what runs did, the newest first, exit 0', async () => {
    await manage();
    await desk.imgmgr('delete', '--cloud', 'admin', '--images', images);
    const {code, out} = await desk.print('history');
    expect(code).toBe(0);
    const [head, ...rows] = out.split('\n');
    expect(head).toMatch(/^RUN +STARTED \(UTC\) +VERB +STATE +PHASE +TOOK +CLOUDS +DEFINITIONS +REASON$/);
    expect(rows[0]).toMatch(/^[0-9a-f]{8} {2}2026-01-31 16:44 {2}delete {2}SUCCESS {2}finished +0\.0 s +admin +X +–$/);
    expect(rows[1]).toMatch(/^[0-9a-f]{8} {2}2026-01-31 16:44 {2}manage {2}SUCCESS {2}finished /);
  });

  it('says in JSON everything that is kept of a run', async () => {
    const id = await manage('--keep-history', '30d');
    const [row] = await lines('history-run', 'X');
    expect(row).toMatchObject({
      ...{id, verb: 'manage', state: 'SUCCESS', phase: 'finished', exitCode: 0, clouds: ['admin'], definitions: ['X']},
      ...{counts: {imported: 1}, pid: process.pid, who: {ci: null}},
      commandLine: ['manage', '--cloud', 'admin', '--images', images, '--keep-history', '30d', '--no-verify', '--json'],
    });
    expect(await lines('history')).toMatchObject([{runs: 1, more: false, asOf: '2026-01-31T16:44:45.000Z'}]);
  });

  it('shows one run by the beginning of its id, with its actions', async () => {
    const id = await manage();
    const {code, out} = await desk.print('history', id.slice(0, 6));
    expect(code).toBe(0);
    expect(out).toContain(`run ${id}\n  state       SUCCESS (finished), exit code 0\n`);
    expect(out).toMatch(/^ {2}acquire {5}X \(1\) on admin \[[0-9a-f-]{36}\].*: SUCCESS \(Ready, Active\)$/m);
    expect(out).toMatch(/^ {2}publish {5}X \(1\) on admin \[[0-9a-f-]{36}\]: SUCCESS \(Ready, Published\)$/m);
    const [shown] = await lines('history-shown', id);
    expect(shown).toMatchObject({
      of: {id},
      actions: [{kind: 'acquire', state: 'SUCCESS'}, {kind: 'publish'}],
      builds: [],
    });
  });

  it('keeps the reason of a run that failed, and lists it among the failed ones', async () => {
    desk.upstream.put('/x-1.img', '<html>moved</html>');
    const id = await manage();
    const [row] = await lines('history-run', '--failed');
    expect(row).toMatchObject({
      id,
      state: 'FAILED',
      exitCode: 1,
      reason: expect.stringMatching(/^[A-Z_]+: /) as string,
    });
    const {out} = await desk.print('history', id);
    expect(out).toMatch(/acquire {5}X \(1\) on admin.*: FAILED/);
    expect(await lines('history-run', '--verb', 'delete')).toEqual([]);
    expect(await lines('history-run', '--since', '2027-01-01')).toEqual([]);
    expect(await lines('history-run', '--since', '1h')).toHaveLength(1);
  });

  it('keeps a run that ends before any cloud was asked', async () => {
    await desk.imgmgr('manage', '--cloud', 'nobody', '--images', images);
    const [row] = await lines('history-run');
    expect(row).toMatchObject({state: 'FAILED', exitCode: 2, reason: expect.stringContaining('nobody') as string});
  });

  it('prints with --log what the run said, at its own times', async () => {
    const id = await manage();
    const {out} = await desk.print('history', id, '--log');
    expect(out.split('\n')[0]).toMatch(/^2026-01-31 16:44:45 \| INFO {5}\| imgmgr \S+: manage$/);
    expect(out).toContain('| Importing image X (1)\n');
    expect(out).toMatch(/imported: 1, .*\n$/);
    const entries = await lines('history-line', id, '--log');
    expect(entries[0]).toMatchObject({of: id, entry: {run: id, seq: 1, type: 'starting', command: 'manage'}});
    expect(entries.at(-1)).toMatchObject({entry: {type: 'finished', exitCode: 0}});
  });

  it('has no password of an address on the command line', async () => {
    await desk.imgmgr('import', `http://me:hunter2@127.0.0.1:1/a.raw?X-Amz-Signature=5ec7e7`, '--cloud', 'admin');
    const text = (await readFile(join(state(), 'history.sqlite'))).toString('latin1');
    expect(text).not.toMatch(/hunter2|5ec7e7/);
    const [row] = await lines('history-run');
    expect(row?.['commandLine']).toContain('http://127.0.0.1:1/a.raw?X-Amz-Signature=***');
  });

  it.each([
    ['dry-run', '--cloud', 'admin'],
    ['manage', '--dry-run', '--cloud', 'admin'],
    ['status', '--cloud', 'admin'],
    ['show', 'X', '--cloud', 'admin'],
    ['history'],
    ['history', '--cloud', 'admin'],
  ])('is not written, and no folder is made, by %s %s', async (...argv) => {
    const more = argv[0] === 'history' ? [] : ['--images', images];
    await desk.imgmgr(...argv, ...more);
    await expect(readdir(join(desk.folder, 'state'))).rejects.toThrow(/ENOENT/);
  });

  it('is empty where there is none, exit 0', async () => {
    expect(await desk.print('history')).toMatchObject({code: 0, out: 'no runs\n'});
  });

  it('names what is near, or the most recent runs, for what it does not know, exit 2', async () => {
    const ask = async (...argv: readonly string[]) => {
      const {code, err} = await desk.print('history', ...argv);
      return `${code} ${err}`;
    };
    expect(await ask('Debain')).toMatch(/^2 [^]*no definition and no run "Debain"[^]*this host has no history yet/);
    const id = await manage();
    expect(await ask('Y')).toMatch(new RegExp(`^2 [^]*no run "Y"[^]*most recent runs: ${id.slice(0, 8)} \\(manage\\)`));
    expect(await ask('--before', 'zzz')).toMatch(/^2 [^]*--before names no run of this host: "zzz"/);
    expect(await ask('--log')).toMatch(/^2 [^]*--log is of one run/);
    expect(await ask(id, '--follow')).toMatch(/^2 [^]*add --log/);
    expect(await ask('--limit', '1001')).toMatch(/^2 [^]*at most 1000/);
    expect(await ask('--since', 'yesterday')).toMatch(/^2 [^]*--since takes a time, not "yesterday"/);
    expect(await ask('--since', '2026-02-30')).toMatch(/^2 [^]*--since takes a time/);
    expect(await ask('--verb', 'manag')).toMatch(/^2 [^]*did you mean manage/);
    expect(await ask('--format', 'junit')).toMatch(/^2 [^]*history has no --format junit/);
  });

  it('pages: --limit, and from --before on', async () => {
    const ids = [await manage(), await manage(), await manage()].reverse();
    const rows = async (...argv: readonly string[]) => (await lines('history-run', ...argv)).map(({id}) => id);
    expect(await rows('--limit', '2')).toEqual(ids.slice(0, 2));
    expect(await rows('--before', ids[1]?.slice(0, 8) ?? '')).toEqual(ids.slice(2));
    const {out} = await desk.print('history', '--limit', '1');
    expect(out).toContain(`older ones: --before ${ids[0]?.slice(0, 8) ?? ''}`);
  });

  it('shows hostile text of guests, clouds and files as text', async () => {
    const hostile = 'a\u001b[2Jb\nc\u202ed ::error::x ##vso[task]';
    const kept = keepRun(state());
    kept.emit({type: 'started', command: 'manage', clouds: [hostile], run: kept.run});
    kept.emit({...VERDICT, definition: hostile, verdict: {...VERDICT.verdict, message: hostile}});
    kept.emit({type: 'run-failed', error: new ImgmgrError('PROTOCOL', hostile)});
    await kept.end(1);
    for (const argv of [[], [kept.run], [kept.run, '--log'], ['--wide']]) {
      const {code, out} = await desk.print('history', ...argv);
      expect(code).toBe(0);
      expect(out.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u);
      expect(out).not.toMatch(/^ *::error::|##vso\[/m);
      expect(out).toContain('?[2Jb?c?d');
    }
  });

  it('says that a damaged history is one, exit 2, and changes nothing', async () => {
    await mkdir(state(), {recursive: true});
    const damaged = 'no database '.repeat(500);
    await writeFile(join(state(), 'history.sqlite'), damaged);
    const {code, err} = await desk.print('history');
    expect([code, err]).toEqual([2, expect.stringContaining('history.sqlite is damaged') as string]);
    expect(await readFile(join(state(), 'history.sqlite'), 'utf8')).toBe(damaged);
  });
});

describe('imgmgr history --cloud', () => {
  it('tells by the images what other hosts did, also without a database', async () => {
    const id = await manage();
    await rm(join(desk.folder, 'state'), {recursive: true});
    const [row] = await lines('history-elsewhere', '--cloud', 'admin');
    expect(row).toMatchObject({
      id,
      cloud: 'admin',
      definitions: ['X'],
      images: [{name: 'X', version: '1', state: 'current'}],
    });
    const {out} = await desk.print('history', 'X', '--cloud', 'admin');
    expect(out).toMatch(new RegExp(`^${id.slice(0, 8)} .* elsewhere .* admin +X +1 image: 1 current$`, 'm'));
    const one = await desk.print('history', id.slice(0, 8), '--cloud', 'admin');
    expect([one.code, one.out]).toEqual([
      0,
      expect.stringContaining(`run ${id} of another host, by the images on admin`),
    ]);
    const log = await desk.print('history', id, '--log', '--cloud', 'admin');
    expect([log.code, log.err]).toEqual([2, expect.stringContaining('is on another host')]);
    expect(await lines('history-elsewhere', '--cloud', 'admin', '--failed')).toEqual([]);
  });

  it('pages runs of other hosts, too', async () => {
    const first = await manage();
    await rm(join(desk.folder, 'state'), {recursive: true});
    const page = await desk.print('history', '--cloud', 'admin', '--before', first);
    expect([page.code, page.out]).toEqual([0, 'no runs\n']);
    const unknown = await desk.print('history', '--cloud', 'admin', '--before', 'zzz');
    expect([unknown.code, unknown.err]).toEqual([2, expect.stringContaining('--before names no run') as string]);
  });

  it('says of a run of this host what this host knows, and nothing else', async () => {
    const id = await manage();
    const {code, out} = await desk.print('history', id, '--cloud', 'admin');
    expect([code, out]).toEqual([0, expect.not.stringContaining('of another host') as string]);
  });

  it('lists a run of this host once, among those on this cloud', async () => {
    const id = await manage();
    expect((await lines('history-run', '--cloud', 'admin')).map((row) => row['id'])).toEqual([id]);
    expect(await lines('history-elsewhere', '--cloud', 'admin')).toEqual([]);
  });

  it('lists what this host knows where the cloud does not answer, exit 75', async () => {
    const id = await manage();
    desk.cloud.misbehave('keystoneDown');
    const {code, out} = await desk.print('history', '--cloud', 'admin');
    expect([code, out]).toEqual([75, expect.stringContaining(id.slice(0, 8))]);
  });
});

describe('imgmgr history RUN --log --follow', () => {
  /** Waits until the follower has printed that. */
  async function printed(io: {readonly out: () => string}, text: string): Promise<void> {
    await expect.poll(() => io.out()).toContain(text);
  }

  it('goes on with the run, with the lines of its build, and ends with it', async () => {
    const kept = keepRun(state());
    const log = join(state(), 'build-logs', 'a.log');
    await mkdir(join(state(), 'build-logs'), {recursive: true});
    await writeFile(log, 'line one\nline two\n');
    const about = {definition: 'D', version: '1'};
    kept.emit({type: 'build-started', ...about, reason: 'new'});
    await expect.poll(async () => (await lines('history-run')).length).toBe(1);
    const {io, done} = started('history', kept.run, '--log', '--follow');
    await printed(io, 'Building D (1): new');
    kept.emit({
      type: 'build-progress',
      ...about,
      phase: 'root.d',
      elapsedMs: 1,
      limitMs: 2,
      log: {path: log, bytes: 9},
    });
    await printed(io, '[DIB] line one\n');
    expect(io.out()).not.toContain('line two');
    kept.emit({type: 'built', ...about, files: [], manifest: '/m', log, ms: 1});
    await kept.end();
    expect(await done).toBe(0);
    expect(
      io
        .out()
        .split('\n')
        .filter((line) => line.startsWith('[DIB]')),
    ).toEqual(['[DIB] line one', '[DIB] line two']);
    expect(io.out()).toMatch(/imported: 1 .*\n$/);
  });

  it('ends with a run whose process is gone', async () => {
    const kept = keepRun(state());
    kept.emit({type: 'decision', message: 'x'});
    await expect.poll(async () => (await lines('history-run'))[0]?.['lastSeq']).toBe(1);
    kept.drop();
    const {DatabaseSync} = await import('node:sqlite');
    const db = new DatabaseSync(join(state(), 'history.sqlite'));
    db.exec('UPDATE runs SET pid = 999999999');
    db.close();
    const {done} = started('history', kept.run, '--log', '--follow');
    expect(await done).toBe(0);
    expect((await lines('history-run'))[0]).toMatchObject({state: 'LOST'});
  });

  it('ends at once with Ctrl-C', async () => {
    const kept = keepRun(state());
    kept.emit({type: 'starting', command: 'manage', version: '1'});
    await expect.poll(async () => (await lines('history-run')).length).toBe(1);
    const {io, done} = started('history', kept.run, '--log', '--follow');
    await printed(io, 'imgmgr 1: manage');
    io.send('SIGINT');
    expect(await done).toBe(130);
    await kept.end();
  });

  it('prints the console of a server whose image failed, and no file outside of the folder of state', async () => {
    await mkdir(join(state(), 'evidence'), {recursive: true});
    const inside = join(state(), 'evidence', 'a.json');
    const outside = join(desk.folder, 'outside.json');
    for (const path of [inside, outside])
      await writeFile(path, JSON.stringify({console: `boot ${path}\r\npanic\u001b[0m`}));
    const kept = keepRun(state());
    for (const evidence of [inside, outside]) kept.emit({...VERDICT, image: evidence, evidence});
    await kept.end(5);
    const {out} = await desk.print('history', kept.run, '--log');
    expect(out).toContain(`[console] boot ${inside}\n[console] panic?[0m\n`);
    expect(out).not.toContain(`boot ${outside}`);
  });
});
