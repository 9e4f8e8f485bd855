declare const own: unique symbol;

/** An address on this server: it begins with one slash, and what was filled in is one segment or one value of its query. */
export type Path = string & {readonly [own]: true};

/** The address of a template, e.g. path`/runs/${id}`; every value is escaped, and none climbs to another folder. */
export function path(strings: TemplateStringsArray, ...values: readonly (string | number)[]): Path {
  return strings.reduce((made, part, index) => made + escaped(values[index - 1] ?? '') + part) as Path;
}

/** The address with a query; values are escaped. */
export function withQuery(address: Path, pairs: Iterable<readonly [string, string]>): Path {
  const query = new URLSearchParams([...pairs].map(([name, value]) => [name, value])).toString();
  return (query === '' ? address : `${address}?${query}`) as Path;
}

/** Leaves for another page of this server. */
export function go(to: Path): void {
  location.assign(to);
}

/** The address as one of this server; the first page where it is none. */
export function ownPath(text: string | null): Path {
  const url = URL.parse(text ?? '/', location.origin);
  // Two slashes at its beginning would name another host, also where dots between them were taken out.
  const isOwn = url?.origin === location.origin && !url.pathname.startsWith('//');
  return (isOwn ? url.pathname + url.search : '/') as Path;
}

/** The segments of this page's address behind its first, as they were before they were escaped. */
export function segments(): readonly string[] {
  return location.pathname.split('/').slice(2).map(unescaped);
}

function escaped(value: string | number): string {
  const text = encodeURIComponent(String(value).toWellFormed());
  return /^\.{1,2}$/.test(text) ? '_' : text;
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
