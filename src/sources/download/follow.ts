import {ImgmgrError} from '../../errors.ts';
import type {Http} from '../../http.ts';
import type {Hop} from '../address.ts';
import {checkHop, hopJudge} from '../address.ts';
import {showUrl} from '../show-url.ts';
import type {Answer, Get} from './answer.ts';
import {get, REDIRECTS} from './answer.ts';

/** What asking a web server needs. */
export interface Web {
  readonly http: Http;
  /** Redirects may lead to this host and to private networks. */
  readonly allowPrivate: boolean;
  /** Longest silence of a server that is waited for, milliseconds. */
  readonly silenceMs: number;
}

const MAX_HOPS = 5;

/** One GET that follows redirects. */
export interface Follow extends Get {
  /** A redirect may lead from https to http, since a pinned digest decides about the bytes. */
  readonly allowHttp?: boolean;
  /** Sent to the origin of the first address alone. */
  readonly ownHeaders?: Readonly<Record<string, string>>;
}

/**
 * Asks, and follows up to five redirects, each judged before it is connected to; none leads from https to http, unless that is allowed.
 * SOURCE_REFUSED with the whole way for loops and longer chains.
 */
export async function getFollowing(
  web: Web,
  {allowHttp = false, ownHeaders = {}, ...request}: Follow,
): Promise<Answer> {
  const way: string[] = [];
  let hop: Hop = {url: parse(request.url, request.url), allowPrivate: web.allowPrivate};
  const {origin} = hop.url;
  for (;;) {
    way.push(hop.url.href);
    checkHop(hop);
    const {judge, kind} = hopJudge(hop);
    const headers = hop.url.origin === origin ? {...request.headers, ...ownHeaders} : request.headers;
    const answer = await get(web.http, {...request, headers, url: hop.url.href, judgeAddress: judge}, web.silenceMs);
    if (!REDIRECTS.includes(answer.status)) return answer;
    answer.body.destroy();
    hop = {
      ...hop,
      url: nextHop(hop.url, answer, {way, allowHttp}),
      from: {url: hop.url, kind: kind()},
    };
  }
}

interface Way {
  readonly way: readonly string[];
  readonly allowHttp: boolean;
}

function nextHop(from: URL, answer: Answer, {way, allowHttp}: Way): URL {
  const location = answer.headers['location'];
  if (location === undefined || location === '')
    throw new ImgmgrError('SOURCE_REFUSED', `${showUrl(from.href)} answered ${answer.status} without saying where to`);
  const to = parse(location, from.href);
  const chain = [...way, to.href].map(showUrl).join(' → ');
  if (from.protocol === 'https:' && to.protocol === 'http:' && !allowHttp)
    throw new ImgmgrError('SOURCE_REFUSED', `${showUrl(from.href)} leads from https to http (${chain})`, {
      hint: 'anybody on the way could change the image; use an address that stays with https, or pin its digest (checksum) and set allow_http_redirect: true',
    });
  if (way.includes(to.href))
    throw new ImgmgrError('SOURCE_REFUSED', `${chain} is a redirect loop`, {
      hint: 'use the address where the file really is',
    });
  if (way.length > MAX_HOPS)
    throw new ImgmgrError('SOURCE_REFUSED', `${chain} is more than ${MAX_HOPS} redirects`, {
      hint: 'use the address where the file really is',
    });
  return to;
}

function parse(url: string, base: string): URL {
  if (URL.canParse(url, base)) return new URL(url, base);
  throw new ImgmgrError('SOURCE_REFUSED', `${showUrl(url)} is no valid address`, {hint: 'correct url'});
}
