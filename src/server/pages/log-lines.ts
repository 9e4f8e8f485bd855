import {visible} from './text.ts';

/** As much of one line as is shown. */
const LONGEST_LINE = 2000;
/** As much of it as is looked at, since sequences for a terminal show nothing. */
const LONGEST_SEEN = 16_384;

/** No part can take what the next one begins with, so nothing is read twice. */
const SEQUENCES =
  // eslint-disable-next-line no-control-regex -- escape sequences are what is looked for
  /\u001b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\u0007\u001b]{0,512}(?:\u0007|\u001b\\)|[ -/]*[0-OQ-WYZ\\`-~])/g;

/**
 * One line of a log as it is shown: without sequences for a terminal, of what carriage returns overwrite only the last, other control characters
 * as their pictures, and cut where it is long. The work grows with the length of the line.
 */
export function shownLine(line: string): string {
  const seen = line.slice(0, LONGEST_SEEN);
  const plain = withoutReturns(seen.replace(SEQUENCES, ''));
  const last = plain.slice(plain.lastIndexOf('\r') + 1);
  const more = line.length - seen.length + Math.max(0, last.length - LONGEST_LINE);
  const text = visible(last.slice(0, LONGEST_LINE).replaceAll('\t', '        '), Infinity);
  return more > 0 ? `${text}… (${more} more characters)` : text;
}

/** Carriage returns at the end overwrite nothing. */
function withoutReturns(text: string): string {
  let end = text.length;
  while (end > 0 && text[end - 1] === '\r') end -= 1;
  return text.slice(0, end);
}
