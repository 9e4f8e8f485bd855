/** Below this length a secret is a piece of many words; then only its quoted form is known. */
const SHORTEST = 4;
/** Pieces of base64 that are shorter stand in too many other texts. */
const SHORTEST_BASE64 = 8;

type Spell = (text: string) => string;

/** What programs of a cloud make of a text that they repeat; each may be applied to what another one made. */
const WRITERS: readonly Spell[] = [
  inJson,
  (text) => ascii(inJson(text)),
  (text) => inJson(text).replace(/[<>&\u2028\u2029]/g, unicodeEscape),
  (text) => inJson(text).replaceAll('/', '\\/'),
  (text) => inPython(text).replace(/[^ -~]/g, unicodeEscape),
  inPython,
  inPythonBytes,
  ...['&#39;', '&#x27;', '&apos;', "'"].map((quote) => (text: string) => inMarkup(text, quote)),
  (text) => inMarkup(text, '&#39;').replaceAll('&quot;', '&#34;'),
  (text) => inMarkup(text, "'").replaceAll('&quot;', '"'),
  (text) => inMarkup(text, '&#39;').replaceAll('&quot;', '"'),
  ...URL_FORMS().flatMap((form) => [form, (text: string) => lowerCodes(form(text))]),
  // What was UTF-8 and is read as Latin-1.
  (text) => Buffer.from(text).toString('latin1'),
];

/** Letter case of escapes, and what ends in a message of ours: one line, without what a terminal could take for more than text. */
const LINES: readonly Spell[] = [
  (text) => text.replace(/\\u[0-9a-f]{4}/g, (code) => `\\u${code.slice(2).toUpperCase()}`),
  (text) => text.replace(/\s+/g, ' ').trim(),
  (text) => text.trim(),
  (text) => text.replace(/\p{Cc}/gu, '?'),
  (text) => text.replaceAll('\t', ' ').replace(UNSAFE, '?'),
];
const UNSAFE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}\p{Noncharacter_Code_Point}]/gu;

/**
 * Every form in which a server, a proxy or a library may repeat a secret: escaped for JSON, URLs, HTML, XML, Python, base64, once or
 * twice, and on one line.
 */
export function spellingsOf(secret: string): ReadonlySet<string> {
  if (secret.length < SHORTEST) return new Set(secret === '' ? [] : [`"${secret}"`, `'${secret}'`]);
  const once = new Set([secret, ...WRITERS.map((write) => write(secret))]);
  const twice = new Set([...once].flatMap((form) => [form, ...WRITERS.map((write) => write(form))]));
  const forms = [...twice].flatMap((form) => [form, ...LINES.map((line) => line(form))]);
  return new Set([...forms.filter((form) => form.length >= SHORTEST), ...inBase64(secret)]);
}

/** The same for what is not ours: once, and in few forms. */
export function passingSpellingsOf(secret: string): readonly string[] {
  if (secret.length < SHORTEST) return [];
  const url = encodeURIComponent(secret.toWellFormed());
  return [...new Set([secret, inJson(secret), url, lowerCodes(url), inMarkup(secret, '&#39;')])];
}

function inJson(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

function ascii(text: string): string {
  return text.replace(/[^ -~]/g, unicodeEscape);
}

function unicodeEscape(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

function inPython(text: string): string {
  return text
    .replaceAll('\\', '\\\\')
    .replaceAll("'", "\\'")
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replaceAll('\t', '\\t');
}

function inPythonBytes(text: string): string {
  return inPython(text).replace(/[^ -~]+/g, (part) =>
    [...Buffer.from(part)].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join(''),
  );
}

function inMarkup(text: string, quote: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", quote);
}

// A function, since it is needed before its place in the file.
function URL_FORMS(): readonly Spell[] {
  const whole: Spell = (text) => encodeURIComponent(text.toWellFormed());
  const strict: Spell = (text) =>
    whole(text).replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`);
  return [
    whole,
    strict,
    (text) => whole(text).replaceAll('%20', '+'),
    (text) => strict(text).replaceAll('%20', '+'),
    (text) => strict(text).replaceAll('%2F', '/'),
    (text) => encodeURI(text.toWellFormed()),
  ];
}

function lowerCodes(text: string): string {
  return text.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase());
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
    .flatMap((piece) => [
      piece,
      piece.replaceAll('+', '-').replaceAll('/', '_'),
      piece.replaceAll('+', '%2B').replaceAll('/', '%2F'),
      piece.replaceAll('/', '\\/'),
    ]);
}
