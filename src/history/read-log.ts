import {constants} from 'node:fs';
import {open, realpath} from 'node:fs/promises';
import {join} from 'node:path';
import type {LogRecord} from '../core/history/records.ts';
import {readRegularFile} from '../host/regular-file.ts';
import type {LogLines} from '../ports/history.ts';

/** Bytes that are read at once; a longer line is cut there. */
const CHUNK = 256 * 1024;
/** No evidence is larger. */
const LARGEST_EVIDENCE = 32 * 1024 ** 2;
const NEWLINE = 0x0a;

/**
 * Whole lines of a log from one byte to another (null: its end), at most 256 KiB of them; none where it is gone, or lies outside of the
 * folder of state, whatever the history says.
 */
export async function readLines(
  folder: string,
  {path}: Pick<LogRecord, 'path'>,
  {from, to}: {readonly from: number; readonly to: number | null},
): Promise<LogLines> {
  const nothing = {lines: [], next: from};
  const wanted = Math.min(CHUNK, to === null ? CHUNK : to - from);
  if (wanted <= 0 || !(await isInside(folder, path))) return nothing;
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      if (!(await file.stat()).isFile()) return nothing;
      const {bytesRead, buffer} = await file.read(Buffer.alloc(wanted), 0, wanted, from);
      return linesOf(buffer.subarray(0, bytesRead), from);
    } finally {
      await file.close();
    }
  } catch {
    return nothing;
  }
}

/** A last line without an end is one where nothing else was read. */
function linesOf(bytes: Buffer, from: number): LogLines {
  const end = bytes.lastIndexOf(NEWLINE) + 1;
  const whole = end === 0 ? bytes : bytes.subarray(0, end);
  if (whole.length === 0) return {lines: [], next: from};
  return {lines: whole.toString('utf8').replace(/\n$/, '').split('\n'), next: from + whole.length};
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
