import type {Place} from '../errors.ts';

/** Turns offsets of a text into lines and columns; a byte order mark takes no column. */
export class PlaceFinder {
  private readonly file: string;
  private readonly starts: number[] = [0];
  private readonly marked: boolean;

  constructor(text: string, file: string) {
    this.file = file;
    this.marked = text.startsWith('\uFEFF');
    for (const match of text.matchAll(/\r\n|\r|\n/g)) this.starts.push(match.index + match[0].length);
  }

  at(offset: number): Place {
    let low = 0;
    let high = this.starts.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    const column = offset - (this.starts[low] ?? 0) + 1;
    return {file: this.file, line: low + 1, column: low === 0 && this.marked ? Math.max(1, column - 1) : column};
  }
}
