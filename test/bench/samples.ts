/** Runs every contestant once per round, in turn, so that a slow minute of the machine meets them all; the medians. */
export async function inTurn<Name extends string>(
  rounds: number,
  contestants: Readonly<Record<Name, () => Promise<number>>>,
): Promise<Record<Name, Sample>> {
  const names = Object.keys(contestants) as Name[];
  const all = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
  for (let round = 0; round < rounds; round++)
    for (const name of round % 2 === 0 ? names : names.toReversed()) all[name].push(await contestants[name]());
  const samples = {} as Record<Name, Sample>;
  for (const name of names) samples[name] = {median: median(all[name]), all: all[name]};
  return samples;
}

export interface Sample {
  readonly median: number;
  readonly all: readonly number[];
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const [low = 0, high = 0] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.ceil((sorted.length - 1) / 2)]];
  return (low + high) / 2;
}
