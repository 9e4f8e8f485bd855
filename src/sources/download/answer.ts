import type {Readable} from 'node:stream';
import {ImgmgrError} from '../../errors.ts';
import type {Http} from '../../http.ts';
import {HttpError, isPlainHttp} from '../../http.ts';
import {interruption} from '../interruption.ts';
import {showUrl} from '../show-url.ts';

/** What a server answered to a GET, its body not read yet. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readable;
}

/** One GET, no redirect followed. */
export interface Get {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Statuses that are an answer, too. */
  readonly alsoExpected?: readonly number[];
  /** Why an address must not be connected to. */
  readonly judgeAddress?: (address: string) => Error | undefined;
  readonly signal?: AbortSignal;
}

export const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308];
const RANGE_BEHIND_END = 416;
/** What may pass: the file gave no whole answer, or the server is busy. */
const PASSING: ReadonlySet<number> = new Set([408, 425, 429]);

/** Asks once; statuses other than success, redirect and 416 become errors, as everything of HTTP does. */
export async function get(http: Http, request: Get, silenceMs: number): Promise<Answer> {
  try {
    const answer = await http.request({
      method: 'GET',
      url: request.url,
      headers: request.headers,
      response: 'stream',
      expect: [200, 206, RANGE_BEHIND_END, ...REDIRECTS, ...(request.alsoExpected ?? [])],
      timeoutMs: silenceMs,
      maxRedirects: 0,
      retry: false,
      ...(request.judgeAddress === undefined ? {} : {judgeAddress: request.judgeAddress}),
      ...(request.signal === undefined ? {} : {signal: request.signal}),
    });
    // Its reader learns of errors; without one (nothing was read yet) an abort must not count as unhandled.
    answer.body.on('error', () => undefined);
    return answer;
  } catch (error) {
    throw sourceError(error, request);
  }
}

/** Whatever HTTP failed with, as an error of this source; an abort keeps its reason. */
export function sourceError(error: unknown, {url, signal}: {url: string; signal?: AbortSignal}): unknown {
  if (signal?.aborted === true) return interruption(url, signal.reason);
  if (!(error instanceof HttpError)) return error;
  const show = showUrl(url);
  const cause = {cause: error};
  switch (error.kind) {
    case 'status':
      return statusError(show, error);
    case 'timeout':
      return new ImgmgrError('SOURCE_UNAVAILABLE', `${show} went silent: ${error.message}`, cause);
    case 'dns':
    case 'connect':
    case 'broken-off':
    case 'too-large':
    case 'invalid-body':
    case 'body-size':
      return new ImgmgrError('SOURCE_UNAVAILABLE', `${show} cannot be read: ${error.message}`, cause);
    case 'proxy-login':
      return new ImgmgrError('SOURCE_REFUSED', `${show} cannot be read: ${error.message}`, {
        ...cause,
        hint: 'put user and password into that variable (http://user:password@host:port, percent-encoded), or set IMGMGR_SOURCE_PROXY=off',
      });
    case 'tls':
      if (isPlainHttp(error))
        return new ImgmgrError('SOURCE_REFUSED', `${show} speaks plain http, not https, at this port`, {
          ...cause,
          hint: 'write http:// in its place, or the port where the server speaks https',
        });
      return new ImgmgrError('SOURCE_REFUSED', `${show} has no trusted certificate: ${error.message}`, {
        ...cause,
        hint: 'check the clock of this host and its certificate authorities (NODE_EXTRA_CA_CERTS adds one)',
      });
    case 'redirect':
    case 'aborted':
      return new ImgmgrError('SOURCE_REFUSED', `${show} cannot be read: ${error.message}`, cause);
  }
}

function statusError(show: string, error: HttpError): ImgmgrError {
  const status = error.status ?? 0;
  if (PASSING.has(status) || status >= 500)
    return new ImgmgrError('SOURCE_UNAVAILABLE', `${show} answered ${status}`, {cause: error, hint: 'try again later'});
  return new ImgmgrError('SOURCE_REFUSED', `${show} answered ${status}`, {cause: error, hint: statusHint(status)});
}

function statusHint(status: number): string {
  if (status === 404 || status === 410)
    return 'the file is gone: look for a newer version upstream, or give a mirror_url';
  if (status === 401 || status === 403)
    return 'the server wants a login or refuses this host; sources must be readable without credentials';
  return 'open the address by hand, and correct url';
}
