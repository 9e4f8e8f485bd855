import {mkdir, readdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {DatabaseSync} from 'node:sqlite';
import {describe, expect, it} from 'vitest';
import type {Event} from '../../../src/core/events.ts';
import {ImgmgrError} from '../../../src/errors.ts';
import {openReader} from '../../../src/history/reader.ts';
import {forgetOld, markLost} from '../../../src/history/run-rows.ts';
import {useFolder} from '../build/folder.ts';
import {NOW, detailsOf, keepRun, kept, read} from './kept-run.ts';

const folder = useFolder();
const DAY_MS = 86_400_000;

function change(sql: string, ...values: readonly (string | number)[]): void {
  const db = new DatabaseSync(join(folder.path(), 'history.sqlite'));
  db.prepare(sql).run(...values);
  db.close();
}

/** What makes a run work on these definitions on a cloud. */
function on(cloud: string, ...unchanged: readonly string[]): readonly Event[] {
  return [
    {type: 'started', command: 'manage', clouds: [cloud], run: 'r'},
    {type: 'planned', cloud, actions: [], unchanged, definitions: []},
  ];
}

function ids(
  filter: Partial<Parameters<Parameters<Parameters<typeof read>[1]>[0]['runs']>[0]> = {},
): readonly string[] {
  return read(folder.path(), (reader) => reader.runs({limit: 10, ...filter}).runs.map(({id}) => id));
}

describe('the list of runs', () => {
  it('has the newest first, in pages that follow each other', async () => {
    const runs: string[] = [];
    for (let n = 0; n < 5; n++) runs.unshift((await kept(folder.path())).run);
    expect(ids()).toEqual(runs);
    const first = read(folder.path(), (reader) => reader.runs({limit: 2}));
    expect([first.runs.map(({id}) => id), first.more]).toEqual([runs.slice(0, 2), true]);
    const next = read(folder.path(), (reader) => reader.runs({limit: 3, before: runs[1] ?? ''}));
    expect([next.runs.map(({id}) => id), next.more]).toEqual([runs.slice(2), false]);
  });

  it('can be narrowed to a definition, clouds, verbs, a time, and to what failed', async () => {
    const a = await kept(folder.path(), on('c1', 'A', 'B'));
    const b = await kept(folder.path(), on('c2', 'B'), {verb: 'verify', now: () => new Date(NOW.getTime() - DAY_MS)});
    const failed = keepRun(folder.path());
    await failed.end(1);
    expect(ids({definition: 'B'})).toEqual([b.run, a.run]);
    expect(ids({definition: 'C'})).toEqual([]);
    expect(ids({clouds: ['c1']})).toEqual([a.run]);
    expect(ids({clouds: ['c1', 'c2'], definition: 'B'})).toEqual([b.run, a.run]);
    expect(ids({verbs: ['verify']})).toEqual([b.run]);
    expect(ids({sinceMs: NOW.getTime() - 1000})).toEqual([failed.run, a.run]);
    expect(ids({failed: true})).toEqual([failed.run]);
    expect(read(folder.path(), (reader) => reader.definitions())).toEqual(['A', 'B']);
  });

  it('can be narrowed to what has not ended, lost runs left out', async () => {
    await kept(folder.path(), on('c1', 'A'));
    const open = keepRun(folder.path());
    open.emit({type: 'started', command: 'manage', clouds: ['c1'], run: open.run});
    const lost = keepRun(folder.path());
    lost.emit({type: 'started', command: 'manage', clouds: ['c1'], run: lost.run});
    lost.drop();
    change('UPDATE runs SET pid = 999999999 WHERE id = ?', lost.run);
    await expect.poll(() => ids({running: true})).toEqual([open.run]);
    open.drop();
  });

  it('can be narrowed to runs all of whose clouds fit a pattern; one without a cloud fits none', async () => {
    const a = await kept(folder.path(), on('prod-a', 'A'));
    const both = await kept(folder.path(), [...on('prod-b', 'B'), ...on('lab', 'B')]);
    await kept(folder.path());
    expect(ids({withinClouds: 'prod-*'})).toEqual([a.run]);
    expect(ids({withinClouds: 'prod-?'})).toEqual([a.run]);
    expect(ids({withinClouds: '*'})).toEqual([both.run, a.run]);
    expect(ids({withinClouds: 'x*'})).toEqual([]);
  });

  it('has the newest verifications of a definition on a cloud, with their runs', async () => {
    const verdict = (cloud: string, image: string): Event => ({
      ...{type: 'verdict', cloud, definition: 'A', version: '1', image},
      verdict: {kind: 'pass', cause: 'passed', checks: [], agent: '1', notes: []} as never,
      spans: {submitMs: 1, waitMs: 1, judgeMs: 1},
    });
    const first = await kept(folder.path(), [...on('c1', 'A'), verdict('c1', 'i1')]);
    const second = await kept(folder.path(), [
      ...on('c1', 'A'),
      verdict('c1', 'i2'),
      ...on('c2', 'A'),
      verdict('c2', 'i3'),
    ]);
    const of = (cloud: string, limit: number) =>
      read(folder.path(), (reader) =>
        reader.verifications({cloud, definition: 'A', limit}).map(({run, image, state}) => [run, image, state]),
      );
    expect(of('c1', 9)).toEqual([
      [second.run, 'i2', 'SUCCESS'],
      [first.run, 'i1', 'SUCCESS'],
    ]);
    expect(of('c1', 1)).toEqual([[second.run, 'i2', 'SUCCESS']]);
    expect(of('c3', 9)).toEqual([]);
  });

  it('finds a run by the beginning of its id, as long as one alone has it', async () => {
    for (const run of ['aaaa1111-x', 'aaaa2222-x', 'bbbb1111-x']) await kept(folder.path(), [], {run});
    const find = (beginning: string) => read(folder.path(), (reader) => reader.find(beginning));
    expect(find('bb')).toEqual({kind: 'found', id: 'bbbb1111-x'});
    expect(find('BBBB1111-X')).toEqual({kind: 'found', id: 'bbbb1111-x'});
    expect(find('aaaa')).toEqual({kind: 'several', ids: ['aaaa1111-x', 'aaaa2222-x']});
    expect(find('cccc')).toEqual({kind: 'none'});
    expect(find('%')).toEqual({kind: 'none'});
  });

  it('is none where this host has no history, and makes no file', async () => {
    expect(openReader({folder: folder.path(), now: () => NOW})).toBeUndefined();
    expect(openReader({folder: join(folder.path(), 'nothing', 'here'), now: () => NOW})).toBeUndefined();
    await writeFile(join(folder.path(), 'history.sqlite'), '');
    expect(openReader({folder: folder.path(), now: () => NOW})).toBeUndefined();
    expect(await readdir(folder.path())).toEqual(['history.sqlite']);
  });

  it('gives events in order from a number on', async () => {
    const run = await kept(folder.path(), [
      {type: 'decision', message: 'one'},
      {type: 'decision', message: 'two'},
    ]);
    const events = read(folder.path(), (reader) => reader.events(run.run, {after: 1, limit: 10}));
    expect(events).toMatchObject([
      {run: run.run, seq: 2, at: NOW.toISOString(), type: 'decision', message: 'two'},
      {seq: 3, type: 'finished', exitCode: 0},
    ]);
    expect(read(folder.path(), (reader) => reader.events(run.run, {after: 0, limit: 1}))).toHaveLength(1);
    expect(read(folder.path(), (reader) => reader.events('none', {after: 0, limit: 1}))).toEqual([]);
  });

  it('shows what can be read of rows that are damaged', async () => {
    const run = await kept(folder.path(), [{type: 'decision', message: 'x'}]);
    change(`UPDATE runs SET who = '[', counts = '7', command = '{}', state = 'x', started_ms = ?`, 9e15);
    change(`UPDATE events SET body = 'null' WHERE seq = 1`);
    expect(detailsOf(folder.path(), run.run).run).toMatchObject({
      ...{who: {user: '', sudoUser: null}, counts: null, commandLine: [], startedAt: '', state: 'LOST'},
    });
    expect(read(folder.path(), (reader) => reader.events(run.run, {after: 0, limit: 1}))).toEqual([
      {run: run.run, seq: 1, at: '', type: 'unreadable'},
    ]);
  });
});

describe('a run whose process is gone', () => {
  /** A run that goes on, with an action and a build under way. */
  async function open(): Promise<string> {
    const run = keepRun(folder.path());
    run.emit({type: 'build-started', definition: 'D', version: '1', reason: 'new'});
    await expect
      .poll(() => openReader({folder: folder.path(), now: () => NOW})?.details(run.run)?.builds)
      .toHaveLength(1);
    run.drop();
    return run.run;
  }

  it('is running while its process of this host lives, however long it is silent', async () => {
    const run = await open();
    const later = () => new Date(NOW.getTime() + DAY_MS);
    expect(detailsOf(folder.path(), run, later).run.state).toBe('RUNNING');
  });

  it.each([
    ['another process has its number', `UPDATE runs SET pid_start = '1'`],
    ['no process has its number', 'UPDATE runs SET pid = 999999999'],
  ])('is lost at once where %s', async (_, sql) => {
    const run = await open();
    change(sql);
    const {run: row, builds} = detailsOf(folder.path(), run);
    expect(row).toMatchObject({reason: 'its process is gone, and no end of it was stored'});
    expect(row).toMatchObject({state: 'LOST', phase: 'building', endedAt: NOW.toISOString(), exitCode: null});
    expect(builds).toMatchObject([{state: 'LOST'}]);
    expect(ids({failed: true})).toEqual([run]);
  });

  it.each([
    ['another host', `UPDATE runs SET boot_id = 'other'`],
    ['another container', `UPDATE runs SET pid_namespace = 'other'`],
  ])('of %s is lost when it was silent for more than 60 s', async (_, sql) => {
    const run = await open();
    change(sql);
    const after = (ms: number) => () => new Date(NOW.getTime() + ms);
    expect(detailsOf(folder.path(), run, after(60_000)).run.state).toBe('RUNNING');
    expect(detailsOf(folder.path(), run, after(60_001)).run.state).toBe('LOST');
    // A clock that is behind says nothing.
    expect(detailsOf(folder.path(), run, after(-DAY_MS)).run.state).toBe('RUNNING');
  });

  it('is written down as lost by a later run, and is running again when it gives a sign', async () => {
    const run = keepRun(folder.path());
    run.emit({type: 'build-started', definition: 'D', version: '1', reason: 'new'});
    await expect
      .poll(() => openReader({folder: folder.path(), now: () => NOW})?.details(run.run)?.builds)
      .toHaveLength(1);
    change(`UPDATE runs SET boot_id = 'other'`);
    const db = new DatabaseSync(join(folder.path(), 'history.sqlite'));
    markLost(db, NOW.getTime() + 60_001);
    const state = () => db.prepare('SELECT state, ended_ms FROM runs').get();
    expect(state()).toEqual({state: 'LOST', ended_ms: NOW.getTime()});
    expect(detailsOf(folder.path(), run.run).builds[0]?.state).toBe('LOST');
    run.emit({type: 'run-failed', error: new ImgmgrError('UNAVAILABLE', 'x')});
    await expect.poll(state).toEqual({state: 'RUNNING', ended_ms: null});
    expect(detailsOf(folder.path(), run.run).builds[0]?.state).toBe('RUNNING');
    db.close();
    await run.end(75);
    expect(detailsOf(folder.path(), run.run).run).toMatchObject({state: 'FAILED', exitCode: 75});
  });
});

describe('what is forgotten', () => {
  it('is the oldest first, its events before its row, and its evidence with it', async () => {
    const events = Array.from({length: 700}, (_, n): Event => ({type: 'decision', message: `${n}`}));
    const old = await kept(folder.path(), events, {now: () => new Date(NOW.getTime() - 2 * DAY_MS)});
    const young = await kept(folder.path());
    change(`INSERT INTO logs VALUES (1, '/e.json', 'evidence', 'c', 'D', NULL, 'i', 0, NULL)`);
    const db = new DatabaseSync(join(folder.path(), 'history.sqlite'));
    const before = NOW.getTime() - DAY_MS;
    expect(forgetOld(db, before)).toEqual({evidence: [], more: true});
    expect(db.prepare('SELECT count(*) AS n FROM runs').get()).toEqual({n: 2});
    expect(forgetOld(db, before)).toEqual({evidence: ['/e.json'], more: true});
    expect(forgetOld(db, before)).toEqual({evidence: [], more: false});
    for (const table of ['logs', 'subjects', 'actions'])
      expect(db.prepare(`SELECT count(*) AS n FROM ${table} WHERE run = 1`).get()).toEqual({n: 0});
    db.close();
    expect(ids()).toEqual([young.run]);
    expect(read(folder.path(), (reader) => reader.details(old.run))).toBeUndefined();
  });

  it('is forgotten by a run that writes, with files of evidence in its folder alone', async () => {
    const place = join(folder.path(), 'evidence');
    await mkdir(place);
    const outside = join(folder.path(), 'outside.json');
    for (const path of [join(place, 'a.json'), outside]) await writeFile(path, '{}');
    const old = await kept(folder.path(), [], {now: () => new Date(NOW.getTime() - 2 * DAY_MS)});
    for (const path of [join(place, 'a.json'), outside, join(place, '..', 'outside.json'), `${place}/../outside.json`])
      change(`INSERT OR IGNORE INTO logs VALUES (1, ?, 'evidence', 'c', 'D', NULL, 'i', 0, NULL)`, path);
    const run = keepRun(folder.path(), {keepMs: DAY_MS});
    await expect.poll(() => readdir(place)).toEqual([]);
    await run.end();
    expect(ids()).toEqual([run.run]);
    expect(read(folder.path(), (reader) => reader.find(old.run))).toEqual({kind: 'none'});
    expect(await readdir(folder.path())).toContain('outside.json');
  });
});
