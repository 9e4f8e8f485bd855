import type {BodyOf, HttpRequest} from './types.ts';
import {HttpError} from './error.ts';
import type {Answer} from './line.ts';
import {SECRET_HEADER} from './learn.ts';
import {publicUrl} from '../core/public-url.ts';

type AnyRequest = HttpRequest<keyof BodyOf>;

/** A redirect to be judged; `left` more may be followed of `limit`. */
export interface Hop {
  readonly request: AnyRequest;
  readonly answer: Answer & {readonly kind: 'redirect'};
  readonly left: number;
  readonly limit: number;
}

/** The request that follows a redirect: secrets dropped when the origin changes; refused after the limit and from https to http. */
export function redirected(hop: Hop): AnyRequest {
  const {request, answer, left, limit} = hop;
  if (!URL.canParse(answer.location, request.url))
    throw refused(hop, `redirected to '${answer.location}', which is no URL`);
  const from = new URL(request.url);
  const to = new URL(answer.location, request.url);
  const shown = publicUrl(to.href);
  if (left <= 0)
    throw refused(
      hop,
      limit === 0 ? `redirected to ${shown}` : `redirected more than ${limit} times, last to ${shown}`,
    );
  if (to.protocol !== 'http:' && to.protocol !== 'https:')
    throw refused(hop, `redirected to ${shown}, which is not http`);
  if (from.protocol === 'https:' && to.protocol === 'http:') throw refused(hop, `redirected from https to ${shown}`);
  if (from.origin === to.origin) return {...request, url: to.href};
  const headers = Object.entries(request.headers ?? {}).filter(([name]) => !SECRET_HEADER.test(name));
  return {...request, url: to.href, headers: Object.fromEntries(headers)};
}

function refused({request, answer}: Hop, message: string): HttpError {
  const {status, requestId} = answer.response;
  return new HttpError({
    kind: 'redirect',
    message,
    method: request.method,
    url: publicUrl(request.url),
    status,
    ...(requestId === undefined ? {} : {requestId}),
  });
}
