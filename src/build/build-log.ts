import {closeSync, openSync, writeSync} from 'node:fs';
import {StringDecoder} from 'node:string_decoder';
import type {Secrets} from '../secrets/registry.ts';

/** What takes the secrets of the run out of a log. */
export type Scrubber = Pick<Secrets, 'scrub' | 'scrubPart'>;

/** The log of a build, written as its output comes. */
export interface BuildLog {
  /** One for each stream of output: takes its bytes. */
  readonly writer: () => Writer;
  /** The last lines, masked, oldest first. */
  readonly tail: () => readonly string[];
  /** How many bytes were written. */
  readonly bytes: () => number;
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
/** No user and password of an address are longer. */
const LONGEST_LOGIN = 4 * 1024;

/**
 * Opens the log (mode 0600, begun anew) and reports each whole line, with passwords in addresses masked and without the secrets of the run,
 * in however many pieces it came. A line without end is cut, not within a secret.
 */
export function openBuildLog(path: string, onLine: (line: string) => void, secrets: Scrubber = NO_SECRETS): BuildLog {
  const file = openSync(path, 'w', 0o600);
  const lines: string[] = [];
  let bytes = 0;
  let fault: unknown;
  const take = (text: string): void => {
    const line = secrets.scrub(maskPasswords(text.replace(/\r$/, '')));
    try {
      if (fault === undefined) bytes += writeSync(file, `${line}\n`);
    } catch (error) {
      fault = error;
    }
    lines.push(line);
    if (lines.length > 2 * KEPT_LINES) lines.splice(0, KEPT_LINES);
    onLine(line);
  };
  return {
    writer: () => lineWriter(take, secrets),
    tail: () => lines.slice(-KEPT_LINES),
    bytes: () => bytes,
    fault: () => fault,
    close: () => closeSync(file),
  };
}

const NO_SECRETS: Scrubber = {scrub: (text) => text, scrubPart: (text) => ({text, rest: ''})};

/** `http://user:password@mirror/` → `http://***@mirror/`. */
export function maskPasswords(text: string): string {
  return text.replace(/:\/\/[^\s/@]+@/g, '://***@');
}

function lineWriter(take: (line: string) => void, secrets: Scrubber): Writer {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  return {
    write(chunk) {
      const parts = (rest + (typeof chunk === 'string' ? chunk : decoder.write(chunk))).split('\n');
      rest = parts.pop() ?? '';
      for (const part of parts) take(part);
      if (rest.length <= LONGEST_LINE) return;
      const cut = cutLine(rest, secrets);
      if (cut.text !== '') take(cut.text);
      rest = cut.rest;
    },
    end() {
      if (rest !== '') take(rest);
      rest = '';
    },
  };
}

/** The piece of a line that may be written before the line goes on; the rest may be the beginning of a secret. */
function cutLine(line: string, secrets: Scrubber): {readonly text: string; readonly rest: string} {
  const login = beginOfLogin(line);
  const {text, rest} = secrets.scrubPart(maskPasswords(line.slice(0, login)), true);
  return {text, rest: rest + line.slice(login)};
}

/** Where an address begins whose user and password may go on behind the end of the text; its length where there is none. */
function beginOfLogin(text: string): number {
  const from = Math.max(0, text.length - LONGEST_LOGIN);
  const found = /:(?:\/(?:\/[^\s/@]*)?)?$/.exec(text.slice(from));
  return found === null ? text.length : from + found.index;
}
