import {clean} from './clean.ts';

/** The widest cell, but with `--wide`. */
const WIDEST = 40;

/** A cell that is safe to show, cut where it is longer than 40 characters, unless everything is asked for. */
export function fitted(cell: string, wide: boolean, widest = WIDEST): string {
  const cleaned = clean(cell);
  if (wide || cleaned.length <= widest) return cleaned;
  const text = Array.from(cleaned);
  return text.length <= widest ? cleaned : `${text.slice(0, widest - 1).join('')}…`;
}

/** The head and the rows as lines, each column as wide as its widest cell. */
export function layOut(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const widths = head.map((title, column) =>
    rows.reduce((most, row) => Math.max(most, widthOf(row[column] ?? '')), title.length),
  );
  return [head, ...rows].map((row) =>
    row
      .map((cell, column) => cell + ' '.repeat(Math.max(0, (widths[column] ?? 0) - widthOf(cell))))
      .join('  ')
      .trimEnd(),
  );
}

/** In characters, of which some are two units. */
function widthOf(text: string): number {
  return /[\ud800-\udfff]/.test(text) ? Array.from(text).length : text.length;
}
