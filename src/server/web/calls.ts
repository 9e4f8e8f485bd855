import type {IncomingMessage, ServerResponse} from 'node:http';
import type {Identity} from '../access/identity.ts';
import type {RouteId} from '../contract/routes.ts';
import {CallError} from '../errors.ts';
import type {RunsQuery} from '../service/runs.ts';
import {cancelRun, getRun, listRuns, readRunLog, requireWatch, startRun} from '../service/runs.ts';
import {getPlan, listPlans, makePlan} from '../service/plans.ts';
import {getImage, listDefinitions, listImages} from '../service/images.ts';
import {sessionOf} from '../service/context.ts';
import type {ServiceContext} from '../service/context.ts';
import type {ImagesQuery} from '../reading/images.ts';
import {readLogin} from '../verbs/read-body.ts';
import {sendJson, sendText} from './answer.ts';
import type {EventStreams} from './events.ts';
import {lastEventId} from './events.ts';
import type {Access} from './identify.ts';
import {addressOf, cookieOf, requireAttempt} from './identify.ts';
import {sendLog} from './send-log.ts';

/** A request that was checked: who asks, and what its path, query and body say. */
export interface Call<Params = object, Query = object> {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Absent where everybody may call. */
  readonly identity: Identity | undefined;
  readonly params: Params;
  readonly query: Query;
  readonly body: unknown;
}

/** What answers each call. */
export type Calls = Readonly<Record<RouteId, (call: Call<never, never>) => void | Promise<void>>>;

/** What calls are answered with. */
export interface CallParts {
  readonly context: ServiceContext;
  readonly access: Access;
  readonly streams: EventStreams;
  readonly isSecure: boolean;
  readonly openapi: () => object;
  readonly metrics: (identity: Identity) => string | Promise<string>;
}

interface ById {
  readonly id: string;
}

/** The answers to all calls of the table of routes. */
export function createCalls(parts: CallParts): Calls {
  const {context, access, streams} = parts;
  const {secrets} = context.parts;
  const json = (response: ServerResponse, value: object, status = 200): void =>
    sendJson(response, {status, value, secrets});
  return {
    health: ({response}) => json(response, {ok: true}),
    metrics: async (call) =>
      sendText(call.response, await parts.metrics(who(call)), 'text/plain; version=0.0.4; charset=utf-8'),
    openapi: ({response}) => json(response, parts.openapi()),
    session: (call) => json(call.response, sessionOf(who(call), context)),
    login: (call) => json(call.response, sessionOf(logIn(call, parts), context)),
    logout: ({request, response}) => {
      const secret = cookieOf(request, access.cookie);
      if (secret !== undefined) access.logins.end(secret);
      response.setHeader('set-cookie', cookieText(access.cookie, '', {maxAgeS: 0, ...parts}));
      json(response, {ok: true});
    },
    images: async (call: Call<object, ImagesQuery>) =>
      json(call.response, await listImages(call.query, who(call), context)),
    image: async (call: Call<{cloud: string; target: string}, {refresh?: '1'}>) =>
      json(call.response, await getImage({...call.params, ...call.query}, who(call), context)),
    definitions: async ({response}) => json(response, await listDefinitions(context)),
    runs: async (call: Call<object, RunsQuery>) => json(call.response, await listRuns(call.query, who(call), context)),
    run: async (call: Call<ById>) => json(call.response, await getRun(call.params.id, who(call), context)),
    events: async (call: Call<ById>) => watchEvents(call, streams, context),
    log: async (call: Call<ById, {log: string; offset: number; download?: '1'}>) => {
      const {response, params, query} = call;
      const read = async (offset: number) => readRunLog({...params, ...query, offset}, who(call), context);
      if (query.download === '1') await sendLog(response, {...params, log: query.log, read, secrets});
      else json(response, await read(query.offset));
    },
    start: async (call) => {
      const started = await startRun(call.body, who(call), context);
      context.parts.log(`${who(call).user} starts run ${started.id}: ${started.command}`);
      json(call.response, started, 202);
    },
    cancel: async (call: Call<ById>) => {
      const cancelled = await cancelRun(call.params.id, who(call), context);
      context.parts.log(`${who(call).user} cancels run ${cancelled.id}`);
      json(call.response, cancelled, 202);
    },
    plans: (call) => json(call.response, listPlans(who(call), context)),
    makePlan: async (call) => json(call.response, await makePlan(call.body, who(call), context), 201),
    plan: async (call: Call<ById, {compare?: '1'}>) => {
      const {params, query} = call;
      json(call.response, await getPlan({...params, compare: query.compare === '1'}, who(call), context));
    },
  };
}

function who({identity}: Pick<Call, 'identity'>): Identity {
  if (!identity) throw new CallError(401, {code: 'AUTH', message: 'nobody is logged in'});
  return identity;
}

function logIn({request, response, body}: Pick<Call, 'request' | 'response' | 'body'>, parts: CallParts): Identity {
  const {access, context} = parts;
  const address = addressOf(request);
  requireAttempt(address, access);
  const login = readLogin(body);
  const found = 'code' in login ? access.logins.withCode(login.code) : access.logins.withToken(login.token);
  if (!found) {
    access.attempts.failed(address);
    throw new CallError(
      401,
      {code: 'AUTH', message: 'the code or token is none of this server, was used already, or is over'},
      {hint: 'imgmgr serve login, on the host of the server, gives a new one-time URL'},
    );
  }
  const maxAgeS = Math.floor(((found.identity.expiresMs ?? 0) - context.parts.now().getTime()) / 1000);
  response.setHeader('set-cookie', cookieText(access.cookie, found.secret, {maxAgeS, ...parts}));
  context.parts.log(`${found.identity.user} logs in from ${address}`);
  return found.identity;
}

function cookieText(
  name: string,
  secret: string,
  {maxAgeS, isSecure}: {readonly maxAgeS: number; readonly isSecure: boolean},
): string {
  return `${name}=${secret}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${maxAgeS}${isSecure ? '; Secure' : ''}`;
}

async function watchEvents(call: Call<ById>, streams: EventStreams, context: ServiceContext): Promise<void> {
  const {request, response, params} = call;
  // What is refused is an answer, not a stream.
  await requireWatch(params.id, who(call), context);
  let stop = (): void => undefined;
  const watcher = streams.begin(response, () => stop());
  stop = context.feeds.watch(params.id, lastEventId(request), watcher);
  if (response.destroyed) stop();
}
