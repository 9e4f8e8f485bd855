import {constants} from 'node:fs';
import {open} from 'node:fs/promises';

/** Lines of a file, and the byte behind them. */
export interface FileLines {
  readonly lines: readonly string[];
  readonly next: number;
}

/** Bytes that are read at once; a longer line is cut there. */
const CHUNK = 256 * 1024;
const NEWLINE = 0x0a;

/**
 * Whole lines of a regular file from one byte to another (null: its end), at most 256 KiB of them; none where it cannot be read, or is a
 * link. A last line without an end is one where nothing else was read.
 */
export async function readFileLines(
  path: string,
  {from, to}: {readonly from: number; readonly to: number | null},
): Promise<FileLines> {
  const nothing = {lines: [], next: from};
  const wanted = Math.min(CHUNK, to === null ? CHUNK : to - from);
  if (wanted <= 0) return nothing;
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

function linesOf(bytes: Buffer, from: number): FileLines {
  const end = bytes.lastIndexOf(NEWLINE) + 1;
  const whole = end === 0 ? bytes : bytes.subarray(0, end);
  if (whole.length === 0) return {lines: [], next: from};
  return {lines: whole.toString('utf8').replace(/\n$/, '').split('\n'), next: from + whole.length};
}
