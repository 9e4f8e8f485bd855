const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\n': '&#10;',
  '\t': '&#9;',
};

/**
 * Text between tags: escaped; what XML 1.0 cannot hold (section 2.2, `Char`: control characters, lone surrogates, U+FFFE, U+FFFF), or
 * advises against (C1, marks of direction, noncharacters), becomes `?`. Tabs and line feeds stay. What a CI service
 * takes for a command where the report stands in its log (`::error::` at the start of a line, `##vso[`) is escaped.
 */
export function xmlText(text: string): string {
  return withoutCommands(xmlChars(text).replace(/[&<>]/g, (character) => ENTITIES[character] ?? character));
}

/** The value of an attribute, without its quotes: as {@link xmlText}; tabs and line feeds are escaped, so that a parser keeps them. */
export function xmlAttribute(text: string): string {
  return withoutCommands(xmlChars(text).replace(/[&<>"\n\t]/g, (character) => ENTITIES[character] ?? character));
}

function withoutCommands(escaped: string): string {
  return escaped.replace(/^([ \t]*):(?=:)/gm, '$1&#58;').replace(/##(?=\w*\[)/g, '&#35;#');
}

function xmlChars(text: string): string {
  return text.replace(/(?![\n\t])[\p{Cc}\p{Cs}\p{Bidi_Control}\p{Noncharacter_Code_Point}]/gu, '?');
}
