import {randomUUID} from 'node:crypto';
import type {IncomingMessage} from 'node:http';
import {ConnectionLost, Refusal} from './exchange.ts';
import type {FakeRequest, Service} from './exchange.ts';

/** One line of the log: what was asked and what was answered (0: nothing was). */
export interface LoggedRequest {
  readonly number: number;
  readonly service: Service;
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string | readonly string[]>>;
  /** The JSON body; undefined where there was none or it was bytes. Logins are kept without their secrets. */
  body?: unknown;
  status: number;
  /** The write's number, where it is one. */
  write?: number;
  readonly requestId: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Takes a request apart and starts its line of the log; undefined when it is for no service that there is. */
export function parse(
  incoming: IncomingMessage,
  number: number,
): {request: FakeRequest; entry: LoggedRequest} | undefined {
  const url = new URL(incoming.url ?? '/', 'http://localhost');
  const match = /^\/(identity|image|compute|network|volume)(\/.*)?$/.exec(url.pathname);
  if (match === null) return undefined;
  const service = match[1] as Service;
  const path = match[2] ?? '';
  const method = incoming.method ?? 'GET';
  const requestId = `req-${randomUUID()}`;
  const headers = Object.fromEntries(Object.entries(incoming.headers).map(([key, value]) => [key, String(value)]));
  const entry: LoggedRequest = {
    number,
    service,
    method,
    path,
    query: queryRecord(url.searchParams),
    status: 0,
    requestId,
    headers,
  };
  let reading: Promise<unknown> | undefined;
  const json = (): Promise<unknown> =>
    (reading ??= readJson(incoming).then((body) => {
      entry.body = service === 'identity' ? withoutSecrets(body) : body;
      return body;
    }));
  const {searchParams: query} = url;
  return {
    entry,
    request: {number, requestId, service, method, path, query, headers: incoming.headers, body: incoming, json},
  };
}

async function readJson(incoming: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
  } catch (error) {
    throw new ConnectionLost('the caller broke off', {cause: error});
  }
  const text = Buffer.concat(chunks).toString();
  if (text === '') return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new Refusal(400, 'Malformed JSON in request body.');
  }
}

/** The body as text where it is JSON, for misbehaviours that look into it; bytes are left alone. */
export async function bodyText(request: FakeRequest): Promise<string> {
  if (!(request.headers['content-type'] ?? '').includes('json')) return '';
  try {
    return JSON.stringify((await request.json()) ?? '');
  } catch {
    return '';
  }
}

function queryRecord(query: URLSearchParams): Readonly<Record<string, string | readonly string[]>> {
  const entries = [...new Set(query.keys())].map((key): [string, string | readonly string[]] => {
    const values = query.getAll(key);
    return [key, values.length === 1 ? (values[0] ?? '') : values];
  });
  return Object.fromEntries(entries);
}

function withoutSecrets(body: unknown): unknown {
  const hide = (key: string, value: unknown): unknown =>
    ['password', 'secret', 'id'].includes(key) && typeof value === 'string' ? '***' : value;
  return body === undefined ? undefined : (JSON.parse(JSON.stringify(body, hide)) as unknown);
}
