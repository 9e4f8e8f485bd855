/** Below this length a secret is a piece of many words; then only its quoted form is known. */
const SHORTEST = 4;
/** Pieces of base64 that are shorter stand in too many other texts. */
const SHORTEST_BASE64 = 8;

/** Every form in which a server, a proxy or a library may repeat a secret: escaped for JSON, URLs, HTML, XML, Python, base64. */
export function spellingsOf(secret: string): ReadonlySet<string> {
  if (secret.length < SHORTEST) return new Set(secret === '' ? [] : [`"${secret}"`, `'${secret}'`]);
  const json = inJson(secret);
  const url = encodeURIComponent(secret.toWellFormed());
  const strict = url.replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`);
  const forms = [
    secret,
    json,
    inJson(json),
    ascii(json),
    ascii(json).replace(/\\u[0-9a-f]{4}/g, (code) => `\\u${code.slice(2).toUpperCase()}`),
    secret.replaceAll('\\', '\\\\').replaceAll("'", "\\'"),
    secret.replace(/\p{Cc}/gu, '?'),
    ...[url, strict, url.replaceAll('%20', '+'), strict.replaceAll('%20', '+'), strict.replaceAll('%2F', '/')].flatMap(
      (form) => [form, form.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()), encodeURIComponent(form)],
    ),
    ...['&#39;', '&#x27;', '&apos;', "'"].map((quote) => inMarkup(secret, quote)),
    ...inBase64(secret),
  ];
  return new Set(forms.filter((form) => form.length >= SHORTEST));
}

function inJson(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

function ascii(text: string): string {
  return text.replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function inMarkup(text: string, quote: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", quote);
}

/** What base64 makes of a secret inside of something longer, at each of the three places where it may begin. */
function inBase64(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const pieces = [0, 1, 2].map((offset) => {
    const whole = Buffer.concat([Buffer.alloc(offset), bytes]);
    return whole.toString('base64').slice(Math.ceil((offset * 8) / 6), Math.floor((whole.length * 8) / 6));
  });
  return pieces
    .filter((piece) => piece.length >= SHORTEST_BASE64)
    .flatMap((piece) => [piece, piece.replaceAll('+', '-').replaceAll('/', '_')]);
}
