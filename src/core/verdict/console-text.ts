/** How much of a console is looked at and kept, characters. */
export const CONSOLE_KEPT = 64 * 1024;

/** Of a line that never ends so much is left out where its beginning is missing. */
const LONGEST_SECRET = 4 * 1024;

/** What of one line is looked at, characters. */
const LONGEST_LINE = 2048;

/**
 * The end of a console as people and {@link consoleLines} read it: at most 64 Ki characters, without ANSI sequences and carriage returns.
 * The work grows with the length of the text, whatever a guest prints.
 */
export function plainConsole(text: string): string {
  return (
    text
      .slice(-CONSOLE_KEPT)
      // No part can take what the next one begins with, so nothing is read twice.
      // eslint-disable-next-line no-control-regex -- escape sequences are what is looked for
      .replace(/\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[@-Z\\^_])/g, '')
      .replace(/\r+\n?/g, '\n')
  );
}

/**
 * The same without a first line whose beginning was cut off: it may hold the end of a secret, which nobody would know again. What is longer
 * than {@link CONSOLE_KEPT}, or just as long, was cut.
 */
export function wholeLines(text: string): string {
  const plain = plainConsole(text);
  if (text.length < CONSOLE_KEPT) return plain;
  return plain.slice(plain.indexOf('\n') + 1 || LONGEST_SECRET);
}

/** The lines of a console, each no longer than 2,048 characters. */
export function consoleLines(text: string): string[] {
  return plainConsole(text)
    .split('\n')
    .map((line) => line.slice(0, LONGEST_LINE));
}

/** What clouds send in place of a console that they do not have; nothing else stands on it then. */
const STAND_INS = [
  // Nova with VMware, without a serial port concentrator.
  'console log is missing',
  'check your vspc configuration',
  // Nova's fake driver.
  'fake console output',
  'no console available',
  'console is not available',
  'console output is not available',
  'console log is not available',
];

/** True for a fixed sentence in place of a console: it says nothing of the guest. At most 512 characters of at most four lines are one. */
export function isStandIn(text: string): boolean {
  const words = text.trim();
  if (words.length > 512 || words.split('\n').length > 4) return false;
  return STAND_INS.some((sentence) => words.toLowerCase().includes(sentence));
}

/** A passing secret is short, and so is what stands between it and its name: bounded, so that blanks without end cost nothing. */
const SECRET = /((?:password|passwd|secret|token)\s{0,8}(?:(?:is|for \S{1,64} is)\s{0,8})?[:=]\s{0,8})\S+/gi;

/**
 * The text without the token, without the end of it with which a text begins that somebody else has cut, and without what stands behind a
 * word for a secret; the work grows with its length.
 */
export function redactSecrets(text: string, token: string | undefined): string {
  const plain = token === undefined ? text : withoutEndOf(token, text).replaceAll(token, '***');
  return plain.replace(SECRET, '$1***');
}

/** Fewer characters say nothing of a token. */
const SHORTEST_END = 4;

function withoutEndOf(token: string, text: string): string {
  for (let from = 1; from <= token.length - SHORTEST_END; from++)
    if (text.startsWith(token.slice(from))) return `***${text.slice(token.length - from)}`;
  return text;
}
