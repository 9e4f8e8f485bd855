/**
 * Text that comes from elsewhere as one line that is safe for a terminal and a log: a tab becomes a blank; control characters, line
 * separators, marks of direction, noncharacters and lone surrogates become `?`, and so does what makes a line a command of the service that
 * runs it (`::error::…` and `##[error]…` of GitHub, `##vso[…]` of Azure, `##teamcity[…]`).
 */
export function clean(text: string): string {
  return text
    .replaceAll('\t', ' ')
    .replace(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}\p{Noncharacter_Code_Point}]/gu, '?')
    .replace(/^( *):(?=:[\w-]+[^:]*::)/, '$1?')
    .replace(/##(?=\w*\[)/g, '#?');
}
