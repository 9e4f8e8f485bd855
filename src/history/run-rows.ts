import type {DatabaseSync} from 'node:sqlite';
import {jsonText} from '../core/json-text.ts';
import type {ProcessIdentity} from '../host/process.ts';
import {SILENCE_MS, ownProcess, processState} from '../host/process.ts';
import type {RunStart} from '../ports/history.ts';

/** What the row of a run is made of. */
interface NewRun {
  readonly start: RunStart;
  readonly host: string;
  readonly version: string;
  readonly now: () => Date;
}

/** Makes the row of the run, or finds the one that it has; gives its number. Within a transaction. */
export function beginRun(db: DatabaseSync, {start, host, version, now}: NewRun): number {
  const {run, verb, who, commandLine, startedAt} = start;
  const {pid, startTime, hostBootId, pidNamespace} = ownIdentity();
  db.prepare(
    `INSERT OR IGNORE INTO runs VALUES (NULL, :run, :verb, :version, 'RUNNING', 'starting', NULL, :started, NULL, :now, 0, NULL, NULL,
     :who, :command, :host, :boot, :namespace, :pid, :pidStart, 0)`,
  ).run({
    ...{run, verb, version, host, pid, boot: hostBootId, namespace: pidNamespace, pidStart: startTime},
    ...{started: startedAt.getTime(), now: now().getTime(), who: jsonText(who), command: jsonText(commandLine)},
  });
  return Number(db.prepare('SELECT n FROM runs WHERE id = ?').get(run)?.['n']);
}

/** Without /proc no process can be recognised: only its signs of life count. */
function ownIdentity(): ProcessIdentity {
  try {
    return ownProcess();
  } catch {
    return {pid: process.pid, startTime: '', hostBootId: '', pidNamespace: ''};
  }
}

/** By whose signs a run lives, as its row says it. */
type RunProcess = Readonly<Record<string, unknown>>;

/** True where the process of a run that has not ended is gone, or cannot be seen from here and was silent for 60 s. */
export function isLost(row: RunProcess, nowMs: number): boolean {
  const state = stateOf({
    pid: Number(row['pid']),
    startTime: String(row['pid_start']),
    hostBootId: String(row['boot_id']),
    pidNamespace: String(row['pid_namespace']),
  });
  return state === 'unseen' ? nowMs - Number(row['heartbeat_ms']) > SILENCE_MS : state === 'gone';
}

function stateOf(identity: ProcessIdentity): ReturnType<typeof processState> {
  try {
    return processState(identity);
  } catch {
    return 'unseen';
  }
}

/** As many unfinished runs are looked at by each run. */
const MOST_OPEN = 100;

/** Writes down which runs died; what they had under way is read as lost with them. A run that lives after all, and only was silent, says so with its next event. */
export function markLost(db: DatabaseSync, nowMs: number): void {
  const open = db.prepare(`SELECT * FROM runs WHERE state = 'RUNNING' ORDER BY n LIMIT ${MOST_OPEN}`).all();
  for (const row of open) {
    const number = Number(row['n']);
    if (!isLost(row, nowMs)) continue;
    db.prepare(`UPDATE runs SET state = 'LOST', ended_ms = heartbeat_ms WHERE n = ?`).run(number);
  }
}

/** As many events are forgotten at once: some milliseconds. */
const EVENTS_AT_ONCE = 500;
/** As many of the oldest runs are looked at: one of a clock that was ahead keeps no others. */
const OLDEST = 100;

/**
 * Forgets a part of the oldest run whose last sign of life is older than that: its events first, then the run itself. Gives the files of
 * evidence that go with it, and whether there is more to forget. Within a transaction.
 */
export function forgetOld(
  db: DatabaseSync,
  beforeMs: number,
): {readonly evidence: readonly string[]; readonly more: boolean} {
  const oldest = db
    .prepare(`SELECT n FROM (SELECT n, heartbeat_ms FROM runs ORDER BY n LIMIT ${OLDEST}) WHERE heartbeat_ms < ?`)
    .get(beforeMs);
  if (oldest === undefined) return {evidence: [], more: false};
  const number = Number(oldest['n']);
  const events = db
    .prepare(
      `DELETE FROM events WHERE run = :run AND seq IN (SELECT seq FROM events WHERE run = :run ORDER BY seq LIMIT ${EVENTS_AT_ONCE})`,
    )
    .run({run: number});
  if (Number(events.changes) === EVENTS_AT_ONCE) return {evidence: [], more: true};
  const logs = db.prepare(`SELECT path FROM logs WHERE run = ? AND kind = 'evidence'`).all(number);
  for (const table of ['subjects', 'actions', 'builds', 'verifications', 'logs'])
    db.prepare(`DELETE FROM ${table} WHERE run = ?`).run(number);
  db.prepare('DELETE FROM runs WHERE n = ?').run(number);
  return {evidence: logs.map((row) => String(row['path'])), more: true};
}
