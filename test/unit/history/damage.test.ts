import {execFileSync} from 'node:child_process';
import {mkdir, open, readFile, readdir, symlink, truncate, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {DatabaseSync} from 'node:sqlite';
import {describe, expect, it} from 'vitest';
import {historyRefusal} from '../../../src/history/probe.ts';
import {SCHEMA_VERSION} from '../../../src/history/schema.ts';
import {useFolder} from '../build/folder.ts';
import {detailsOf, keepRun, kept, read} from './kept-run.ts';

const folder = useFolder();
const path = (): string => join(folder.path(), 'history.sqlite');

function change(sql: string): void {
  const db = new DatabaseSync(path());
  db.exec(sql);
  db.close();
}

/** What a run says in this folder, and what it leaves there. */
async function runThere(place = folder.path()) {
  const run = keepRun(place);
  for (let n = 0; n < 50; n++) run.emit({type: 'decision', message: `decision ${n}`});
  await run.end();
  return {run: run.run, warnings: run.warnings, codes: run.warnings.map(({code}) => code)};
}

describe('a damaged history', () => {
  it.each<[string, () => Promise<void>]>([
    [
      'another header',
      async () => writeFile(path(), 'this is no database, and long enough to have a header of SQLite '.repeat(99)),
    ],
    ['a short text', async () => writeFile(path(), 'nothing')],
    [
      'zeros for all pages but the first',
      async () => {
        const bytes = await readFile(path());
        await writeFile(path(), Buffer.concat([bytes.subarray(0, 4096), Buffer.alloc(bytes.length - 4096)]));
      },
    ],
    ['its second half missing', async () => truncate(path(), 8192)],
    ['no bytes behind its header', async () => truncate(path(), 100)],
  ])('with %s is set aside with one warning, and a new one begins', async (_, damage) => {
    for (let n = 0; n < 3; n++) await runThere();
    await damage();
    const damaged = await readFile(path());
    const {run, codes} = await runThere();
    expect(codes).toEqual(['history-set-aside']);
    const names = await readdir(folder.path());
    expect(names.filter((name) => name.includes('.damaged-'))).toHaveLength(1);
    const aside = names.find((name) => name.includes('.damaged-')) ?? '';
    expect((await readFile(join(folder.path(), aside))).equals(damaged)).toBe(true);
    expect(detailsOf(folder.path(), run).run).toMatchObject({state: 'SUCCESS', lastSeq: 51 + 1});
    expect((await runThere()).codes).toEqual([]);
  });

  it('is not kept more than three times', async () => {
    for (let n = 0; n < 5; n++) {
      await writeFile(path(), 'nothing');
      const run = keepRun(folder.path(), {now: () => new Date(Date.UTC(2026, 0, n + 1))});
      await run.end();
    }
    const names = (await readdir(folder.path())).filter((name) => name.includes('.damaged-')).sort();
    expect(names).toEqual([3, 4, 5].map((day) => `history.sqlite.damaged-2026010${day}T000000000Z-${process.pid}`));
  });

  it('is set aside by one of the runs that have it open, and all go on in the new one', async () => {
    for (let n = 0; n < 3; n++) await runThere();
    const runs = [keepRun(folder.path()), keepRun(folder.path()), keepRun(folder.path())];
    const isThere = (id: string): boolean => read(folder.path(), (reader) => reader.details(id) !== undefined);
    for (const {run} of runs) await expect.poll(() => isThere(run)).toBe(true);
    const file = await open(path(), 'r+');
    const {size} = await file.stat();
    await file.write(Buffer.alloc(size - 4096), 0, size - 4096, 4096);
    await file.close();
    for (const run of runs) run.emit({type: 'decision', message: 'goes on'});
    for (const run of runs) await run.end();
    const aside = (await readdir(folder.path())).filter((name) => /\.damaged-\w+(?:-\d+)?$/.test(name));
    expect(aside).toHaveLength(1);
    expect(runs.flatMap(({warnings}) => warnings.map(({code}) => code))).toEqual(['history-set-aside']);
    for (const {run} of runs) expect(detailsOf(folder.path(), run).run.state).toBe('SUCCESS');
  });

  it('is an error for who reads it', async () => {
    await writeFile(path(), 'this is no database, and long enough to have a header of SQLite '.repeat(99));
    expect(() => read(folder.path(), (reader) => reader.runs({limit: 1}))).toThrow(/history.sqlite is damaged/);
  });
});

describe('a file that is not ours to change', () => {
  it.each<[string, RegExp, () => Promise<void>]>([
    [
      'a history of a later version',
      /was made by a later version/,
      async () => {
        await kept(folder.path());
        change(`PRAGMA user_version = ${SCHEMA_VERSION + 1}`);
      },
    ],
    [
      'a database that names another program',
      /is the database of another program/,
      async () => {
        change('PRAGMA application_id = 7; CREATE TABLE x (y)');
        await Promise.resolve();
      },
    ],
    [
      'a database that names no program',
      /is the database of another program/,
      async () => {
        change('CREATE TABLE x (y)');
        await Promise.resolve();
      },
    ],
  ])('%s is left as it is, with one warning', async (_, message, make) => {
    await make();
    const before = await readFile(path());
    const {warnings} = await runThere();
    expect(warnings).toMatchObject([{code: 'history-lost', message: expect.stringMatching(message) as string}]);
    expect((await readFile(path())).equals(before)).toBe(true);
    expect(() => read(folder.path(), (reader) => reader.runs({limit: 1}))).toThrow(message);
  });

  it('a folder, or a link, costs one warning', async () => {
    await mkdir(path());
    expect((await runThere()).codes).toEqual(['history-lost']);
    const elsewhere = join(folder.path(), 'elsewhere');
    await mkdir(elsewhere);
    await symlink('/etc/passwd', join(elsewhere, 'history.sqlite'));
    expect((await runThere(elsewhere)).codes).toEqual(['history-lost']);
  });
});

describe('a folder that cannot take the history', () => {
  it('costs one warning where a file is in its way', async () => {
    await writeFile(join(folder.path(), 'file'), '');
    expect((await runThere(join(folder.path(), 'file', 'state'))).codes).toEqual(['history-lost']);
  });

  it('costs one warning on a full disk, and the run goes on', async (context) => {
    await onSmallDisk('size=160k', context, async (place) => {
      const run = keepRun(place);
      for (let n = 0; n < 2000; n++) run.emit({type: 'decision', message: `decision ${n} ${'x'.repeat(400)}`});
      await run.end();
      const message = expect.stringContaining('has no room left on its disk') as string;
      expect(run.warnings).toMatchObject([{code: 'history-lost', message}]);
    });
  });

  it('is known before a run begins where it is read-only', async (context) => {
    await onSmallDisk('size=4m', context, async (place) => {
      await kept(place);
      expect(await historyRefusal(place)).toBeUndefined();
      execFileSync('mount', ['-o', 'remount,ro', place]);
      expect(await historyRefusal(place)).toContain('may not be written');
    });
  });

  it('is known before a run begins where it is full', async (context) => {
    await onSmallDisk('size=512k', context, async (place) => {
      await kept(place);
      await expect(writeFile(join(place, 'filler'), Buffer.alloc(1024 * 1024))).rejects.toThrow('ENOSPC');
      expect(await historyRefusal(place)).toContain('cannot be written');
    });
  });

  it('costs one warning where it is read-only, and can be read there', async (context) => {
    await onSmallDisk('size=4m', context, async (place) => {
      const before = await kept(place);
      execFileSync('mount', ['-o', 'remount,ro', place]);
      expect((await runThere(place)).codes).toEqual(['history-lost']);
      expect(read(place, (reader) => reader.runs({limit: 5}).runs.map(({id}) => id))).toEqual([before.run]);
    });
  });
});

/** Does it on a file system of its own, in memory. */
async function onSmallDisk(
  options: string,
  {skip}: {readonly skip: (note?: string) => never},
  work: (place: string) => Promise<void>,
): Promise<void> {
  if (process.getuid?.() !== 0) skip('only root can mount a small disk');
  const place = join(folder.path(), 'disk');
  await mkdir(place);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'none', place], {stdio: 'pipe'});
  } catch (error) {
    skip(`nothing can be mounted here: ${String(error)}`);
  }
  try {
    await work(place);
  } finally {
    execFileSync('umount', ['-l', place]);
  }
}
