import type {DatabaseSync} from 'node:sqlite';
import {inTransaction} from './sqlite.ts';

/** `imgH`: the header of our file names us, so that nobody takes it, or another file, for the wrong one. */
export const APPLICATION_ID = 0x696d6748;

/** Times are milliseconds since the epoch by the clock of the run's host. Lists and objects are JSON. */
const FIRST = `
CREATE TABLE runs (
  n INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  verb TEXT NOT NULL,
  version TEXT NOT NULL,
  state TEXT NOT NULL,
  phase TEXT NOT NULL,
  reason TEXT,
  started_ms INTEGER NOT NULL,
  ended_ms INTEGER,
  heartbeat_ms INTEGER NOT NULL,
  elapsed_ms INTEGER NOT NULL,
  exit_code INTEGER,
  counts TEXT,
  who TEXT NOT NULL,
  command TEXT NOT NULL,
  host TEXT NOT NULL,
  boot_id TEXT NOT NULL,
  pid_namespace TEXT NOT NULL,
  pid INTEGER NOT NULL,
  pid_start TEXT NOT NULL,
  last_seq INTEGER NOT NULL
) STRICT;
CREATE INDEX runs_open ON runs (n) WHERE state = 'RUNNING';
CREATE INDEX runs_by_verb ON runs (verb, n);
CREATE TABLE subjects (
  run INTEGER NOT NULL,
  cloud TEXT NOT NULL,
  definition TEXT NOT NULL,
  PRIMARY KEY (run, cloud, definition)
) STRICT, WITHOUT ROWID;
CREATE INDEX subjects_by_definition ON subjects (definition, run);
CREATE INDEX subjects_by_cloud ON subjects (cloud, run);
CREATE TABLE actions (
  run INTEGER NOT NULL,
  cloud TEXT NOT NULL,
  definition TEXT NOT NULL,
  id TEXT NOT NULL,
  kind TEXT NOT NULL,
  version TEXT,
  image TEXT,
  planned TEXT NOT NULL,
  state TEXT NOT NULL,
  phase TEXT NOT NULL,
  reason TEXT,
  started_ms INTEGER,
  ended_ms INTEGER,
  bytes INTEGER,
  total INTEGER,
  position INTEGER NOT NULL,
  PRIMARY KEY (run, cloud, definition, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE builds (
  run INTEGER NOT NULL,
  definition TEXT NOT NULL,
  version TEXT NOT NULL,
  state TEXT NOT NULL,
  phase TEXT NOT NULL,
  reason TEXT,
  started_ms INTEGER,
  ended_ms INTEGER,
  manifest TEXT,
  files TEXT NOT NULL,
  PRIMARY KEY (run, definition, version)
) STRICT, WITHOUT ROWID;
CREATE TABLE verifications (
  run INTEGER NOT NULL,
  position INTEGER NOT NULL,
  cloud TEXT NOT NULL,
  definition TEXT NOT NULL,
  version TEXT,
  image TEXT NOT NULL,
  datasource TEXT,
  state TEXT NOT NULL,
  phase TEXT NOT NULL,
  reason TEXT,
  started_ms INTEGER,
  ended_ms INTEGER,
  verdict TEXT,
  cause TEXT,
  checks TEXT NOT NULL,
  PRIMARY KEY (run, position)
) STRICT, WITHOUT ROWID;
CREATE TABLE logs (
  run INTEGER NOT NULL,
  path TEXT NOT NULL,
  kind TEXT NOT NULL,
  cloud TEXT,
  definition TEXT NOT NULL,
  version TEXT,
  image TEXT,
  first_byte INTEGER NOT NULL,
  end_byte INTEGER,
  PRIMARY KEY (run, path)
) STRICT, WITHOUT ROWID;
CREATE TABLE events (
  run INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (run, seq)
) STRICT, WITHOUT ROWID;
`;

/** The phase and reason of an image are names; what an error said stands beside them. */
const PHASES = `
ALTER TABLE actions ADD COLUMN message TEXT;
ALTER TABLE actions ADD COLUMN percent REAL;
ALTER TABLE actions ADD COLUMN average_bps INTEGER;
UPDATE actions SET message = reason, reason = NULL;
`;

/** One step each, in their order, never changed once released: step N makes version N of version N - 1. */
export const MIGRATIONS: readonly string[] = [FIRST, PHASES];

/** The version of the tables that this program reads and writes. */
export const SCHEMA_VERSION = MIGRATIONS.length;

/** The version of an open database; 0: it is new. */
export function schemaVersion(db: DatabaseSync): number {
  return Number(db.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0);
}

/** Brings the tables to {@link SCHEMA_VERSION}, all or nothing; `steps` is for tests. */
export function migrate(db: DatabaseSync, steps: readonly string[] = MIGRATIONS): void {
  if (schemaVersion(db) >= steps.length) return;
  inTransaction(db, () => {
    // Another process may have done it since.
    for (const step of steps.slice(schemaVersion(db))) db.exec(step);
    db.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${steps.length}`);
  });
}
