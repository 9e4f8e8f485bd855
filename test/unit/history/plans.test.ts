import {join} from 'node:path';
import {DatabaseSync} from 'node:sqlite';
import {afterEach, describe, expect, it, vi} from 'vitest';
import {openReader} from '../../../src/history/reader.ts';
import type {HistoryReader} from '../../../src/ports/history.ts';
import {useFolder} from '../build/folder.ts';
import {NOW, kept} from './kept-run.ts';

const folder = useFolder();
const ID = '00000000-0000-4000-8000-000000000000';
/** The list itself goes from the newest run to older ones, until the page is full; the others are small or only what was asked for. */
const LISTS = /^SCAN (?:runs|runs USING (?:COVERING )?INDEX runs_open|names|s|json_each VIRTUAL TABLE INDEX 1:)$/;

afterEach(() => vi.restoreAllMocks());

/** Every question that a server or `history` asks. */
const QUESTIONS: Readonly<Record<string, (reader: HistoryReader) => unknown>> = {
  'the newest runs': (reader) => reader.runs({limit: 1000}),
  'runs behind another': (reader) => reader.runs({limit: 100, before: ID}),
  'runs of a time': (reader) => reader.runs({limit: 100, sinceMs: 1, beforeMs: 2}),
  'runs of a verb': (reader) => reader.runs({limit: 100, verbs: ['build']}),
  'runs of verbs': (reader) => reader.runs({limit: 100, verbs: ['build', 'verify']}),
  'runs of clouds': (reader) => reader.runs({limit: 100, clouds: ['a', 'b']}),
  'runs of a definition': (reader) => reader.runs({limit: 100, definition: 'A'}),
  'failed runs of a cloud': (reader) => reader.runs({limit: 100, failed: true, clouds: ['a']}),
  'runs under way': (reader) => reader.runs({limit: 100, running: true}),
  'runs within clouds': (reader) => reader.runs({limit: 100, withinClouds: 'a*'}),
  'a run by the beginning of its id': (reader) => reader.find('0000'),
  'a run': (reader) => reader.run(ID),
  'a run with all its parts': (reader) => reader.details(ID),
  'events behind one': (reader) => reader.events(ID, {after: 5, limit: 200}),
  'verifications of a definition': (reader) => reader.verifications({cloud: 'a', definition: 'A', limit: 20}),
  'all definitions': (reader) => reader.definitions(),
  'the last ends': async (reader) => reader.lastEnds(),
};

/** The statements of an answer, as SQLite carries them out. */
async function plansOf(ask: (reader: HistoryReader) => unknown): Promise<readonly string[]> {
  const prepare = vi.spyOn(DatabaseSync.prototype, 'prepare');
  const reader = openReader({folder: folder.path(), now: () => NOW});
  if (!reader) throw new Error('there is no history');
  prepare.mockClear();
  await ask(reader);
  const statements = prepare.mock.calls.map(([sql]) => sql);
  reader.close();
  prepare.mockRestore();
  const db = new DatabaseSync(join(folder.path(), 'history.sqlite'), {readOnly: true});
  try {
    expect(statements).not.toEqual([]);
    return statements.flatMap((sql) => {
      const marks = sql.split('?').length - 1;
      const rows = db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...Array.from({length: marks}, () => 1));
      return rows.map((row) => String(row['detail']));
    });
  } finally {
    db.close();
  }
}

describe.each(Object.entries(QUESTIONS))('%s', (name, ask) => {
  it('is found by an index, whatever the history holds', async () => {
    const run = await kept(
      folder.path(),
      [
        {type: 'started', command: 'manage', clouds: ['a'], run: 'r'},
        {type: 'planned', cloud: 'a', actions: [], unchanged: ['A'], definitions: []},
      ],
      {run: ID},
    );
    expect(run.warnings).toEqual([]);
    const plans = await plansOf(ask);
    expect(plans.filter((step) => step.startsWith('SCAN') && !LISTS.test(step))).toEqual([]);
    // Before rows that are sorted come out, all of them are read; the last term sorts those of one run.
    const sorts = plans.filter((step) => step.startsWith('USE TEMP B-TREE') && !step.includes('LAST TERM'));
    expect(sorts).toEqual(SORTED[name] ?? []);
  });
});

/** What is sorted all the same: the parts of one run, and runs that began since the last look. */
const SORTED: Readonly<Record<string, readonly string[]>> = {
  'a run with all its parts': ['USE TEMP B-TREE FOR ORDER BY'],
  'the last ends': ['USE TEMP B-TREE FOR GROUP BY'],
};
