import {ImgmgrError} from '../errors.ts';
import type {ErrorCode, ErrorDetail} from '../errors.ts';
import {isPlainHttp} from '../http.ts';
import type {HttpError} from '../http.ts';

const CODES: Readonly<Record<number, ErrorCode>> = {
  401: 'AUTH',
  403: 'FORBIDDEN',
  404: 'NOT_FOUND',
  408: 'TIMEOUT',
  409: 'CONFLICT',
  413: 'QUOTA',
  429: 'UNAVAILABLE',
};

/** Translates a failed call of an OpenStack API: what it answered, in its own words, and `METHOD path (request id)` as the place. */
export function refusal(error: HttpError): ImgmgrError {
  const detail = {place: placeOf(error), cause: error};
  switch (error.kind) {
    case 'status':
      return statusRefusal(error, detail);
    case 'timeout':
      return new ImgmgrError('TIMEOUT', `${host(error)}: ${error.message}`, detail);
    case 'dns':
    case 'connect':
    case 'broken-off':
      return new ImgmgrError('UNAVAILABLE', `no answer from ${host(error)}: ${error.message}`, detail);
    case 'proxy-login':
      return new ImgmgrError('CONFIG', `no answer from ${host(error)}: ${error.message}`, {
        ...detail,
        hint: 'put user and password into that variable (http://user:password@host:port, percent-encoded), or set IMGMGR_CLOUD_PROXY=off',
      });
    case 'tls':
      if (isPlainHttp(error))
        return new ImgmgrError('CONFIG', `${host(error)} speaks plain http, not https, at this port`, {
          ...detail,
          hint: 'write http:// in clouds.yaml (auth_url, or the override of this endpoint), or the port where the server speaks https',
        });
      return new ImgmgrError('CONFIG', `the certificate of ${host(error)} is not trusted: ${error.message}`, {
        ...detail,
        hint: 'name the authority in clouds.yaml (cacert), or set verify: false for a cloud you trust anyway',
      });
    case 'redirect':
      return new ImgmgrError('PROTOCOL', `${host(error)} ${error.message}`, {
        ...detail,
        hint: 'the endpoint in the catalog (or its override in clouds.yaml) should be the address that it redirects to',
      });
    case 'too-large':
    case 'invalid-body':
      return new ImgmgrError('PROTOCOL', `${host(error)}: ${error.message}${quoted(error.body)}`, {
        ...detail,
        hint: 'something between here and the service may answer in its place (a proxy, a load balancer)',
      });
    case 'body-size':
      return new ImgmgrError('SOURCE_UNAVAILABLE', error.message, {
        ...detail,
        hint: 'the source changed or broke off while it was read: try again',
      });
    case 'aborted':
      return new ImgmgrError('INTERRUPTED', 'interrupted', detail);
  }
}

/** The server's own words in an error body: OpenStack's JSON forms, webob's HTML page, else its beginning as it stands. */
export function explanation(body: string | undefined): string {
  if (body === undefined || body.trim() === '') return '';
  const text = fromJson(body) ?? fromHtml(body) ?? body;
  return oneLine(text).slice(0, 300);
}

/** `METHOD path (request id)`. */
export function placeOf(error: HttpError): string {
  const path = URL.canParse(error.url) ? new URL(error.url).pathname + new URL(error.url).search : error.url;
  return `${error.method} ${path}${error.requestId === undefined ? '' : ` (${error.requestId})`}`;
}

function statusRefusal(error: HttpError, detail: ErrorDetail): ImgmgrError {
  const status = error.status ?? 0;
  const words = explanation(error.body);
  const code = codeFor(status, words);
  const message = `${host(error)} answered ${status}${words === '' ? '' : `: ${words}`}`;
  return new ImgmgrError(code, message, detail);
}

function codeFor(status: number, words: string): ErrorCode {
  // Nova and Neutron refuse for the quota as they refuse for missing rights; only their words differ.
  if (status === 403 && /quota/i.test(words)) return 'QUOTA';
  if (status >= 500 && status !== 501) return 'UNAVAILABLE';
  return CODES[status] ?? 'CLOUD_REFUSED';
}

function host(error: HttpError): string {
  return URL.canParse(error.url) ? new URL(error.url).origin : error.url;
}

function quoted(body: string | undefined): string {
  return body === undefined || body.trim() === '' ? '' : ` ("${oneLine(body).slice(0, 80)}")`;
}

// {"error": {"message": …}} (Keystone), {"badRequest": {"message": …}} (Nova), {"message": …} (others).
function fromJson(body: string): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return undefined;
  }
  if (!isRecord(value)) return undefined;
  if (typeof value['message'] === 'string') return value['message'];
  for (const inner of Object.values(value))
    if (isRecord(inner) && typeof inner['message'] === 'string') return inner['message'];
  return undefined;
}

// webob (Glance): the explanation stands behind the heading, before or after two line breaks.
function fromHtml(body: string): string | undefined {
  if (!/<html/i.test(body)) return undefined;
  const words = between(body, '</h1>', '</body>') ?? between(body, '<title>', '</title>') ?? '';
  return words
    .replace(/<[^<>]*>/g, ' ')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&#x27;', "'")
    .replaceAll('&amp;', '&');
}

function between(body: string, start: string, end: string): string | undefined {
  const lower = body.toLowerCase();
  const from = lower.indexOf(start);
  const to = from < 0 ? -1 : lower.indexOf(end, from + start.length);
  return to < 0 ? undefined : body.slice(from + start.length, to);
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
