import {mkdir, writeFile} from 'node:fs/promises';
import {cpus, totalmem} from 'node:os';

/** One figure: ours against a floor or a peer, and the limit that ours must keep (none: told for comparison only). */
export interface Figure {
  readonly name: string;
  readonly unit: 'ms' | 's' | 'calls' | 'MB/s' | 'MiB' | 'writes' | '%';
  readonly ours: number;
  readonly other?: {readonly what: string; readonly value: number};
  readonly target?: {readonly words: string; readonly kept: boolean};
  readonly samples?: Readonly<Record<string, readonly number[]>>;
}

/** "at most `limit`", where ours is what is judged. */
export function atMost(ours: number, limit: number, words: string): NonNullable<Figure['target']> {
  return {words: `≤ ${words} = ${text(limit)}`, kept: ours <= limit};
}

export function atLeast(ours: number, limit: number, words: string): NonNullable<Figure['target']> {
  return {words: `≥ ${words} = ${text(limit)}`, kept: ours >= limit};
}

/** The table, as Markdown that also reads well on a terminal. */
export function table(figures: readonly Figure[]): string {
  const rows = [
    ['figure', 'imgmgr', 'against', 'ratio', 'target', ''],
    ...figures.map(({name, unit, ours, other, target}) => [
      name,
      `${text(ours)} ${unit}`,
      other ? `${text(other.value)} ${unit} (${other.what})` : '',
      other && other.value > 0 ? (ours / other.value).toFixed(2) : '',
      target?.words ?? '',
      target ? (target.kept ? 'ok' : 'MISSED') : '',
    ]),
  ];
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  const lines = rows.map((row) => `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`);
  const rule = `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`;
  return [lines[0], rule, ...lines.slice(1)].join('\n');
}

/** Writes the figures with every sample and what the machine is. */
export async function save(folder: string, figures: readonly Figure[]): Promise<string> {
  await mkdir(folder, {recursive: true});
  const at = new Date().toISOString();
  const path = `${folder}/result-${at.slice(0, 19).replaceAll(':', '')}.json`;
  await writeFile(path, `${JSON.stringify({at, machine: machine(), figures}, null, 2)}\n`);
  return path;
}

/** The machine in a line: what matters for the figures, and no name. */
export function machine(): string {
  const gib = Math.round(totalmem() / 2 ** 30);
  return `${cpus().length} cores (${cpus()[0]?.model ?? 'unknown'}), ${gib} GiB, Node ${process.versions.node}`;
}

function text(value: number): string {
  return value >= 100 ? value.toFixed(0) : String(Number(value.toFixed(2)));
}
