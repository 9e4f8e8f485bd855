import type {SQLOutputValue} from 'node:sqlite';
import type {Counts} from '../core/counts.ts';
import type {
  ActionRecord,
  BuildRecord,
  LogRecord,
  RunRecord,
  State,
  StoredEvent,
  VerificationRecord,
  Who,
} from '../core/history/records.ts';
import {STATES} from '../core/history/records.ts';

/** A row as SQLite gives it; a damaged or foreign value becomes nothing, never an error. */
export type Row = Readonly<Record<string, SQLOutputValue>>;

/** What a run's row does not say by itself. */
interface About extends Pick<RunRecord, 'clouds' | 'definitions'> {
  /** It has not ended, and its process is gone. */
  readonly lost: boolean;
  readonly now: Date;
}

/** The row of a run. */
export function runOf(row: Row, {clouds, definitions, lost, now}: About): RunRecord {
  const state = lost ? 'LOST' : stateOf(row, false);
  const running = state === 'RUNNING' || state === 'PENDING';
  const elapsedMs = running
    ? Math.max(numberOf(row, 'elapsed_ms') ?? 0, now.getTime() - (numberOf(row, 'started_ms') ?? 0))
    : (numberOf(row, 'elapsed_ms') ?? 0);
  return {
    id: textOf(row, 'id'),
    verb: textOf(row, 'verb'),
    state,
    phase: textOf(row, 'phase'),
    reason: textOrNull(row, 'reason') ?? (state === 'LOST' ? LOST_REASON : null),
    exitCode: numberOf(row, 'exit_code'),
    counts: objectOf(row, 'counts') as Counts | null,
    startedAt: timeOf(row, 'started_ms') ?? '',
    endedAt: timeOf(row, lost ? 'heartbeat_ms' : 'ended_ms'),
    heartbeatAt: timeOf(row, 'heartbeat_ms') ?? '',
    elapsedMs,
    clouds,
    definitions,
    who: whoOf(objectOf(row, 'who')),
    host: textOf(row, 'host'),
    pid: numberOf(row, 'pid') ?? 0,
    commandLine: listOf(row, 'command').map(String),
    version: textOf(row, 'version'),
    lastSeq: numberOf(row, 'last_seq') ?? 0,
  };
}

const LOST_REASON = 'its process is gone, and no end of it was stored';

/** The row of an action; `lost`: of a run that is. */
export function actionOf(row: Row, lost: boolean): ActionRecord {
  return {
    ...{id: textOf(row, 'id'), cloud: textOf(row, 'cloud'), definition: textOf(row, 'definition')},
    ...{kind: textOf(row, 'kind'), version: textOrNull(row, 'version'), image: textOrNull(row, 'image')},
    planned: textOf(row, 'planned'),
    ...partOf(row, lost),
    message: textOrNull(row, 'message'),
    ...{bytes: numberOf(row, 'bytes'), total: numberOf(row, 'total'), percent: numberOf(row, 'percent')},
    averageBps: numberOf(row, 'average_bps'),
  };
}

/** The row of a build; `isThere`: whether a file is. */
export function buildOf(row: Row, lost: boolean, isThere: (path: string) => boolean): BuildRecord {
  const manifest = textOrNull(row, 'manifest');
  return {
    ...{definition: textOf(row, 'definition'), version: textOf(row, 'version')},
    ...partOf(row, lost),
    manifest,
    files: listOf(row, 'files') as BuildRecord['files'],
    gone: manifest !== null && !isThere(manifest),
  };
}

/** The row of a verification. */
export function verificationOf(row: Row, lost: boolean): VerificationRecord {
  return {
    ...{cloud: textOf(row, 'cloud'), definition: textOf(row, 'definition'), version: textOrNull(row, 'version')},
    ...{image: textOf(row, 'image'), datasource: textOrNull(row, 'datasource')},
    ...partOf(row, lost),
    ...{verdict: textOrNull(row, 'verdict'), cause: textOrNull(row, 'cause')},
    checks: listOf(row, 'checks') as VerificationRecord['checks'],
  };
}

/** The row of a file; `isThere`: whether it is. */
export function logOf(row: Row, isThere: (path: string) => boolean): LogRecord {
  return {
    kind: row['kind'] === 'build' ? 'build' : 'evidence',
    ...{cloud: textOrNull(row, 'cloud'), definition: textOf(row, 'definition'), version: textOrNull(row, 'version')},
    ...{image: textOrNull(row, 'image'), path: textOf(row, 'path')},
    ...{from: numberOf(row, 'first_byte') ?? 0, to: numberOf(row, 'end_byte')},
    gone: !isThere(textOf(row, 'path')),
  };
}

/** A stored event; of one that cannot be read, its number alone. */
export function eventOf(row: Row, run: string): StoredEvent {
  const body = parsed(row['body']);
  const seq = numberOf(row, 'seq') ?? 0;
  if (typeof body !== 'object' || body === null) return {run, seq, at: '', type: 'unreadable'};
  const {at, type} = body as Readonly<Record<string, unknown>>;
  return {
    ...body,
    run,
    seq,
    at: typeof at === 'string' ? at : '',
    type: typeof type === 'string' ? type : 'unreadable',
  };
}

function partOf(row: Row, lost: boolean): Pick<ActionRecord, 'state' | 'phase' | 'reason' | 'startedAt' | 'endedAt'> {
  return {
    state: stateOf(row, lost),
    phase: textOf(row, 'phase'),
    reason: textOrNull(row, 'reason'),
    startedAt: timeOf(row, 'started_ms'),
    endedAt: timeOf(row, 'ended_ms'),
  };
}

/** What was not at its end when its run died is lost with it. */
function stateOf(row: Row, lost: boolean): State {
  const state = STATES.find((each) => each === row['state']) ?? 'LOST';
  return lost && (state === 'PENDING' || state === 'RUNNING') ? 'LOST' : state;
}

function textOf(row: Row, column: string): string {
  return textOrNull(row, column) ?? '';
}

function textOrNull(row: Row, column: string): string | null {
  const value = row[column];
  return typeof value === 'string' ? value : null;
}

function numberOf(row: Row, column: string): number | null {
  const value = row[column];
  return typeof value === 'number' ? value : null;
}

function timeOf(row: Row, column: string): string | null {
  const ms = numberOf(row, column);
  return ms === null || Math.abs(ms) > LATEST_MS ? null : new Date(ms).toISOString();
}

/** The last time that a Date can have. */
const LATEST_MS = 8.64e15;

function listOf(row: Row, column: string): readonly unknown[] {
  const value = parsed(row[column]);
  return Array.isArray(value) ? value : [];
}

function objectOf(row: Row, column: string): Readonly<Record<string, unknown>> | null {
  const value = parsed(row[column]);
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : null;
}

function parsed(value: unknown): unknown {
  if (typeof value !== 'string') return null;
  try {
    return JSON.parse(value);
  } catch {
    return null;
  }
}

function whoOf(value: Readonly<Record<string, unknown>> | null): Who {
  const of = (key: string): string | null => {
    const text = value?.[key];
    return typeof text === 'string' ? text : null;
  };
  return {
    ...{user: of('user') ?? '', sudoUser: of('sudoUser')},
    ...{ci: of('ci'), job: of('job'), jobUrl: of('jobUrl'), requestedBy: of('requestedBy')},
  };
}
