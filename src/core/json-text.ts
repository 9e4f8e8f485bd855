/** What a terminal or a reader of lines may take for more than text; inside of JSON strings only, so an escape keeps the value. */
const ESCAPED = /[\u007f-\u009f\p{Zl}\p{Zp}\p{Bidi_Control}\p{Noncharacter_Code_Point}]|#(?=#\w*\[)/gu;

/**
 * The value as JSON that every strict parser takes and that is safe to show: lone surrogates, also in keys, become U+FFFD; control
 * characters, line separators, marks of direction, noncharacters and the beginning of what a CI service takes for a command (`##vso[`) are escaped. With `indent`, on several lines.
 */
export function jsonText(value: object, indent?: number): string {
  const text = JSON.stringify(value, undefined, indent);
  // It writes a lone surrogate as an escape. Looking at each value takes several times as long, and hardly any has one.
  const isWellFormed = !text.includes(String.raw`\ud`);
  return (isWellFormed ? text : JSON.stringify(value, wellFormed, indent)).replace(ESCAPED, escape);
}

function wellFormed(_key: string, value: unknown): unknown {
  if (typeof value === 'string') return value.toWellFormed();
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value);
  if (entries.every(([key]) => key.isWellFormed())) return value;
  return Object.fromEntries(entries.map(([key, inner]) => [key.toWellFormed(), inner]));
}

function escape(character: string): string {
  return Array.from({length: character.length}, (_, index) => character.charCodeAt(index))
    .map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`)
    .join('');
}
