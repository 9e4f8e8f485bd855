import type {LogRecord, RunDetails} from '../../core/history/records.ts';
import {readFileLines} from '../../host/file-lines.ts';
import type {HistoryReader} from '../../ports/history.ts';
import type {LogAnswer, LogRef} from '../contract/runs.ts';
import {notFound} from '../errors.ts';
import type {OwnRun, RunFiles} from './own-run.ts';

/** As many lines of a console are given at once. */
const CONSOLE_LINES = 2000;

/** What a log is read with. */
export interface LogSource {
  readonly id: string;
  readonly own: OwnRun | undefined;
  readonly details: RunDetails | undefined;
  readonly files: RunFiles;
  readonly reader: HistoryReader | undefined;
  readonly isOver: boolean;
}

/** The texts of a run: what its process printed, where the server started it, then the files that the history names. */
export function logRefs({own, details}: Pick<LogSource, 'own' | 'details'>): readonly LogRef[] {
  const nobody = {cloud: null, definition: null, version: null, image: null};
  return [
    ...(own ? (['errors', 'output'] as const).map((kind) => ({log: kind, kind, ...nobody})) : []),
    ...(details?.logs ?? []).map(({kind, cloud, definition, version, image}, index) => ({
      ...{log: String(index), kind, cloud, definition, version, image},
    })),
  ];
}

/** Lines of one of them from an offset on: a byte, of a console the number of a line. NOT_FOUND where the run has no such text. */
export async function readLog(log: string, offset: number, source: LogSource): Promise<LogAnswer> {
  const {id, isOver} = source;
  const {lines, next} = await linesOf(log, offset, source);
  return {id, log, lines, next, over: isOver && lines.length === 0};
}

async function linesOf(
  log: string,
  offset: number,
  {own, details, files, reader}: LogSource,
): Promise<{readonly lines: readonly string[]; readonly next: number}> {
  if (log === 'output' || log === 'errors') {
    if (!own) throw notFound(`log "${log}" of this run`, 'it was not started by this server: its own terminal has it');
    return readFileLines(files.outputPath(own.id, log), {from: offset, to: null});
  }
  const record = details?.logs[Number(log)];
  if (!record || !reader) throw notFound(`log "${log}" of this run`, 'GET /v1/runs/ID names its logs');
  if (record.kind === 'evidence') return consoleLines(await reader.console(record), offset);
  return buildLines(record, offset, reader);
}

function consoleLines(
  all: readonly string[],
  offset: number,
): {readonly lines: readonly string[]; readonly next: number} {
  const lines = all.slice(offset, offset + CONSOLE_LINES);
  return {lines, next: offset + lines.length};
}

async function buildLines(
  record: LogRecord,
  offset: number,
  reader: HistoryReader,
): Promise<{readonly lines: readonly string[]; readonly next: number}> {
  return reader.lines(record, {from: Math.max(offset, record.from), to: record.to});
}
