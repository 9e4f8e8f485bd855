import {closeSync, openSync, writeSync} from 'node:fs';
import {StringDecoder} from 'node:string_decoder';

/** The log of a build, written as its output comes. */
export interface BuildLog {
  /** One for each stream of output: takes its bytes. */
  readonly writer: () => Writer;
  /** The last lines, masked, oldest first. */
  readonly tail: () => readonly string[];
  /** What could not be written, once that happened; the build goes on without. */
  readonly fault: () => unknown;
  readonly close: () => void;
}

export interface Writer {
  readonly write: (chunk: Uint8Array | string) => void;
  /** Takes what is left of the last line. */
  readonly end: () => void;
}

const KEPT_LINES = 400;
const LONGEST_LINE = 16 * 1024;

/**
 * Opens the log (mode 0600, begun anew) and tells each whole line, with passwords in addresses masked and without what `scrub` knows, in
 * however many pieces it came.
 */
export function openBuildLog(
  path: string,
  onLine: (line: string) => void,
  scrub: (text: string) => string = (text) => text,
): BuildLog {
  const file = openSync(path, 'w', 0o600);
  const lines: string[] = [];
  let fault: unknown;
  const take = (text: string): void => {
    const line = scrub(maskPasswords(text.replace(/\r$/, '')));
    try {
      if (fault === undefined) writeSync(file, `${line}\n`);
    } catch (error) {
      fault = error;
    }
    lines.push(line);
    if (lines.length > 2 * KEPT_LINES) lines.splice(0, KEPT_LINES);
    onLine(line);
  };
  return {
    writer: () => lineWriter(take),
    tail: () => lines.slice(-KEPT_LINES),
    fault: () => fault,
    close: () => closeSync(file),
  };
}

/** `http://user:password@mirror/` → `http://***@mirror/`. */
export function maskPasswords(text: string): string {
  return text.replace(/:\/\/[^\s/@]+@/g, '://***@');
}

function lineWriter(take: (line: string) => void): Writer {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  return {
    write(chunk) {
      const parts = (rest + (typeof chunk === 'string' ? chunk : decoder.write(chunk))).split('\n');
      rest = parts.pop() ?? '';
      for (const part of parts) take(part);
      if (rest.length <= LONGEST_LINE) return;
      take(rest);
      rest = '';
    },
    end() {
      if (rest !== '') take(rest);
      rest = '';
    },
  };
}
