type Scrub = (text: string) => string;

const REDACTED = '***';

/**
 * Scrubs a line of JSON or an XML document so that it stays one; undefined for any other text. A secret may look like a number, a word or
 * a bracket of the form: only what stands in strings, in values and between tags is text.
 */
export function scrubInForm(text: string, scrub: Scrub): string | undefined {
  if (text.startsWith('{') && isJson(text)) return scrubJson(text, scrub);
  return text.startsWith('<?xml ') ? scrubXml(text, scrub) : undefined;
}

/** Valid JSON, scrubbed only in its strings and keys: whether a number is a secret, or only has its digits, cannot be known. */
export function scrubJson(text: string, scrub: Scrub): string {
  // One step of the loop for each escape, not for each character: the engine's stack must hold a string of many megabytes.
  return text.replace(/"[^"\\]*(?:\\.[^"\\]*)*"/g, (string) => {
    const clean = scrub(string);
    return clean === string || isJson(clean) ? clean : `"${REDACTED}"`;
  });
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** The values of attributes that are no numbers, and what stands between tags; the declaration at its beginning stays. */
function scrubXml(text: string, scrub: Scrub): string {
  const body = text.indexOf('?>') + 2;
  const clean = text.slice(body).replace(/"([^"<]*)"|>([^<]+)/g, (piece, value: string | undefined, said = '') => {
    if (value === undefined) return `>${wellFormed(scrub(String(said)))}`;
    if (/^[\d.]*$/.test(value)) return piece;
    // With its quotes, since a short secret is known by them alone.
    return `"${wellFormed(scrub(piece).replace(/^"/, '').replace(/"$/, ''))}"`;
  });
  return text.slice(0, body) + clean;
}

/** A secret may have been a part of an entity. */
function wellFormed(clean: string): string {
  return /&(?!(?:amp|lt|gt|quot|#\d{1,7});)/.test(clean) ? REDACTED : clean;
}
