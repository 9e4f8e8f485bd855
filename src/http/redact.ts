const SECRET_PARAMETER =
  /^x-amz-|^x-goog-|^temp_url_|token|sig$|signature|secret|passw|credential|api_?key|^key$|^auth$/i;

/** The URL as it may be printed: no user name or password, no fragment, secret query values replaced by `***`. */
export function publicUrl(url: string): string {
  if (!URL.canParse(url)) return url.replace(/\/\/[^/@]*@/, '//').replace(/[?#].*$/, '');
  const parsed = new URL(url);
  parsed.username = '';
  parsed.password = '';
  parsed.hash = '';
  parsed.search = parsed.search.replace(/([?&])([^=&]*)=([^&]*)/g, (pair: string, mark: string, name: string) =>
    SECRET_PARAMETER.test(decoded(name)) ? `${mark}${name}=***` : pair,
  );
  return parsed.href;
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
