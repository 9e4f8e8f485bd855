/** Code points that are normalized together; names and versions are shorter, so that for them nothing changes. */
const PIECE = 256;

/**
 * The text in a normal form of Unicode, piece by piece: sorting the marks behind one letter takes the square of their number, and a
 * hostile text has nothing but marks.
 */
export function normalized(text: string, form: 'NFD' | 'NFKD'): string {
  if (text.length <= PIECE) return text.normalize(form);
  const points = Array.from(text);
  let result = '';
  for (let at = 0; at < points.length; at += PIECE)
    result += points
      .slice(at, at + PIECE)
      .join('')
      .normalize(form);
  return result;
}
