import type {FilePosition} from '../errors.ts';

/** A text with blanks put in front of some of its lines; lines count from 0. */
export interface PaddedText {
  readonly text: string;
  readonly padded: ReadonlySet<number>;
  readonly width: number;
}

/** Turns offsets of a text into lines and columns of the file; a byte order mark and padding take no column. */
export class PositionFinder {
  private readonly file: string;
  private readonly source: PaddedText;
  private readonly starts: number[] = [0];

  constructor(file: string, source: PaddedText) {
    this.file = file;
    this.source = source;
    for (const match of source.text.matchAll(LINE_END)) this.starts.push(match.index + match[0].length);
  }

  at(offset: number): FilePosition {
    const line = this.lineOf(offset);
    const mark = line === 0 && this.source.text.startsWith('\uFEFF') ? 1 : 0;
    const padding = this.source.padded.has(line) ? this.source.width : 0;
    const column = offset - (this.starts[line] ?? 0) - mark - padding + 1;
    return {file: this.file, line: line + 1, column: Math.max(1, column)};
  }

  private lineOf(offset: number): number {
    let low = 0;
    let high = this.starts.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

/** The same text with one more line padded, the one that holds the offset. */
export function padLine(source: PaddedText, offset: number): PaddedText {
  const before = [...source.text.slice(0, offset).matchAll(LINE_END)];
  const last = before.at(-1);
  const start = last ? last.index + last[0].length : 0;
  const text = source.text.slice(0, start) + ' '.repeat(source.width) + source.text.slice(start);
  return {...source, text, padded: new Set([...source.padded, before.length])};
}

/** The text as it is; `width` is more than any of its lines is indented. */
export function unpadded(text: string): PaddedText {
  const indents = [...text.matchAll(/^ +/gm)].map(([blanks]) => blanks.length);
  return {text, padded: new Set(), width: indents.reduce((most, indent) => Math.max(most, indent), 0) + 1};
}

const LINE_END = /\r\n|\r|\n/g;
