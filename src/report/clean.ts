/**
 * Text that comes from elsewhere as one line that is safe for a terminal and a log: a tab becomes a blank; control characters, line
 * separators, marks of direction, noncharacters and lone surrogates become `?`.
 */
export function clean(text: string): string {
  return text
    .replaceAll('\t', ' ')
    .replace(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}\p{Noncharacter_Code_Point}]/gu, '?');
}
