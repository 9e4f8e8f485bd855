import type {ColorLevel} from './color.ts';

type Brush = (text: string) => string;

/** Brushes for one stream; without colour they give the text back. */
export interface Paint {
  readonly bold: Brush;
  readonly dim: Brush;
  readonly red: Brush;
  readonly green: Brush;
  readonly yellow: Brush;
  readonly cyan: Brush;
}

/** No colour at all. */
export const PLAIN: Paint = {bold: same, dim: same, red: same, green: same, yellow: same, cyan: same};

/** Brushes of a level. Chalk does not know `NO_COLOR`, so the level is decided by us, and chalk loaded only for colour. */
export async function createPaint(level: ColorLevel): Promise<Paint> {
  if (level === 0) return PLAIN;
  const {Chalk} = await import('chalk');
  return new Chalk({level});
}

function same(text: string): string {
  return text;
}
