const SECRET_PARAMETER =
  /^x-amz-|^x-goog-|^temp_url_|token|sig$|signature|secret|passw|credential|api_?key|^key$|^auth$/i;

/** True when the value of a query parameter of that name is a signature, a token or a password. */
export function isSecretParameter(name: string): boolean {
  return SECRET_PARAMETER.test(name);
}

/** The URL as everybody may read it, otherwise as written: query parameters with a signature, a token or a password are left out. */
export function unsignedUrl(url: string): string {
  const start = url.indexOf('?');
  if (start < 0) return url;
  const end = url.includes('#') ? url.indexOf('#') : url.length;
  const pairs = url.slice(start + 1, end).split('&');
  const kept = pairs.filter((pair) => !SECRET_PARAMETER.test(decoded(pair.split('=', 1).join(''))));
  if (end < start || kept.length === pairs.length) return url;
  return url.slice(0, start) + (kept.length === 0 ? '' : `?${kept.join('&')}`) + url.slice(end);
}

/** The URL as it may be printed: no user name or password, no fragment, secret query values replaced by `***`. */
export function publicUrl(url: string): string {
  if (!URL.canParse(url))
    return url
      .replace(/\/\/[^/@]*@/, '//')
      .split(/[?#]/, 1)
      .join('');
  const parsed = new URL(url);
  parsed.username = '';
  parsed.password = '';
  parsed.hash = '';
  parsed.search = parsed.search.slice(1).split('&').map(publicPair).join('&');
  return parsed.href;
}

/** True for an address on this host, by its own words. */
export function isLoopback({hostname}: Pick<URL, 'hostname'>): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}

/** True where an address in the text has a password before its host. */
export function holdsPassword(text: string): boolean {
  for (let at = text.indexOf('://'); at >= 0; at = text.indexOf('://', at + 3)) {
    let end = at + 3;
    while (end < text.length && !/[/?#\s]/.test(text.charAt(end))) end += 1;
    const authority = text.slice(at + 3, end);
    if (authority.slice(0, Math.max(0, authority.lastIndexOf('@'))).includes(':')) return true;
  }
  return false;
}

function publicPair(pair: string): string {
  const end = pair.indexOf('=');
  return end >= 0 && SECRET_PARAMETER.test(decoded(pair.slice(0, end))) ? `${pair.slice(0, end)}=***` : pair;
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

/** A command line without passwords and signatures in addresses, wherever in a word they stand. */
export function publicCommandLine(argv: readonly string[]): readonly string[] {
  return argv.map(withPublicUrls);
}

/** The text with every address in it as it may be printed. */
export function withPublicUrls(text: string): string {
  let done = '';
  let from = 0;
  for (let at = text.indexOf('://'); at >= 0; at = text.indexOf('://', from)) {
    let start = at;
    while (start > from && SCHEME.test(text.charAt(start - 1))) start -= 1;
    let end = at + 3;
    while (end < text.length && !ENDS_URL.test(text.charAt(end))) end += 1;
    const url = text.slice(start, end);
    done += text.slice(from, start) + (start < at && MAY_BE_SECRET.test(url) ? publicUrl(url) : url);
    from = end;
  }
  return done + text.slice(from);
}

const SCHEME = /[a-z0-9+.-]/i;
const MAY_BE_SECRET = /[@?#]/;
const ENDS_URL = /[\s"'<>]/;
