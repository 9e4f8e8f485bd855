import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  linkSync,
  lstatSync,
  openSync,
  readSync,
  readdirSync,
  renameSync,
  rmSync,
} from 'node:fs';
import {basename, dirname, join} from 'node:path';
import type {DatabaseSync} from 'node:sqlite';
import {pathToFileURL} from 'node:url';
import {hasCode} from '../host/fs-error.ts';
import {APPLICATION_ID, SCHEMA_VERSION, migrate, schemaVersion} from './schema.ts';
import {loadSqlite, sqliteRefusal} from './sqlite.ts';

/** The file of the history in the folder of state. */
export const DATABASE = 'history.sqlite';

/** How long another process is waited for at once; milliseconds. Nothing else happens in this process meanwhile. */
const BUSY_MS = 25;
/** The same for a reader, which has nothing else to do. */
const READER_BUSY_MS = 2000;

/** A file in the place of the history that is left as it is: the message goes on `… , which `. */
export class NotOursError extends Error {
  /** A later version of imgmgr made it. */
  readonly isNewer: boolean;

  constructor(message: string, isNewer = false) {
    super(message);
    this.isNewer = isNewer;
  }
}

/** Another process has put a new file into the place of the one that was to be opened: to be tried again. */
export class ReplacedError extends Error {}

/**
 * Opens the history for writing, makes it where it is not there, and brings its tables to this version. Mode 0600, its journals too. NotOursError for what must
 * stay as it is; ReplacedError where the file is no longer `file` (see {@link makeOwnFile}); otherwise what the file system or SQLite
 * says. `shared`: other hosts may write it.
 */
export function openForWriting(
  path: string,
  {file, shared}: {readonly file: string; readonly shared: boolean},
): DatabaseSync {
  requireOurs(path);
  const {DatabaseSync} = loadSqlite();
  const db = new DatabaseSync(path);
  try {
    if (fileAt(path) !== file) throw new ReplacedError(`${path} was replaced while it was opened`);
    db.exec(`PRAGMA busy_timeout = ${BUSY_MS}`);
    requireReadable(db, path);
    // The tables come first: while the file has no WAL yet, its header says at once whose it is.
    migrate(db);
    db.exec(`PRAGMA journal_mode = ${shared ? 'DELETE' : 'WAL'}; PRAGMA synchronous = NORMAL`);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** Opens the history for reading; undefined where there is none. Makes and changes no table. */
export function openForReading(path: string): DatabaseSync | undefined {
  if (sizeOf(path) === 0) return undefined;
  requireOurs(path);
  try {
    return readOnly(path, path);
  } catch (error) {
    if (sqliteRefusal(error) !== 'denied') throw error;
    // On a disk that is read-only nobody can make the index of a WAL, and nobody writes.
    return readOnly(new URL(`${pathToFileURL(path).href}?immutable=1`), path);
  }
}

function readOnly(from: string | URL, path: string): DatabaseSync | undefined {
  const {DatabaseSync} = loadSqlite();
  const db = new DatabaseSync(from, {readOnly: true});
  try {
    db.exec(`PRAGMA busy_timeout = ${READER_BUSY_MS}`);
    requireReadable(db, path);
    if (schemaVersion(db) > 0) return db;
    db.close();
    return undefined;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** How many damaged files stay. */
const KEPT_DAMAGED = 3;

/**
 * Gives the damaged file another name, its journals with it, and gives that name; the oldest of more than three is removed. Undefined where
 * another process did that: `file` is no longer in its place, so what is there stays.
 */
export function setAside(path: string, file: string, now: Date): string | undefined {
  if (fileAt(path) !== file) return undefined;
  const aside = `${path}.damaged-${now.toISOString().replaceAll(/[-:.]/g, '')}-${process.pid}`;
  renameSync(path, aside);
  if (fileAt(aside) !== file) {
    // Another process was faster by a moment: its new file goes back.
    linkSync(aside, path);
    rmSync(aside);
    return undefined;
  }
  for (const journal of ['-wal', '-journal']) moveIfThere(`${path}${journal}`, `${aside}${journal}`);
  rmSync(`${path}-shm`, {force: true});
  const folder = dirname(path);
  const damaged = readdirSync(folder).filter(
    (name) => /\.damaged-\w+(?:-\d+)?$/.test(name) && name.startsWith(basename(path)),
  );
  for (const old of damaged.sort().slice(0, -KEPT_DAMAGED))
    for (const ending of ['', '-wal', '-journal']) rmSync(join(folder, `${old}${ending}`), {force: true});
  return aside;
}

function moveIfThere(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error;
  }
}

/** Which file is there, whatever its name; '' where there is none. */
function fileAt(path: string): string {
  const stats = lstatSync(path, {throwIfNoEntry: false});
  return stats === undefined ? '' : nameOf(stats);
}

function nameOf({dev, ino}: {readonly dev: number; readonly ino: number}): string {
  return `${dev}:${ino}`;
}

/** Makes the file where it is not there, and says which one it is. SQLite gives its journals the mode of the file, whatever the umask. */
export function makeOwnFile(path: string): string {
  const file = openOwn(path, constants.O_RDWR | constants.O_CREAT);
  try {
    const stats = fstatSync(file);
    if (!stats.isFile()) throw new NotOursError('is no regular file');
    if ((stats.mode & 0o777) !== 0o600) fchmodSync(file, 0o600);
    return nameOf(stats);
  } finally {
    closeSync(file);
  }
}

function openOwn(path: string, flags: number): number {
  try {
    return openSync(path, flags | constants.O_NOFOLLOW | constants.O_NONBLOCK, 0o600);
  } catch (error) {
    if (hasCode(error, 'ELOOP')) throw new NotOursError('is a symbolic link');
    if (hasCode(error, 'EISDIR', 'ENXIO')) throw new NotOursError('is no regular file');
    throw error;
  }
}

function sizeOf(path: string): number {
  try {
    return lstatSync(path).size;
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return 0;
    throw error;
  }
}

/** By the header alone, so that another program's database is not even opened. https://www.sqlite.org/fileformat.html */
function requireOurs(path: string): void {
  const file = openOwn(path, constants.O_RDONLY);
  try {
    if (!fstatSync(file).isFile()) throw new NotOursError('is no regular file');
    const header = Buffer.alloc(HEADER_BYTES);
    if (readSync(file, header, 0, HEADER_BYTES, 0) < HEADER_BYTES) return;
    if (header.toString('latin1', 0, MAGIC.length) !== MAGIC) return;
    const owner = header.readUInt32BE(APPLICATION_ID_AT);
    if (owner !== 0 && owner !== APPLICATION_ID) throw new NotOursError(FOREIGN);
  } finally {
    closeSync(file);
  }
}

const HEADER_BYTES = 100;
const APPLICATION_ID_AT = 68;
const MAGIC = 'SQLite format 3\0';
const FOREIGN = 'is the database of another program';

function requireReadable(db: DatabaseSync, path: string): void {
  // All of one moment: another process may make the tables meanwhile.
  db.exec('BEGIN');
  try {
    requireKnown(db, path);
  } finally {
    try {
      db.exec('COMMIT');
    } catch {
      // SQLite has ended it by itself; why, the error before says.
    }
  }
}

function requireKnown(db: DatabaseSync, path: string): void {
  const version = schemaVersion(db);
  const owner = Number(db.prepare('PRAGMA application_id').get()?.['application_id'] ?? 0);
  const tables = Number(db.prepare('SELECT count(*) AS tables FROM sqlite_schema').get()?.['tables'] ?? 0);
  if (owner !== APPLICATION_ID && (owner !== 0 || tables > 0)) throw new NotOursError(FOREIGN);
  if (version > SCHEMA_VERSION)
    throw new NotOursError(
      `was made by a later version of imgmgr (${basename(path)} is of version ${version}, this imgmgr knows ${SCHEMA_VERSION})`,
      true,
    );
}
