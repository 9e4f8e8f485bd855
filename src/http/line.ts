import http from 'node:http';
import https from 'node:https';
import type {LookupFunction} from 'node:net';
import type {Readable} from 'node:stream';
import type {BodyOf, HttpRequest, HttpResponse} from './types.ts';
import {classify, HttpError} from './error.ts';
import type {HttpFailure} from './error.ts';
import {guarded} from './guard.ts';
import {plainHeaders, retryAfterSeconds} from './headers.ts';
import {SLOWEST_BYTES_PER_MINUTE} from './progress-floor.ts';
import type {Floor} from './progress-floor.ts';
import type {Proxy} from './proxy.ts';
import {publicUrl} from '../core/public-url.ts';
import {scrubDeep} from '../secrets/scrub-deep.ts';
import {StallWatch} from './stall-watch.ts';
import {holdToSize, inSmallPieces} from './upload-body.ts';
import {WatchedBody} from './watched-body.ts';

type AnyRequest = HttpRequest<keyof BodyOf>;
type AnyResponse = HttpResponse<BodyOf[keyof BodyOf]>;

/** What came back: an expected answer, or a redirect that the caller may follow. */
export type Answer =
  | {readonly kind: 'answer'; readonly response: AnyResponse}
  | {readonly kind: 'redirect'; readonly response: AnyResponse; readonly location: string};

/** An answer before its body was read. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly data: Readable;
}

/** How a connection is made. */
export interface Connecting {
  readonly lookup: LookupFunction;
  /** What it goes through. */
  readonly proxy: Proxy | undefined;
  /** Takes the secrets out of what a server says, also what the end of a text that was cut off shows of them. */
  readonly scrub: (text: string) => string;
}

/** Limit of name, connection and TLS together. */
const CONNECT_MS = 30_000;
const DEFAULT_MAX_BYTES = 64 * 1024 * 1024;
const ERROR_BODY_CHARACTERS = 4096;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** One request on the wire: its deadline, its body's fate, and the words for what went wrong. */
export class Line {
  readonly #request: AnyRequest;
  readonly #connecting: Connecting;
  #wire: http.ClientRequest | undefined;
  #watch: StallWatch | undefined;
  #pieces: Readable | undefined;
  #answer: Readable | undefined;
  /** The first thing that went wrong here; wins over what node:http says afterwards. */
  #failure: Error | undefined;
  readonly #onAbort = (): void => this.fail(requestError(this.#request, {kind: 'aborted', message: 'interrupted'}));

  constructor(request: AnyRequest, connecting: Connecting) {
    this.#request = request;
    this.#connecting = connecting;
    if (request.signal?.aborted === true) this.#onAbort();
    request.signal?.addEventListener('abort', this.#onAbort, {once: true});
    request.body?.once('error', (error) => this.fail(error));
    if (request.body?.errored) this.fail(request.body.errored);
  }

  /** Throws when it failed before anything was sent. */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Throws the reason, if there is one, and when something failed in the meantime. */
  refuse(reason: Error | undefined): void {
    if (reason !== undefined) this.fail(reason);
    this.check();
  }

  /** What axios is to send. */
  payload(): Readable | string | undefined {
    const {json, body, size} = this.#request;
    if (body === undefined) return json === undefined ? undefined : JSON.stringify(json);
    if (size !== undefined) return body;
    this.#pieces = inSmallPieces(body);
    return this.#pieces;
  }

  /** Opens the request as axios asks and keeps hold of it, so that a failure can drop its connection at once. */
  open(options: http.RequestOptions, onResponse: (response: http.IncomingMessage) => void): http.ClientRequest {
    const {timeoutMs, body, size, judgeAddress} = this.#request;
    const wire = guarded({
      lookup: this.#connecting.lookup,
      // The address of a proxy is the operator's own; what the proxy connects to was judged as far as it can be.
      judge: this.#connecting.proxy === undefined ? judgeAddress : undefined,
      refused: (reason) => this.fail(reason),
      open: (lookup) => (options.protocol === 'https:' ? https : http).request({...options, lookup}, onResponse),
    });
    this.#wire = wire;
    this.#watch = new StallWatch({
      wire,
      limitMs: timeoutMs,
      streaming: body !== undefined,
      connectMs: CONNECT_MS,
      floor: this.#floor(),
      onStall: (what) => this.fail(requestError(this.#request, {kind: 'timeout', message: what})),
    });
    if (body !== undefined && size !== undefined)
      holdToSize(body, size, (message) => this.fail(requestError(this.#request, {kind: 'body-size', message})));
    if (this.#failure !== undefined) wire.destroy(this.#failure);
    return wire;
  }

  /** Reads the answer to its end, or hands its stream over. */
  async receive(raw: RawAnswer): Promise<Answer> {
    this.#answer = raw.data;
    const {response, expect} = this.#request;
    const headers = plainHeaders(raw.headers);
    const requestId = headers['x-openstack-request-id'] ?? headers['x-compute-request-id'] ?? headers['x-request-id'];
    const head = {
      status: raw.status,
      headers,
      url: publicUrl(this.#request.url),
      ...(requestId === undefined ? {} : {requestId}),
    };

    if (REDIRECTS.has(raw.status) && !expect.includes(raw.status) && headers['location'] !== undefined) {
      raw.data.destroy();
      return {kind: 'redirect', response: {...head, body: undefined}, location: headers['location']};
    }
    if (!expect.includes(raw.status)) throw await this.#refusal(raw, head);
    if (response === 'stream') return {kind: 'answer', response: {...head, body: this.#stream(raw.data)}};

    const bytes = await this.#read(raw.data, this.#request.maxBytes ?? DEFAULT_MAX_BYTES);
    if (response === 'none') return {kind: 'answer', response: {...head, body: undefined}};
    const text = new TextDecoder().decode(bytes);
    return {kind: 'answer', response: {...head, body: response === 'text' ? text : this.#parse(text, head)}};
  }

  /** Drops the connection; the first failure is the one that is reported. */
  fail(error: Error): void {
    this.#failure ??= error;
    this.#answer?.destroy();
    this.#wire?.destroy(this.#failure);
  }

  /** What is to be thrown for what axios or node:http threw. */
  translate(error: unknown): Error {
    if (this.#failure !== undefined) return this.#failure;
    if (error instanceof HttpError) return error;
    const {kind, text, code} = classify(error);
    const {proxy} = this.#connecting;
    // Whatever is connected to is the proxy then.
    if (proxy !== undefined && (kind === 'dns' || kind === 'connect'))
      return requestError(this.#request, proxyFailure(proxy, `cannot be reached: ${text}`, code));
    return requestError(this.#request, {kind, message: text, ...(code === undefined ? {} : {systemCode: code})});
  }

  /** Lets go of timers and listeners, and of a body that nobody will read any more. */
  done(): void {
    this.#watch?.stop();
    this.#request.signal?.removeEventListener('abort', this.#onAbort);
    this.#request.body?.destroy();
    this.#pieces?.destroy();
  }

  async #refusal(
    raw: RawAnswer,
    head: {status: number; headers: Readonly<Record<string, string>>; requestId?: string},
  ): Promise<HttpError> {
    const {proxy} = this.#connecting;
    if (raw.status === 407 && proxy !== undefined) {
      raw.data.destroy();
      const wants = proxy.auth === undefined ? 'wants a user and a password' : 'refuses the user or password';
      return requestError(this.#request, {...proxyFailure(proxy, `${wants} (407)`), kind: 'proxy-login'});
    }
    const text = await this.#begin(raw.data);
    const retryAfter = retryAfterSeconds(head.headers['retry-after']);
    return requestError(this.#request, {
      kind: 'status',
      message: `answered ${raw.status}`,
      status: raw.status,
      body: text,
      ...(head.requestId === undefined ? {} : {requestId: head.requestId}),
      ...(retryAfter === undefined ? {} : {retryAfterSeconds: retryAfter}),
    });
  }

  // The text explains the status; an answer that breaks off or never ends must not hide it.
  async #begin(data: Readable): Promise<string> {
    let text = '';
    const decoder = new TextDecoder();
    try {
      for await (const chunk of data) {
        text += decoder.decode(chunk as Buffer, {stream: true});
        if (text.length >= ERROR_BODY_CHARACTERS) break;
      }
    } catch {
      // What came says enough.
    }
    return this.#beginOf(text);
  }

  async #read(data: Readable, maxBytes: number): Promise<Buffer> {
    const chunks: Buffer[] = [];
    let seen = 0;
    for await (const chunk of data) {
      const bytes = chunk as Buffer;
      seen += bytes.length;
      if (seen > maxBytes)
        throw requestError(this.#request, {kind: 'too-large', message: `the answer is larger than ${maxBytes} bytes`});
      chunks.push(bytes);
    }
    return Buffer.concat(chunks);
  }

  #stream(data: Readable): Readable {
    const {timeoutMs, maxBytes, signal} = this.#request;
    const body: WatchedBody = new WatchedBody(data, {
      silenceMs: timeoutMs,
      maxBytes: maxBytes ?? Infinity,
      floor: this.#floor(),
      onTooSlow: (least) =>
        requestError(this.#request, {
          kind: 'timeout',
          message: `fewer than ${least} bytes within ${seconds(timeoutMs)}`,
        }),
      onTimeout: () => requestError(this.#request, {kind: 'timeout', message: `no byte within ${seconds(timeoutMs)}`}),
      onTooLarge: () =>
        requestError(this.#request, {kind: 'too-large', message: `the answer is larger than ${maxBytes ?? 0} bytes`}),
      onBroken: (error) =>
        requestError(this.#request, {kind: 'broken-off', message: `the answer broke off: ${classify(error).text}`}),
      onEnd: () => signal?.removeEventListener('abort', onAbort),
    });
    const onAbort = (): void => {
      body.destroy(requestError(this.#request, {kind: 'aborted', message: 'interrupted'}));
    };
    signal?.addEventListener('abort', onAbort, {once: true});
    return body;
  }

  // Cleaned before it is cut, and before anybody takes escapes off, so that no half of a secret is left.
  #beginOf(text: string): string {
    const {scrub} = this.#connecting;
    return wordsOf(text.slice(0, 16 * ERROR_BODY_CHARACTERS), scrub).slice(0, ERROR_BODY_CHARACTERS);
  }

  #floor(): Floor {
    const {timeoutMs, slowestBytesPerMinute} = this.#request;
    return {bytesPerMinute: slowestBytesPerMinute ?? SLOWEST_BYTES_PER_MINUTE, windowMs: timeoutMs};
  }

  #parse(text: string, head: {status: number; requestId?: string}): unknown {
    try {
      return JSON.parse(text) as unknown;
    } catch {
      throw requestError(this.#request, {
        kind: 'invalid-body',
        message: 'the answer is no JSON',
        status: head.status,
        body: this.#beginOf(text),
        ...(head.requestId === undefined ? {} : {requestId: head.requestId}),
      });
    }
  }
}

/** The body without secrets; JSON is taken apart, since any character of it may be escaped. */
function wordsOf(body: string, scrub: (text: string) => string): string {
  try {
    return JSON.stringify(scrubDeep(JSON.parse(body) as unknown, scrub));
  } catch {
    return scrub(body);
  }
}

/** An error of a request, with its method and public URL. */
export function requestError(request: AnyRequest, failure: Omit<HttpFailure, 'method' | 'url'>): HttpError {
  return new HttpError({method: request.method, url: publicUrl(request.url), ...failure});
}

function proxyFailure(proxy: Proxy, what: string, code?: string): Omit<HttpFailure, 'method' | 'url'> {
  return {
    kind: 'connect',
    message: `the proxy ${proxy.shown} (${proxy.variable}) ${what}`,
    ...(code === undefined ? {} : {systemCode: code}),
  };
}

function seconds(ms: number): string {
  return `${ms / 1000} s`;
}
