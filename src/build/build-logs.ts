import {readdir, rm, stat} from 'node:fs/promises';
import {join} from 'node:path';
import {compareVersions} from '../core/release/version.ts';
import {readLogName} from './artifact-names.ts';
import {ifThere} from '../host/fs-error.ts';
import {asFileError} from './file-error.ts';

/** Keeps the newest so many build logs of each definition; files that are no build logs stay. CONFIG or UNAVAILABLE with the path. */
export async function keepLogs(folder: string, keep: number): Promise<void> {
  try {
    for (const series of (await readLogs(folder)).values()) {
      series.sort((a, b) => compareVersions(b.version, a.version) || b.touchedMs - a.touchedMs);
      for (const {path} of series.slice(keep)) await rm(path, {force: true});
    }
  } catch (error) {
    throw asFileError(error, {path: folder});
  }
}

interface Log {
  readonly path: string;
  readonly version: string;
  readonly touchedMs: number;
}

async function readLogs(folder: string): Promise<Map<string, Log[]>> {
  const logs = new Map<string, Log[]>();
  for (const name of (await ifThere(readdir(folder))) ?? []) {
    const read = readLogName(name);
    if (!read) continue;
    const path = join(folder, name);
    const touchedMs = (await stat(path)).mtimeMs;
    logs.set(read.series, [...(logs.get(read.series) ?? []), {path, version: read.version, touchedMs}]);
  }
  return logs;
}
