import {userInfo} from 'node:os';
import type {RunRecord} from '../../core/history/records.ts';
import {stateOfExit} from '../../core/history/records.ts';
import {readFileLines} from '../../host/file-lines.ts';
import {VERSION} from '../../version.ts';
import type {Identity} from '../access/identity.ts';
import {seesAll} from '../access/identity.ts';
import type {RunRow} from '../contract/runs.ts';
import {commandText} from '../verbs/command-line.ts';
import type {OwnRun, RunFiles} from './own-run.ts';

/** A run as answers have it: what the history says of it, and what the server does. */
export function rowOf(record: RunRecord, own: OwnRun | undefined): RunRow {
  return {
    ...record,
    exitCode: record.exitCode ?? own?.exitCode ?? null,
    // The run itself says so as soon as it has looked; until then, what it was asked for.
    clouds: record.clouds.length === 0 && own ? own.clouds : record.clouds,
    definitions: record.definitions.length === 0 && own ? own.definitions : record.definitions,
    server: own ? {by: own.by, at: own.at, plan: own.plan, cancelledBy: own.cancelledBy} : null,
    command: commandText(record.commandLine),
  };
}

/** A run of the server of which the history says nothing: it is about to begin, or ended before it could. */
export async function recordOf(
  own: OwnRun,
  {files, now, host}: {readonly files: RunFiles; readonly now: Date; readonly host: string},
): Promise<RunRecord> {
  const {id, verb, at, endedAt = null, exitCode = null} = own;
  const isOver = endedAt !== null;
  return {
    ...{id, verb, exitCode, host, startedAt: at, endedAt, counts: null, version: VERSION, lastSeq: 0},
    state: !isOver ? 'PENDING' : exitCode === null ? 'LOST' : stateOfExit(exitCode),
    phase: isOver ? 'finished' : 'starting',
    reason: isOver ? await reasonOf(id, files) : null,
    heartbeatAt: endedAt ?? now.toISOString(),
    elapsedMs: Math.max(0, Date.parse(endedAt ?? now.toISOString()) - Date.parse(at)),
    ...{clouds: own.clouds, definitions: own.definitions, commandLine: own.line},
    who: {user: userName(), sudoUser: null, ci: null, job: null, jobUrl: null, requestedBy: own.by},
    pid: own.process?.pid ?? 0,
  };
}

/** True where this user sees the run: each of its clouds, as the history and the server know them. */
export function seesRun(identity: Identity, record: Pick<RunRecord, 'clouds'> | undefined, own?: OwnRun): boolean {
  return seesAll(identity, [...new Set([...(record?.clouds ?? []), ...(own?.clouds ?? [])])]);
}

/** The first line that it printed on stderr, which says what ended it. */
async function reasonOf(id: string, files: RunFiles): Promise<string | null> {
  const {lines} = await readFileLines(files.outputPath(id, 'errors'), {from: 0, to: null});
  const line = lines.find((one) => one.startsWith('imgmgr: ')) ?? lines[0];
  return line === undefined || line === '' ? null : line.replace(/^imgmgr: /, '').slice(0, 500);
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? '');
  }
}
