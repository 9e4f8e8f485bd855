/** Text that comes from elsewhere, safe for a terminal: control characters, line and direction marks become `?`. */
export function clean(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/gu, '?');
}
