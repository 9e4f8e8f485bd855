import {visible} from './text.ts';

/** As much of one line as is shown. */
const LONGEST_LINE = 2000;
/** As much of a line as is kept until it ends. */
const LONGEST_KEPT = 16_384;
const ESCAPES =
  /\u001b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\u0007\u001b]{0,512}(?:\u0007|\u001b\\)|[ -/]*[0-OQ-WYZ\\`-~])/g;

/**
 * Makes lines of a text that comes in parts. Each is safe to show: without the commands for a terminal, with pictures of other control
 * characters, and cut where it is long.
 */
export class LogLines {
  /** What came of the line that has not ended. */
  #rest = '';
  /** How many characters of it were let go. */
  #dropped = 0;

  /** The lines that ended in this part. */
  take(part: string): string[] {
    const lines: string[] = [];
    let from = 0;
    for (let end = part.indexOf('\n'); end >= 0; end = part.indexOf('\n', from)) {
      this.#keep(part.slice(from, end));
      lines.push(this.rest());
      this.#rest = '';
      this.#dropped = 0;
      from = end + 1;
    }
    this.#keep(part.slice(from));
    return lines;
  }

  /** The line that has not ended yet, as it is shown. */
  rest(): string {
    return shownLine(this.#rest, this.#dropped);
  }

  #keep(part: string): void {
    const room = LONGEST_KEPT - this.#rest.length;
    this.#rest += part.slice(0, Math.max(0, room));
    this.#dropped += Math.max(0, part.length - room);
  }
}

/** One line as it is shown: of what a carriage return overwrites only the last. */
function shownLine(line: string, dropped: number): string {
  const plain = line.replace(ESCAPES, '').replace(/\r$/, '');
  const last = plain.slice(plain.lastIndexOf('\r') + 1);
  const more = dropped + Math.max(0, last.length - LONGEST_LINE);
  const text = visible(last.slice(0, LONGEST_LINE).replaceAll('\t', '        '));
  return more > 0 ? `${text}… (${more} more characters)` : text;
}
