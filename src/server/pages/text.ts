/** What a browser would obey, or not show: control characters, lone surrogates, line separators, marks of direction, noncharacters. */
const UNSEEN = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}\p{Noncharacter_Code_Point}\u200b\u2060\ufeff]/gu;
/** As long as a name, a reason or a property is shown. */
const LONGEST = 2000;

/** Text from outside as one line that shows what is in it: controls as their pictures, what changes the direction as `�`; not longer than `longest` characters. */
export function visible(text: string, longest = LONGEST): string {
  const part = text.length > longest ? `${text.slice(0, longest)}… (${text.length - longest} more characters)` : text;
  return part.replace(UNSEEN, picture);
}

/** `1 image`, `2 images`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 ? one : many}`;
}

/** Bytes as people read them: `3.2 GiB`. */
export function bytesText(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const at = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 1024 ** at;
  return `${value.toFixed(at === 0 || value >= 100 ? 0 : 1)} ${units[at] ?? 'B'}`;
}

function picture(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (code === 9 || code === 10 || code === 13) return ' ';
  if (code < 32) return String.fromCodePoint(0x2400 + code);
  return code === 127 ? '\u2421' : '\ufffd';
}
