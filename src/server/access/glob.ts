/** True where the name fits the pattern: `*` is any text, `?` one character, everything else itself. */
export function fitsGlob(pattern: string, name: string): boolean {
  let [p, n, star, kept] = [0, 0, -1, 0];
  while (n < name.length) {
    const sign = pattern[p];
    if (sign === '*') {
      [star, kept] = [p, n];
      p += 1;
    } else if (sign !== undefined && (sign === '?' || sign === name[n])) {
      p += 1;
      n += 1;
    } else if (star >= 0) {
      // The last star takes one character more.
      kept += 1;
      [p, n] = [star + 1, kept];
    } else return false;
  }
  while (pattern[p] === '*') p += 1;
  return p === pattern.length;
}

/** What a pattern may be made of: nothing that SQLite's GLOB would read otherwise. */
export const GLOB_PATTERN = /^[\w.@+ *?-]{1,255}$/;
