import type {Readable} from 'node:stream';
import type {z} from 'zod';
import {ImgmgrError} from '../errors.ts';
import type {ErrorCode} from '../errors.ts';
import {HttpError} from '../http.ts';
import type {BodyOf, Http, HttpResponse, Retry} from '../http.ts';
import type {ServiceType} from './catalog.ts';
import type {ServerClock} from './clock.ts';
import {placeOf, refusal} from './refusal.ts';
import type {Session} from './session.ts';

/** One call of a service; `path` starts with a slash and may carry a query. */
export interface ServiceCall<Kind extends keyof BodyOf> {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly expect: readonly number[];
  readonly response: Kind;
  readonly json?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Readable;
  readonly size?: number;
  readonly retry?: Retry;
  /** A larger answer is refused; absent: what {@link Http} takes. */
  readonly maxBytes?: number;
  readonly signal?: AbortSignal;
}

/** What a {@link ServiceClient} works with; `base` makes the URL that paths are put behind from the catalog's. */
export interface ServiceParts {
  readonly session: Session;
  readonly http: Http;
  readonly clock: ServerClock;
  readonly type: ServiceType;
  /** Another region than the cloud's own. */
  readonly region?: string;
  readonly base: (endpoint: string) => string;
}

/** A call that is not answered within this time has failed; for a stream: no byte taken for this long. */
const CALL_TIMEOUT_MS = 60_000;
/** The store behind Glance may digest the last bytes for long before it answers. */
const STREAM_TIMEOUT_MS = 300_000;

/** Calls one service with our token; renews it once when it is refused. Everything that fails is an ImgmgrError. */
export class ServiceClient {
  readonly #parts: ServiceParts;

  constructor(parts: ServiceParts) {
    this.#parts = parts;
  }

  async call<Kind extends keyof BodyOf>(call: ServiceCall<Kind>): Promise<HttpResponse<BodyOf[Kind]>> {
    const {session} = this.#parts;
    const token = await session.token(call.body === undefined ? 'call' : 'stream');
    try {
      return await this.#send(call, token);
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      if (error.status !== 401) throw refusal(error);
      const fresh = await session.tokenAfter(token);
      if (call.body !== undefined) throw sentInVain(error);
      return await this.#again(call, fresh);
    }
  }

  /** GET of something that answers with 200, as the schema has it. */
  async read<T>(
    schema: z.ZodType<T>,
    path: string,
    more: Pick<ServiceCall<'json'>, 'headers' | 'maxBytes'> = {},
  ): Promise<T> {
    return parsed(schema, await this.call({...more, method: 'GET', path, expect: [200], response: 'json'}), 'GET');
  }

  async #again<Kind extends keyof BodyOf>(call: ServiceCall<Kind>, token: string): Promise<HttpResponse<BodyOf[Kind]>> {
    try {
      return await this.#send(call, token);
    } catch (error) {
      throw error instanceof HttpError ? refusal(error) : error;
    }
  }

  async #send<Kind extends keyof BodyOf>(call: ServiceCall<Kind>, token: string): Promise<HttpResponse<BodyOf[Kind]>> {
    const {session, http, clock, type, region, base} = this.#parts;
    const {path, headers, ...rest} = call;
    const answer = await http.request({
      ...rest,
      url: `${base(await session.endpoint(type, region))}${path}`,
      headers: {...headers, 'X-Auth-Token': token},
      timeoutMs: call.body === undefined ? CALL_TIMEOUT_MS : STREAM_TIMEOUT_MS,
    });
    clock.hear(answer.headers['date']);
    return answer;
  }
}

/** The answer's body as the schema has it; PROTOCOL with the place and the first thing that does not fit. */
export function parsed<T>(schema: z.ZodType<T>, answer: HttpResponse<unknown>, method: string): T {
  const result = schema.safeParse(answer.body);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const path = URL.canParse(answer.url) ? new URL(answer.url).pathname : answer.url;
  throw new ImgmgrError(
    'PROTOCOL',
    `the answer does not fit the API: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`,
    {
      place: `${method} ${path}${answer.requestId === undefined ? '' : ` (${answer.requestId})`}`,
      hint: 'this cloud may be newer or older than imgmgr expects, or something answers in its place',
    },
  );
}

/** Runs a call and gives a refusal another code or hint, where its first code is the key. */
export async function recoded<T>(
  call: Promise<T>,
  changes: Partial<Record<ErrorCode, (error: ImgmgrError) => ImgmgrError | undefined>>,
): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (!(error instanceof ImgmgrError)) throw error;
    throw changes[error.code]?.(error) ?? error;
  }
}

// The bytes are gone: only the caller that opened the stream can open it again.
function sentInVain(error: HttpError): ImgmgrError {
  return new ImgmgrError(
    'UNAVAILABLE',
    'the token expired before the upload was accepted, and a stream cannot be sent twice',
    {
      place: placeOf(error),
      hint: 'a new token is there already: try the upload again',
      cause: error,
    },
  );
}
