import {ImgmgrError} from '../../errors.ts';
import type {Http} from '../../http.ts';
import type {Resolve} from '../address.ts';
import {checkHop} from '../address.ts';
import {showUrl} from '../place.ts';
import type {Answer, Get} from './answer.ts';
import {get, REDIRECTS} from './answer.ts';

/** What asking a web server needs. */
export interface Web {
  readonly http: Http;
  readonly resolve: Resolve;
  /** Longest silence of a server that is waited for, milliseconds. */
  readonly silenceMs: number;
}

const MAX_HOPS = 5;

/**
 * Asks, and follows up to five redirects, each judged like a first address; none leads from https to http. SOURCE_REFUSED with
 * the whole way for loops and longer chains.
 */
export async function getFollowing(web: Web, request: Get): Promise<Answer> {
  const way: string[] = [];
  for (let url = parse(request.url, request.url); ;) {
    way.push(url.href);
    await checkHop(url, web.resolve);
    const answer = await get(web.http, {...request, url: url.href}, web.silenceMs);
    if (!REDIRECTS.includes(answer.status)) return answer;
    answer.body.destroy();
    url = nextHop(url, answer, way);
  }
}

function nextHop(from: URL, answer: Answer, way: readonly string[]): URL {
  const location = answer.headers['location'];
  if (location === undefined || location === '')
    throw new ImgmgrError('SOURCE_REFUSED', `${showUrl(from.href)} answered ${answer.status} without saying where to`);
  const to = parse(location, from.href);
  const told = [...way, to.href].map(showUrl).join(' → ');
  if (from.protocol === 'https:' && to.protocol === 'http:')
    throw new ImgmgrError('SOURCE_REFUSED', `${showUrl(from.href)} leads from https to http (${told})`, {
      hint: 'anybody on the way could change the image; use an address that stays with https',
    });
  if (way.includes(to.href))
    throw new ImgmgrError('SOURCE_REFUSED', `${told} is a redirect loop`, {
      hint: 'use the address where the file really is',
    });
  if (way.length > MAX_HOPS)
    throw new ImgmgrError('SOURCE_REFUSED', `${told} is more than ${MAX_HOPS} redirects`, {
      hint: 'use the address where the file really is',
    });
  return to;
}

function parse(url: string, base: string): URL {
  if (URL.canParse(url, base)) return new URL(url, base);
  throw new ImgmgrError('SOURCE_REFUSED', `${showUrl(url)} is no valid address`, {hint: 'correct url'});
}
