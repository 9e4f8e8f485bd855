import {realpath} from 'node:fs/promises';
import {join} from 'node:path';
import type {LogRecord} from '../core/history/records.ts';
import {readFileLines} from '../host/file-lines.ts';
import {readRegularFile} from '../host/regular-file.ts';
import type {LogLines} from '../ports/history.ts';

/** No evidence is larger. */
const LARGEST_EVIDENCE = 32 * 1024 ** 2;

/**
 * Whole lines of a log from one byte to another (null: its end), at most 256 KiB of them; none where it is gone, or lies outside of the
 * folder of state, whatever the history says.
 */
export async function readLines(
  folder: string,
  {path}: Pick<LogRecord, 'path'>,
  range: {readonly from: number; readonly to: number | null},
): Promise<LogLines> {
  return (await isInside(folder, path)) ? readFileLines(path, range) : {lines: [], next: range.from};
}

/** The lines of the console in a file of evidence; none where there is none. */
export async function readConsole(folder: string, {path}: Pick<LogRecord, 'path'>): Promise<readonly string[]> {
  if (!(await isInside(folder, path))) return [];
  try {
    const text = (await readRegularFile(path, {maxBytes: LARGEST_EVIDENCE, follow: false})).toString('utf8');
    const {console: lines} = JSON.parse(text) as {readonly console?: unknown};
    return typeof lines === 'string' ? lines.split(/\r?\n/) : [];
  } catch {
    return [];
  }
}

async function isInside(folder: string, path: string): Promise<boolean> {
  try {
    return (await realpath(path)).startsWith(join(await realpath(folder), '/'));
  } catch {
    return false;
  }
}
