import http from 'node:http';
import https from 'node:https';
import type {Readable} from 'node:stream';
import {setTimeout as sleep} from 'node:timers/promises';
import type {AxiosProxyConfig, AxiosStatic} from 'axios';
import pRetry from 'p-retry';
import {exchangeErrorCode, HttpError, isPassing} from './http/error.ts';
import {Line, requestError} from './http/line.ts';
import type {Answer} from './http/line.ts';
import type {JudgeAddress} from './http/judged-lookup.ts';
import {judgeByOwnResolver, judgeLiteral, SYSTEM_LOOKUP} from './http/judged-lookup.ts';
import {checkProxies, proxyForUrl} from './http/proxy.ts';
import {learnHeaders, learnToken, learnUrl} from './http/learn.ts';
import type {Proxy} from './http/proxy.ts';
import {publicUrl} from './core/public-url.ts';
import type {Secrets} from './secrets/registry.ts';
import {redirected} from './http/redirect.ts';
import type {BodyOf, Exchange, Http, HttpOptions, HttpRequest, HttpResponse, Retry, TlsOptions} from './http/types.ts';

export {HttpError, isPassing, isPlainHttp} from './http/error.ts';
export type {HttpErrorKind} from './http/error.ts';
export {addressKind} from './http/address.ts';
export type {AddressKind} from './http/address.ts';
export type {ProxyEnv} from './http/proxy.ts';
export {publicUrl} from './core/public-url.ts';
export type {BodyOf, Exchange, Http, HttpOptions, HttpRequest, HttpResponse, Retry} from './http/types.ts';

type AnyRequest = HttpRequest<keyof BodyOf>;
type AnyResponse = HttpResponse<BodyOf[keyof BodyOf]>;

const MAX_RETRY_AFTER_SECONDS = 60;

let axios: Promise<AxiosStatic> | undefined;

// A run that calls nobody does not need it at all.
function axiosStatic(): Promise<AxiosStatic> {
  axios ??= import('axios').then((loaded) => loaded.default);
  return axios;
}

/** A client with kept-alive connections; one per set of TLS and proxy settings. */
export function createHttp(options: HttpOptions): Http {
  const client = new Client(options);
  return {
    request: async <Kind extends keyof BodyOf>(request: HttpRequest<Kind>) =>
      (await client.request(request)) as HttpResponse<BodyOf[Kind]>,
    close: () => client.close(),
  };
}

class Client {
  readonly #options: HttpOptions;
  readonly #closed = new AbortController();
  readonly #ended: AbortSignal;
  // Idle connections are given up before common servers close them (Apache: 5 s), so that a write never meets a dying one.
  readonly #agents: {http: http.Agent; https: https.Agent};

  constructor(options: HttpOptions) {
    this.#options = options;
    this.#ended = options.signal ? AbortSignal.any([options.signal, this.#closed.signal]) : this.#closed.signal;
    if (options.proxy === 'environment') checkProxies(options.env ?? process.env);
    const keep = {keepAlive: true, timeout: 4000};
    this.#agents = {http: new http.Agent(keep), https: new https.Agent({...keep, ...tlsAgentOptions(options.tls)})};
  }

  async request(given: AnyRequest): Promise<AnyResponse> {
    const request = {...given, signal: given.signal ? AbortSignal.any([given.signal, this.#ended]) : this.#ended};
    const {attempts, firstDelayMs} = retryOf(request);
    if (attempts <= 1) return this.#follow(request);
    const {signal} = request;
    try {
      return await pRetry(() => this.#follow(request), {
        retries: attempts - 1,
        minTimeout: firstDelayMs ?? 500,
        randomize: true,
        shouldRetry: ({error}) => error instanceof HttpError && isPassing(error),
        onFailedAttempt: ({error, retryDelay}) => waitAsAsked({error, retryDelay, signal}),
        signal,
      });
    } catch (error) {
      if (!signal.aborted || error instanceof HttpError) throw error;
      throw requestError(request, {kind: 'aborted', message: 'interrupted'});
    }
  }

  close(): void {
    this.#closed.abort();
    this.#agents.http.destroy();
    this.#agents.https.destroy();
  }

  async #follow(first: AnyRequest): Promise<AnyResponse> {
    const limit = first.method === 'GET' || first.method === 'HEAD' ? (first.maxRedirects ?? 0) : 0;
    let request = first;
    for (let left = limit; ; left -= 1) {
      const answer = await this.#exchange(request);
      if (answer.kind === 'answer') return answer.response;
      request = redirected({request, answer, left, limit});
      request.onRedirect?.(request.url);
    }
  }

  async #exchange(request: AnyRequest): Promise<Answer> {
    const started = performance.now();
    const report = (outcome: Partial<Exchange>): void =>
      this.#options.onExchange?.({
        method: request.method,
        url: publicUrl(request.url),
        ms: Math.round(performance.now() - started),
        ...outcome,
      });
    try {
      const answer = await this.#send(request);
      const {status, requestId} = answer.response;
      report({status, ...(requestId === undefined ? {} : {requestId})});
      return answer;
    } catch (error) {
      report(failedOutcome(error));
      throw error;
    }
  }

  async #send(request: AnyRequest): Promise<Answer> {
    const proxy = this.#proxyFor(request.url);
    const lookup = this.#options.lookup ?? SYSTEM_LOOKUP;
    const {secrets} = this.#options;
    const line = new Line(request, {lookup, proxy, scrub: (text) => secrets?.scrubCut(text) ?? text});
    const headers = this.#headers(request);
    if (secrets !== undefined) learn(secrets, {request, headers, proxy});
    try {
      line.check();
      if (request.judgeAddress !== undefined) line.refuse(await this.#judge(request.url, request.judgeAddress, proxy));
      const client = await axiosStatic();
      const raw = await client.request<Readable>({
        method: request.method,
        url: request.url,
        headers,
        data: line.payload(),
        transport: {request: line.open.bind(line)},
        responseType: 'stream',
        decompress: false,
        // Anything but 0 makes axios keep the whole body for a replay; a body limit would cost a copy of every chunk.
        maxRedirects: 0,
        maxBodyLength: -1,
        validateStatus: () => true,
        transformRequest: [],
        transformResponse: [],
        httpAgent: this.#agents.http,
        httpsAgent: this.#agents.https,
        proxy: proxy === undefined ? false : axiosProxy(proxy),
      });
      const answered = Object.fromEntries(Object.entries(raw.headers));
      if (secrets !== undefined) learnToken(secrets, request, answered);
      return await line.receive({
        status: raw.status,
        headers: answered,
        data: raw.data,
      });
    } catch (error) {
      throw line.translate(error);
    } finally {
      line.done();
    }
  }

  #proxyFor(url: string): Proxy | undefined {
    if (this.#options.proxy === 'none' || !URL.canParse(url)) return undefined;
    return proxyForUrl(url, this.#options.env ?? process.env);
  }

  async #judge(url: string, judge: JudgeAddress, proxy: Proxy | undefined): Promise<Error | undefined> {
    if (proxy === undefined) return judgeLiteral(url, judge);
    return judgeByOwnResolver(url, {lookup: this.#options.lookup ?? SYSTEM_LOOKUP, judge});
  }

  #headers(request: AnyRequest): Record<string, string | false> {
    const {json, body, size, response} = request;
    return {
      'User-Agent': 'imgmgr',
      Accept: response === 'json' ? 'application/json' : '*/*',
      'Accept-Encoding': 'identity',
      // axios would call a request without a body a form.
      'Content-Type': json !== undefined ? 'application/json' : body !== undefined ? 'application/octet-stream' : false,
      ...(size === undefined ? {} : {'Content-Length': String(size)}),
      ...this.#options.headers,
      ...request.headers,
    };
  }
}

function learn(
  secrets: Secrets,
  {
    request,
    headers,
    proxy,
  }: {request: AnyRequest; headers: Readonly<Record<string, unknown>>; proxy: Proxy | undefined},
): void {
  learnUrl(secrets, request.url);
  learnHeaders(secrets, headers);
  if (proxy?.auth !== undefined) secrets.addLogin(proxy.auth.username, proxy.auth.password);
}

function axiosProxy({protocol, host, port, auth}: Proxy): AxiosProxyConfig {
  return {protocol, host, port, ...(auth === undefined ? {} : {auth})};
}

function retryOf(request: AnyRequest): Retry {
  if (request.retry === false || request.body !== undefined) return {attempts: 1};
  if (request.retry !== undefined) return request.retry;
  return {attempts: request.method === 'GET' || request.method === 'HEAD' ? 4 : 1};
}

// p-retry waits its own delay afterwards; only what the server asked beyond it is waited here.
async function waitAsAsked(asked: {error: Error; retryDelay: number; signal: AbortSignal | undefined}): Promise<void> {
  if (!(asked.error instanceof HttpError) || asked.error.retryAfterSeconds === undefined) return;
  const rest = Math.min(asked.error.retryAfterSeconds, MAX_RETRY_AFTER_SECONDS) * 1000 - asked.retryDelay;
  if (rest > 0) await sleep(rest, undefined, asked.signal === undefined ? {} : {signal: asked.signal});
}

function failedOutcome(error: unknown): Partial<Exchange> {
  if (!(error instanceof HttpError)) return {error: 'INTERRUPTED'};
  const code = exchangeErrorCode(error.kind);
  return {
    ...(error.status === undefined ? {} : {status: error.status}),
    ...(error.requestId === undefined ? {} : {requestId: error.requestId}),
    ...(code === undefined ? {} : {error: code}),
  };
}

function tlsAgentOptions(tls: TlsOptions | undefined): https.AgentOptions {
  if (tls === undefined) return {};
  const {verify, ...material} = tls;
  return {rejectUnauthorized: verify, ...material};
}
