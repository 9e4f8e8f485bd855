import type {LookupFunction} from 'node:net';
import type {Readable} from 'node:stream';
import type {ErrorCode} from '../errors.ts';
import type {Secrets} from '../secrets/registry.ts';
import type {JudgeAddress} from './judged-lookup.ts';
import type {ProxyEnv} from './proxy.ts';

/** What each kind of answer becomes. `stream` hands over the bytes as served (no content encoding is asked for or undone). */
export interface BodyOf {
  json: unknown;
  text: string;
  stream: Readable;
  none: undefined;
}

/** One request. Statuses that are not expected, and everything else that fails, throw {@link HttpError}. */
export interface HttpRequest<Kind extends keyof BodyOf> {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  /** Streamed in constant memory; when it fails, the connection is dropped and its own error is thrown. */
  readonly body?: Readable;
  /** Length of {@link body}; absent: chunked. A body that turns out shorter or longer drops the connection. */
  readonly size?: number;
  readonly response: Kind;
  readonly expect: readonly number[];
  /** Limit of the whole exchange; for streams (either way) the longest silence of the server. Milliseconds. */
  readonly timeoutMs: number;
  /** A stream of fewer bytes per minute is ended (looked at once per {@link timeoutMs} of waiting); default 256 KiB. */
  readonly slowestBytesPerMinute?: number;
  /** Limit of the answer's body; default 64 MiB, unlimited for `stream`. */
  readonly maxBytes?: number;
  /** Followed for GET and HEAD only, never from https to http; secrets stay with their origin. Default 0. */
  readonly maxRedirects?: number;
  /** Called with every redirect's target before it is followed; throws to refuse it. */
  readonly onRedirect?: (url: string) => void;
  /**
   * Judges every address before it is connected to, in the connection's own lookup; the error that it gives is thrown as it is. Behind
   * a proxy, which resolves names itself: what this host's resolver says of the name, if anything.
   */
  readonly judgeAddress?: JudgeAddress;
  /** Default: 4 attempts for GET and HEAD, none for others. */
  readonly retry?: false | Retry;
  readonly signal?: AbortSignal;
}

/** Repeats on no or a broken connection, silence, 429 and 5xx; waits double from `firstDelayMs` (default 500), `Retry-After` wins. */
export interface Retry {
  readonly attempts: number;
  readonly firstDelayMs?: number;
}

export interface HttpResponse<Body> {
  readonly status: number;
  /** Names in lower case; repeated ones joined by a comma. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Body;
  readonly requestId?: string;
  /** Where the answer came from after redirects. */
  readonly url: string;
}

/** One exchange as it may be logged: no secrets. A redirect or a repeated attempt is an exchange of its own. */
export interface Exchange {
  readonly method: string;
  readonly url: string;
  readonly status?: number;
  readonly ms: number;
  readonly requestId?: string;
  readonly error?: ErrorCode;
}

/** PEM texts, as node:tls takes them; `ca` replaces the built-in authorities. */
export interface TlsOptions {
  readonly verify: boolean;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

export interface HttpOptions {
  /** `environment`: HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY. */
  readonly proxy: 'environment' | 'none';
  /** Where the variables of proxies are read from; default: of this process. CONFIG when one names no usable proxy. */
  readonly env?: ProxyEnv;
  /** Gets to know what requests and answers carry (tokens, credentials, signatures), and cleans what servers say. */
  readonly secrets?: Secrets;
  /** Resolves names; default: the resolver of the system. */
  readonly lookup?: LookupFunction;
  readonly tls?: TlsOptions;
  readonly onExchange?: (exchange: Exchange) => void;
  /** Ends every request, whatever its own signal says. */
  readonly signal?: AbortSignal;
  /** Sent with every request. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Http {
  request<Kind extends keyof BodyOf>(request: HttpRequest<Kind>): Promise<HttpResponse<BodyOf[Kind]>>;
  /** Ends all connections, what is under way on them, and its repetitions; safe to call twice. */
  close(): void;
}
