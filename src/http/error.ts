import type {ErrorCode} from '../errors.ts';

/**
 * What went wrong below or at the level of HTTP. `broken-off`: the connection ended in the middle of an exchange;
 * `body-size`: what we were given to send is shorter or longer than announced.
 */
export type HttpErrorKind =
  | 'dns'
  | 'connect'
  | 'tls'
  | 'proxy-login'
  | 'timeout'
  | 'broken-off'
  | 'status'
  | 'redirect'
  | 'too-large'
  | 'invalid-body'
  | 'body-size'
  | 'aborted';

/** The facts of a failed exchange; `url` must have passed {@link publicUrl}. */
export interface HttpFailure {
  readonly kind: HttpErrorKind;
  readonly message: string;
  readonly method: string;
  readonly url: string;
  readonly status?: number;
  readonly requestId?: string;
  /** The beginning of the answer's body, at most 4,096 characters. */
  readonly body?: string;
  /** Seconds that the server asked us to wait. */
  readonly retryAfterSeconds?: number;
  /** System or OpenSSL code, e.g. `ECONNREFUSED`. */
  readonly systemCode?: string;
}

/** The only error that `src/http.ts` throws besides the body's own; holds no request header and no token. */
export class HttpError extends Error {
  readonly kind: HttpErrorKind;
  readonly method: string;
  readonly url: string;
  readonly status: number | undefined;
  readonly requestId: string | undefined;
  readonly body: string | undefined;
  readonly retryAfterSeconds: number | undefined;
  readonly systemCode: string | undefined;

  constructor(failure: HttpFailure) {
    super(failure.message);
    this.name = 'HttpError';
    this.kind = failure.kind;
    this.method = failure.method;
    this.url = failure.url;
    this.status = failure.status;
    this.requestId = failure.requestId;
    this.body = failure.body;
    this.retryAfterSeconds = failure.retryAfterSeconds;
    this.systemCode = failure.systemCode;
  }
}

/** True when the same request may succeed a moment later: no or a broken connection, silence, 429, 5xx other than 501. */
export function isPassing(error: HttpError): boolean {
  if (error.kind === 'status') return error.status === 429 || (error.status !== 501 && (error.status ?? 0) >= 500);
  if (error.kind === 'dns') return error.systemCode === 'EAI_AGAIN';
  return error.kind === 'connect' || error.kind === 'broken-off' || error.kind === 'timeout';
}

/** The code under which an `http` event reports the failure; none for an answered status, which speaks for itself. */
export function exchangeErrorCode(kind: HttpErrorKind): ErrorCode | undefined {
  switch (kind) {
    case 'status':
      return undefined;
    case 'timeout':
      return 'TIMEOUT';
    case 'aborted':
      return 'INTERRUPTED';
    case 'redirect':
    case 'too-large':
    case 'invalid-body':
    case 'body-size':
      return 'PROTOCOL';
    case 'dns':
    case 'connect':
    case 'tls':
    case 'proxy-login':
    case 'broken-off':
      return 'UNAVAILABLE';
  }
}

const TLS_CODE = /^(ERR_TLS|ERR_SSL|CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|INVALID_CA|HOSTNAME_MISMATCH|EPROTO$)/;
const CONNECT_CODES: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
  'EADDRNOTAVAIL',
  'EHOSTDOWN',
]);

/** Sorts an error of node:http, node:net or node:tls; `code` is what node:net and OpenSSL call it. */
export function classify(error: unknown): {
  readonly kind: HttpErrorKind;
  readonly text: string;
  readonly code?: string;
} {
  const text = error instanceof Error && error.message !== '' ? error.message : String(error);
  const code = codeOf(error);
  if (code === undefined) return {kind: 'broken-off', text};
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return {kind: 'dns', text, code};
  if (TLS_CODE.test(code)) return {kind: 'tls', text, code};
  if (CONNECT_CODES.has(code)) return {kind: 'connect', text: connectText(error, text), code};
  if (code.startsWith('HPE_') || code === 'ERR_INVALID_URL') return {kind: 'invalid-body', text, code};
  return {kind: 'broken-off', text, code};
}

/** What OpenSSL says when the answer to its hello is no TLS, as that of a server of plain http. */
const NO_TLS: ReadonlySet<string> = new Set([
  'ERR_SSL_WRONG_VERSION_NUMBER',
  'ERR_SSL_PACKET_LENGTH_TOO_LONG',
  'ERR_SSL_HTTP_REQUEST',
]);

/** True when the server speaks plain http where https was asked for. */
export function isPlainHttp({kind, systemCode}: HttpError): boolean {
  return kind === 'tls' && systemCode !== undefined && NO_TLS.has(systemCode);
}

/** Numbers of OpenSSL behind EPROTO: wrong version number, packet length too long, http request. */
const NO_TLS_NUMBER = /^write EPROTO [0-9A-F]+:error:0A(?:00010B|0000C6|00009C):/;

function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const code: unknown = Reflect.get(error, 'code');
  if (code === 'EPROTO' && NO_TLS_NUMBER.test(error.message)) return 'ERR_SSL_WRONG_VERSION_NUMBER';
  if (typeof code === 'string' && !code.startsWith('ERR_BAD_')) return code;
  return error.cause === undefined ? undefined : codeOf(error.cause);
}

// A host with several addresses fails with an AggregateError that has no message of its own.
function connectText(error: unknown, text: string): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  if (!(cause instanceof AggregateError)) return text;
  return cause.errors.map((each: unknown) => (each instanceof Error ? each.message : String(each))).join(', ');
}
