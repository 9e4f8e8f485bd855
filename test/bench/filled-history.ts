import {DatabaseSync} from 'node:sqlite';
import {migrate} from '../../src/history/schema.ts';

export const RUNS = 10_000;
export const EVENTS_EACH = 100;
const DEFINITIONS = 40;
/** Clouds are named `cloud-0` to `cloud-13`. */
export const CLOUDS = 14;

/** Makes a history of 10,000 runs over two months, the newest a minute old, with 1,000,000 events; one in 20 failed. */
export function fillHistory(path: string): void {
  const db = new DatabaseSync(path);
  migrate(db);
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; BEGIN');
  const addRun = db.prepare(
    `INSERT INTO runs VALUES (NULL, ?, 'manage', '1', ?, 'finished', NULL, ?, ?, ?, 1000, 0, NULL, '{}', '["manage"]', 'h', 'b', 'n', 1, '1', ${EVENTS_EACH})`,
  );
  const addSubject = db.prepare('INSERT OR IGNORE INTO subjects VALUES (?, ?, ?)');
  const addEvent = db.prepare('INSERT INTO events VALUES (?, ?, ?)');
  const now = Date.now();
  for (let n = 1; n <= RUNS; n++) {
    const at = now - (RUNS - n + 1) * 60_000;
    addRun.run(crypto.randomUUID(), n % 20 === 0 ? 'FAILED' : 'SUCCESS', at, at, at);
    for (let d = 0; d < DEFINITIONS; d += 1 + (n % 7)) addSubject.run(n, `cloud-${n % CLOUDS}`, `Definition ${d}`);
    for (let seq = 1; seq <= EVENTS_EACH; seq++)
      addEvent.run(
        n,
        seq,
        `{"run":"x","seq":${seq},"at":"2026-11-27T00:00:00.000Z","type":"decision","message":"${'m'.repeat(200)}"}`,
      );
  }
  db.exec('COMMIT');
  db.close();
}
