import {existsSync} from 'node:fs';
import {dirname, join} from 'node:path';
import type {DatabaseSync, SQLInputValue, StatementSync} from 'node:sqlite';
import type {RunRecord, StoredEvent} from '../core/history/records.ts';
import {byCharacters} from '../core/order.ts';
import {ImgmgrError} from '../errors.ts';
import {codeOf} from '../host/fs-error.ts';
import type {FoundRun, HistoryReader, RunFilter, RunPage} from '../ports/history.ts';
import {LastEnds} from './last-ends.ts';
import {lossText} from './loss.ts';
import {DATABASE, NotOursError, openForReading} from './open-database.ts';
import {readConsole, readLines} from './read-log.ts';
import {actionOf, buildOf, eventOf, logOf, runOf, verificationOf} from './read-rows.ts';
import type {Row} from './read-rows.ts';
import {isLost} from './run-rows.ts';
import {sqliteRefusal} from './sqlite.ts';

/** The history of this host in the folder of state; undefined where there is none. See {@link HistoryReader} for the errors. */
export function openReader({
  folder,
  now,
}: {
  readonly folder: string;
  readonly now: () => Date;
}): HistoryReader | undefined {
  const path = join(folder, DATABASE);
  const db = explained(path, () => openForReading(path));
  return db && new Reader(db, path, now);
}

class Reader implements HistoryReader {
  readonly #db: DatabaseSync;
  readonly #path: string;
  readonly #now: () => Date;
  readonly #statements = new Map<string, StatementSync>();
  readonly #lastEnds = new LastEnds((sql, ...values) => this.#all(sql, ...values));

  constructor(db: DatabaseSync, path: string, now: () => Date) {
    this.#db = db;
    this.#path = path;
    this.#now = now;
  }

  runs(filter: RunFilter): RunPage {
    const {conditions, values} = this.#conditions(filter);
    const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
    const rows = this.#all(`SELECT * FROM runs ${where} ORDER BY n DESC LIMIT ?`, ...values, filter.limit + 1);
    return {runs: this.#records(rows.slice(0, filter.limit)), more: rows.length > filter.limit};
  }

  find(beginning: string): FoundRun {
    const prefix = beginning.toLowerCase();
    // Above everything that an id can go on with.
    const found = this.#all('SELECT id FROM runs WHERE id >= ? AND id < ? ORDER BY id LIMIT 5', prefix, `${prefix}~`);
    const ids = found.map((row) => String(row['id']));
    const [id] = ids.includes(prefix) ? [prefix] : ids;
    if (id === undefined) return {kind: 'none'};
    return ids.length === 1 || id === prefix ? {kind: 'found', id} : {kind: 'several', ids};
  }

  run(id: string): RunRecord | undefined {
    const [row] = this.#all('SELECT * FROM runs WHERE id = ?', id);
    return row && this.#records([row])[0];
  }

  details(id: string): ReturnType<HistoryReader['details']> {
    const [row] = this.#all('SELECT * FROM runs WHERE id = ?', id);
    const [run] = row ? this.#records([row]) : [];
    if (!row || !run) return undefined;
    const lost = run.state === 'LOST';
    const of = (table: string, order: string): readonly Row[] =>
      this.#all(`SELECT * FROM ${table} WHERE run = ? ORDER BY ${order}`, Number(row['n']));
    return {
      run,
      actions: of('actions', 'position').map((one) => actionOf(one, lost)),
      builds: of('builds', 'definition, version').map((one) => buildOf(one, lost, existsSync)),
      verifications: of('verifications', 'position').map((one) => verificationOf(one, lost)),
      logs: of('logs', 'path').map((one) => logOf(one, existsSync)),
    };
  }

  events(id: string, {after, limit}: {readonly after: number; readonly limit: number}): readonly StoredEvent[] {
    const rows = this.#all(
      'SELECT seq, body FROM events WHERE run = (SELECT n FROM runs WHERE id = ?) AND seq > ? ORDER BY seq LIMIT ?',
      ...[id, after, limit],
    );
    return rows.map((row) => eventOf(row, id));
  }

  verifications(
    ...[{cloud, definition, limit}]: Parameters<HistoryReader['verifications']>
  ): ReturnType<HistoryReader['verifications']> {
    const nowMs = this.#now().getTime();
    const rows = this.#all(
      `SELECT v.*, r.id AS run_id, r.state AS run_state, r.pid, r.pid_start, r.boot_id, r.pid_namespace, r.heartbeat_ms
       FROM subjects s CROSS JOIN verifications v ON v.run = s.run CROSS JOIN runs r ON r.n = v.run
       WHERE s.definition = ? AND +s.cloud = ? AND v.cloud = ? AND v.definition = ?
       ORDER BY s.run DESC, v.position DESC LIMIT ?`,
      ...[definition, cloud, cloud, definition, limit],
    );
    return rows.map((row) => ({
      ...verificationOf(row, row['run_state'] === 'LOST' || (row['run_state'] === 'RUNNING' && isLost(row, nowMs))),
      run: String(row['run_id']),
    }));
  }

  definitions(): readonly string[] {
    // From one to the next along the index, instead of over all rows.
    const rows = this.#all(
      `WITH RECURSIVE names (name) AS (
         SELECT min(definition) FROM subjects WHERE definition > ''
         UNION ALL SELECT (SELECT min(definition) FROM subjects WHERE definition > name) FROM names WHERE name IS NOT NULL
       ) SELECT name FROM names WHERE name IS NOT NULL`,
    );
    return rows.map((row) => String(row['name']));
  }

  async lastEnds(): ReturnType<HistoryReader['lastEnds']> {
    return this.#lastEnds.read();
  }

  lines(...[log, range]: Parameters<HistoryReader['lines']>): ReturnType<HistoryReader['lines']> {
    return readLines(dirname(this.#path), log, range);
  }

  console(...[log]: Parameters<HistoryReader['console']>): ReturnType<HistoryReader['console']> {
    return readConsole(dirname(this.#path), log);
  }

  close(): void {
    this.#db.close();
  }

  #records(rows: readonly Row[]): readonly RunRecord[] {
    const subjects = this.#subjects(rows);
    const now = this.#now();
    return rows.map((row) => {
      const lost = row['state'] === 'RUNNING' && isLost(row, now.getTime());
      const {clouds = [], definitions = []} = subjects.get(Number(row['n'])) ?? {};
      return runOf(row, {clouds, definitions, lost, now});
    });
  }

  /** Clouds and definitions by run: a thousand runs have tens of thousands, so one question asks for all, with a row for each cloud. */
  #subjects(rows: readonly Row[]): ReadonlyMap<number, Pick<RunRecord, 'clouds' | 'definitions'>> {
    const numbers = JSON.stringify(rows.map((row) => row['n']));
    const found = this.#all(
      `SELECT run, cloud, json_group_array(definition) AS definitions FROM subjects
       WHERE run IN (SELECT value FROM json_each(?)) GROUP BY run, cloud`,
      numbers,
    );
    const byRun = Map.groupBy(found, (row) => Number(row['run']));
    return new Map(
      [...byRun].map(([run, of]) => [
        run,
        {
          clouds: named(of.map((row) => String(row['cloud']))),
          definitions: named(of.flatMap((row) => JSON.parse(String(row['definitions'])) as readonly string[])),
        },
      ]),
    );
  }

  #conditions(filter: RunFilter): {readonly conditions: readonly string[]; readonly values: readonly SQLInputValue[]} {
    const {definition, clouds = [], verbs = [], failed = false, running = false, withinClouds} = filter;
    const {sinceMs, before, beforeMs} = filter;
    const conditions: string[] = [];
    const values: SQLInputValue[] = [];
    const add = (condition: string, ...given: readonly SQLInputValue[]): void => {
      conditions.push(condition);
      values.push(...given);
    };
    // Asked of one run after the other, until the page is full: a cloud or definition may have hundreds of thousands of rows.
    if (definition !== undefined) add('EXISTS (SELECT 1 FROM subjects WHERE run = n AND definition = ?)', definition);
    if (clouds.length > 0)
      add(`EXISTS (SELECT 1 FROM subjects WHERE run = n AND cloud IN (${marks(clouds)}))`, ...clouds);
    // One has an index in the order of the list; runs of several would all be sorted, so that the list is gone through instead.
    if (verbs.length > 0) add(verbs.length === 1 ? 'verb = ?' : `+verb IN (${marks(verbs)})`, ...verbs);
    if (sinceMs !== undefined) add('started_ms >= ?', sinceMs);
    if (before !== undefined) add('n < (SELECT n FROM runs WHERE id = ?)', before);
    if (beforeMs !== undefined) add('started_ms < ?', beforeMs);
    if (withinClouds !== undefined) {
      const subjects = `SELECT 1 FROM subjects WHERE run = n AND cloud <> '' AND cloud`;
      add(`EXISTS (${subjects} GLOB ?) AND NOT EXISTS (${subjects} NOT GLOB ?)`, withinClouds, withinClouds);
    }
    if (running) {
      const lost = this.#lostRuns();
      add(`state = 'RUNNING' AND n NOT IN (${marks(lost)})`, ...lost);
    }
    if (failed) {
      const lost = this.#lostRuns();
      add(`(state IN ('FAILED', 'LOST') OR n IN (${marks(lost)}))`, ...lost);
    }
    return {conditions, values};
  }

  /** Those that nobody has written down as lost yet. */
  #lostRuns(): readonly number[] {
    const nowMs = this.#now().getTime();
    const open = this.#all(`SELECT * FROM runs WHERE state = 'RUNNING'`);
    return open.filter((row) => isLost(row, nowMs)).map((row) => Number(row['n']));
  }

  #all(sql: string, ...values: readonly SQLInputValue[]): readonly Row[] {
    return explained(this.#path, () => {
      let statement = this.#statements.get(sql);
      if (!statement) this.#statements.set(sql, (statement = this.#db.prepare(sql)));
      return statement.all(...values);
    });
  }
}

/** Each once; a subject may have no cloud, or no definition. */
function named(names: readonly string[]): readonly string[] {
  return [...new Set(names)].filter((name) => name !== '').sort(byCharacters);
}

function marks(values: readonly unknown[]): string {
  return values.map(() => '?').join(', ');
}

/** Does it; what the file system or SQLite says becomes an error for the operator. */
function explained<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof NotOursError)
      throw new ImgmgrError(cause.isNewer ? 'NEWER_FORMAT' : 'CONFIG', `${path} ${cause.message}`, {
        cause,
        hint: cause.isNewer ? 'use that version' : 'XDG_STATE_HOME names another folder',
      });
    const refusal = sqliteRefusal(cause);
    if (refusal === undefined && codeOf(cause) === '') throw cause;
    throw new ImgmgrError(refusal === 'locked' ? 'UNAVAILABLE' : 'CONFIG', `${path} ${readText(refusal, cause)}`, {
      cause,
      hint:
        refusal === 'damaged'
          ? 'the next run that writes sets it aside; sqlite3 FILE .recover may read what is left'
          : refusal === 'locked'
            ? 'try again'
            : 'read it as its owner, or set XDG_STATE_HOME to the folder of another history',
    });
  }
}

function readText(refusal: ReturnType<typeof sqliteRefusal>, cause: unknown): string {
  if (refusal === 'damaged') return `is damaged: ${lossText(cause)}`;
  if (refusal === 'locked') return lossText(cause);
  return `cannot be read${codeOf(cause) === '' || refusal !== undefined ? '' : ` (${codeOf(cause)})`}`;
}
