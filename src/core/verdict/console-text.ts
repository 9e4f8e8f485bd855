/** How much of a console is looked at and kept, characters. */
export const CONSOLE_KEPT = 64 * 1024;

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

/** The text without the token and without what stands behind a word for a secret; the work grows with its length. */
export function redactSecrets(text: string, token: string | undefined): string {
  const plain = token === undefined ? text : text.replaceAll(token, '***');
  return plain.replace(SECRET, '$1***');
}
