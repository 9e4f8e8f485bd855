import type {IncomingMessage} from 'node:http';

/** The names under which this server may be called. */
export interface OwnAddress {
  /** `host:port` as it stands in a Host header, in lower case; without the port where it is the usual one of the scheme. */
  readonly hosts: ReadonlySet<string>;
  readonly scheme: 'http' | 'https';
}

/**
 * Why a call is refused as one of another site: undefined, or a clause. A Host that is not ours is what DNS rebinding sends. A call that
 * changes something, or that a page of another site sends, has to come from our own pages; `ambient`: the browser sends by itself what the
 * call is allowed by (a cookie, the login of a proxy).
 */
export function foreignSite(
  {headers, headersDistinct, method}: IncomingMessage,
  {hosts, scheme}: OwnAddress,
  ambient: boolean,
): string | undefined {
  const host = headers.host?.toLowerCase();
  const isOurs = host !== undefined && hosts.has(host) && headersDistinct['host']?.length === 1;
  // A token is sent by no browser by itself: whoever has one may call by any name.
  if (ambient && !isOurs) return 'the Host header names another server';
  const {origin} = headers;
  if (origin !== undefined && !isOwn(origin, {hosts, scheme})) return 'it comes from a page of another site (Origin)';
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none')
    return 'it comes from a page of another site (Sec-Fetch-Site)';
  const changes = method !== 'GET' && method !== 'HEAD';
  if (changes && ambient && origin === undefined) return 'a call that changes something needs an Origin header';
  return undefined;
}

function isOwn(origin: string, {hosts, scheme}: OwnAddress): boolean {
  const prefix = `${scheme}://`;
  return origin.startsWith(prefix) && hosts.has(origin.slice(prefix.length).toLowerCase());
}
