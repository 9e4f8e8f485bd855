import type {IncomingHttpHeaders, IncomingMessage} from 'node:http';

export type Service = 'identity' | 'image' | 'compute' | 'network' | 'volume';

/** One request as a fake service sees it. */
export interface FakeRequest {
  /** Counts from 1 over everything that the fake cloud is asked. */
  readonly number: number;
  readonly requestId: string;
  readonly service: Service;
  readonly method: string;
  /** Path inside the service, decoded per segment when matched: `/v2/images/…`. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** The raw body, for those that stream it. */
  readonly body: IncomingMessage;
  /** The body parsed as JSON; undefined when empty, throws {@link Refusal} 400 when it is no JSON. */
  json(): Promise<unknown>;
}

/** What a fake service answers. `text` wins over `json`; neither gives an empty body. */
export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  readonly text?: string;
  readonly contentType?: string;
  readonly chunks?: readonly Uint8Array[];
}

/** Thrown by a service's code to answer with an error in that service's own form. */
export class Refusal extends Error {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.headers = headers;
  }
}

/** The caller's connection went away while its body was being read. */
export class ConnectionLost extends Error {}

const REASONS: Readonly<Record<number, string>> = {
  300: 'Multiple Choices',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  410: 'Gone',
  413: 'Request Entity Too Large',
  415: 'Unsupported Media Type',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
};

/** The reason phrase of a status. */
export function reasonOf(status: number): string {
  return REASONS[status] ?? 'Error';
}

/** An error as Glance gives it: webob's HTML page. https://github.com/Pylons/webob/blob/main/src/webob/exc.py */
export function htmlError(status: number, message: string, headers: Readonly<Record<string, string>> = {}): Reply {
  const title = `${status} ${reasonOf(status)}`;
  const text = `<html>\n <head>\n  <title>${title}</title>\n </head>\n <body>\n  <h1>${title}</h1>\n  ${message}<br /><br />\n\n\n\n </body>\n</html>`;
  return {status, headers, text, contentType: 'text/html; charset=UTF-8'};
}

/** An error as Keystone gives it. */
export function identityError(status: number, message: string, headers: Readonly<Record<string, string>> = {}): Reply {
  return {status, headers, json: {error: {code: status, message, title: reasonOf(status)}}};
}

/** An error as Nova gives it. */
export function computeError(status: number, message: string, headers: Readonly<Record<string, string>> = {}): Reply {
  const kind =
    status === 403 ? 'forbidden' : status === 404 ? 'itemNotFound' : status === 400 ? 'badRequest' : 'computeFault';
  return {status, headers, json: {[kind]: {code: status, message}}};
}

/** An error as Neutron gives it. */
export function networkError(status: number, message: string, headers: Readonly<Record<string, string>> = {}): Reply {
  return {status, headers, json: {NeutronError: {type: reasonOf(status).replaceAll(' ', ''), message, detail: ''}}};
}

/** The object without one of its keys. */
export function without<T>(object: Readonly<Record<string, T>>, key: string): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(object).filter(([name]) => name !== key));
}

/** A value as a plain object, or undefined. */
export function asRecord(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : undefined;
}
