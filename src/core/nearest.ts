/**
 * The candidates most like the word, best first: spelt alike (few letters added, left out, swapped or exchanged) or
 * containing it. At most `max`; none when nothing is close.
 */
export function nearest(word: string, candidates: Iterable<string>, max = 3): string[] {
  const wanted = normalise(word);
  return [...new Set(candidates)]
    .map((candidate) => ({candidate, far: farness(wanted, normalise(candidate))}))
    .filter(({far}) => Number.isFinite(far))
    .sort((a, b) => a.far - b.far || (a.candidate < b.candidate ? -1 : 1))
    .slice(0, max)
    .map(({candidate}) => candidate);
}

/** The hint for a word that is not known: `did you mean "x"?`; undefined when nothing is close. */
export function didYouMean(word: string, candidates: Iterable<string>): string | undefined {
  const found = nearest(word, candidates, 2).map((candidate) => `"${candidate}"`);
  return found.length === 0 ? undefined : `did you mean ${found.join(' or ')}?`;
}

function normalise(text: string): string {
  return text
    .toLowerCase()
    .replace(/[\s_-]+/g, ' ')
    .trim();
}

/** Longer words are compared with nothing: the work grows with the product of their lengths. */
const LONGEST = 256;

/** Edits needed, at most a third of the longer word; a part of a name is a little further away than a typing error. */
function farness(wanted: string, candidate: string): number {
  if (Math.max(wanted.length, candidate.length) > LONGEST) return Number.POSITIVE_INFINITY;
  const allowed = Math.max(1, Math.floor(Math.max(wanted.length, candidate.length) / 3));
  // Each edit changes the length by one at most.
  const isFar = Math.abs(wanted.length - candidate.length) > allowed;
  const edits = isFar ? Number.POSITIVE_INFINITY : editDistance(wanted, candidate);
  if (edits <= allowed && edits < Math.max(wanted.length, candidate.length)) return edits;
  const [short, long] = wanted.length < candidate.length ? [wanted, candidate] : [candidate, wanted];
  return short.length >= 3 && long.includes(short)
    ? allowed + 1 + long.length - short.length
    : Number.POSITIVE_INFINITY;
}

/** Damerau's distance with adjacent swaps (optimal string alignment). */
function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let previous = Array.from({length: b.length + 1}, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const exchange = (previous[j - 1] ?? 0) + Number(a[i - 1] !== b[j - 1]);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swap = swapped ? (before[j - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY;
      row.push(Math.min((previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, exchange, swap));
    }
    [before, previous] = [previous, row];
  }
  return previous[b.length] ?? 0;
}

/** True when one letter that is added, left out or exchanged, or two neighbours that are swapped, make the one text of the other. */
export function isOneEditAway(a: string, b: string): boolean {
  const [short, long] = a.length <= b.length ? [a, b] : [b, a];
  if (short === long || long.length - short.length > 1 || long.length > LONGEST) return false;
  let at = 0;
  while (at < short.length && short[at] === long[at]) at += 1;
  if (short.length < long.length) return short.slice(at) === long.slice(at + 1);
  const isSwapped = short[at] === long[at + 1] && short[at + 1] === long[at];
  return short.slice(at + 1) === long.slice(at + 1) || (isSwapped && short.slice(at + 2) === long.slice(at + 2));
}
