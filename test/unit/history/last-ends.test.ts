import {join} from 'node:path';
import {DatabaseSync} from 'node:sqlite';
import {describe, expect, it} from 'vitest';
import {openReader} from '../../../src/history/reader.ts';
import type {HistoryReader, RunEnd} from '../../../src/ports/history.ts';
import {useFolder} from '../build/folder.ts';
import {NOW, keepRun} from './kept-run.ts';

const folder = useFolder();

async function ended(exitCode: number, {cloud = 'a', verb = 'manage', minute = 0} = {}): Promise<void> {
  const run = keepRun(folder.path(), {verb, now: () => new Date(NOW.getTime() + minute * 60_000)});
  run.emit({type: 'started', command: 'manage', clouds: [cloud], run: run.run});
  await run.end(exitCode);
}

async function reading<T>(ask: (reader: HistoryReader) => Promise<T>): Promise<T> {
  const reader = openReader({folder: folder.path(), now: () => NOW});
  if (!reader) throw new Error('there is no history');
  try {
    return await ask(reader);
  } finally {
    reader.close();
  }
}

/** `cloud verb exit code, minute of the end, minute of the last that did its work`. */
function words(ends: readonly RunEnd[]): readonly string[] {
  const minute = (ms: number | undefined): string => (ms === undefined ? '-' : String((ms - NOW.getTime()) / 60_000));
  return ends
    .map(
      ({cloud, verb, exitCode, endedMs, succeededMs}) =>
        `${cloud} ${verb} ${exitCode} ${minute(endedMs)} ${minute(succeededMs)}`,
    )
    .sort();
}

describe('the last ends', () => {
  it('are those of each verb on each cloud, and when one did its work', async () => {
    await ended(0, {minute: 1});
    await ended(3, {minute: 2});
    await ended(5, {minute: 3});
    await ended(1, {minute: 4, verb: 'verify'});
    await ended(0, {minute: 5, cloud: 'b'});
    const open = keepRun(folder.path());
    open.emit({type: 'started', command: 'manage', clouds: ['c'], run: open.run});
    expect(words(await reading(async (reader) => reader.lastEnds()))).toEqual([
      'a manage 5 3 2',
      'a verify 1 4 -',
      'b manage 0 5 5',
    ]);
    await open.end(0);
  });

  it('follow what ends later, also a run that began before others', async () => {
    const early = keepRun(folder.path(), {now: () => new Date(NOW.getTime() + 9 * 60_000)});
    early.emit({type: 'started', command: 'manage', clouds: ['a'], run: early.run});
    await expect.poll(() => rows()).toBe(1);
    await ended(5, {minute: 1});
    await reading(async (reader) => {
      expect(words(await reader.lastEnds())).toEqual(['a manage 5 1 -']);
      await early.end(0);
      // The run that began last is the last one; the other one did its work.
      expect(words(await reader.lastEnds())).toEqual(['a manage 5 1 9']);
      await ended(0, {minute: 10});
      expect(words(await reader.lastEnds())).toEqual(['a manage 0 10 10']);
      expect(words(await reader.lastEnds())).toEqual(['a manage 0 10 10']);
    });
  });

  it('are found among more runs than are looked at at once', async () => {
    await ended(0, {verb: 'rollback', minute: 1});
    const db = new DatabaseSync(join(folder.path(), 'history.sqlite'));
    db.exec(
      `WITH RECURSIVE many (k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM many WHERE k < 1200)
       INSERT INTO runs SELECT NULL, 'run ' || k, 'manage', '1', 'SUCCESS', 'finished', NULL, 0, ${NOW.getTime()}, 0, 1, 0, NULL, '{}', '[]', 'h', 'b', 'n', 1, '1', 0 FROM many;
       INSERT INTO subjects SELECT n, 'a', 'X' FROM runs WHERE id LIKE 'run %'`,
    );
    db.close();
    expect(words(await reading(async (reader) => reader.lastEnds()))).toEqual(['a manage 0 0 0', 'a rollback 0 1 1']);
  });
});

function rows(): number {
  const db = new DatabaseSync(join(folder.path(), 'history.sqlite'), {readOnly: true});
  try {
    return Number(db.prepare('SELECT count(*) AS runs FROM subjects').get()?.['runs'] ?? 0);
  } catch {
    return 0;
  } finally {
    db.close();
  }
}
