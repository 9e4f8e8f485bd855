import type * as Sqlite from 'node:sqlite';

type DatabaseSync = Sqlite.DatabaseSync;

/** What a refusal of SQLite means; `io`: the disk, or anything else. https://www.sqlite.org/rescode.html */
export type SqliteRefusal = 'locked' | 'damaged' | 'full' | 'denied' | 'io';

const KINDS: Readonly<Record<number, SqliteRefusal>> = {
  3: 'denied', // SQLITE_PERM
  5: 'locked', // SQLITE_BUSY
  6: 'locked', // SQLITE_LOCKED
  8: 'denied', // SQLITE_READONLY
  11: 'damaged', // SQLITE_CORRUPT
  13: 'full', // SQLITE_FULL
  14: 'denied', // SQLITE_CANTOPEN
  26: 'damaged', // SQLITE_NOTADB
};

/** The kind of a refusal; undefined for an error that is not SQLite's. */
export function sqliteRefusal(error: unknown): SqliteRefusal | undefined {
  if (!(error instanceof Error) || !('code' in error) || error.code !== 'ERR_SQLITE_ERROR') return undefined;
  const number = 'errcode' in error && typeof error.errcode === 'number' ? error.errcode : 0;
  // The lower byte of an extended code is the primary one.
  return KINDS[number & 0xff] ?? 'io';
}

/** `node:sqlite`, loaded without the warning that it is experimental; every other warning is given. */
export function loadSqlite(): typeof Sqlite {
  const emitWarning = process.emitWarning.bind(process) as (warning: string | Error, ...rest: unknown[]) => void;
  const before = Object.getOwnPropertyDescriptor(process, 'emitWarning');
  process.emitWarning = (warning: string | Error, ...rest: unknown[]): void => {
    if (!String(warning).includes('SQLite is an experimental feature')) emitWarning(warning, ...rest);
  };
  try {
    return process.getBuiltinModule('node:sqlite');
  } finally {
    if (before) Object.defineProperty(process, 'emitWarning', before);
  }
}

/** Does it all or nothing; an error of `work` or of SQLite takes all back and is thrown. */
export function inTransaction<T>(db: DatabaseSync, work: () => T): T {
  // From the first on, so that no other writer comes between a read and a write of it.
  db.exec('BEGIN IMMEDIATE');
  try {
    const answer = work();
    db.exec('COMMIT');
    return answer;
  } catch (error) {
    try {
      db.exec('ROLLBACK');
    } catch {
      // SQLite has taken it back by itself.
    }
    throw error;
  }
}
