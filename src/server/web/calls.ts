import type {IncomingMessage, ServerResponse} from 'node:http';
import {requireAttempt, withTokens} from '../access/by-token.ts';
import type {Identity} from '../access/identity.ts';
import type {AnsweredId, Route, RouteId} from '../contract/routes.ts';
import {CallError} from '../errors.ts';
import {answered} from '../service/answers.ts';
import type {ServiceContext} from '../service/context.ts';
import {sessionOf} from '../service/context.ts';
import {readRunLog, requireWatch} from '../service/runs.ts';
import {readLogin} from '../verbs/read-body.ts';
import {sendJson, sendText} from './answer.ts';
import type {EventStreams} from './events.ts';
import {lastEventId} from './events.ts';
import type {Access} from './identify.ts';
import {addressOf, cookieOf, isStillIn} from './identify.ts';
import {sendLog} from './send-log.ts';

/** A request that was checked: who asks (nobody has to be known where everybody may call), and what its path, query and body say. */
export interface Call {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly identity: Identity | undefined;
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
}

/** What calls are answered with. */
export interface CallParts {
  readonly context: ServiceContext;
  readonly access: Access;
  readonly streams: EventStreams;
  readonly isSecure: boolean;
  readonly openapi: () => object;
  readonly metrics: (identity: Identity) => Promise<string>;
}

type Special = (call: Call, parts: CallParts) => void | Promise<void>;

/** Answers a call of the table of routes. */
export async function answerCall(id: RouteId, status: number, call: Call, parts: CallParts): Promise<void> {
  const special = (SPECIAL as Partial<Record<RouteId, Special>>)[id];
  const isFile = id === 'log' && (call.query as {readonly download?: string}).download === '1';
  if (special && (id !== 'log' || isFile)) {
    await special(call, parts);
    return;
  }
  const value = await answered(id as AnsweredId, {...call, identity: who(call)}, parts.context);
  sendJson(call.response, {status, value, secrets: parts.context.parts.secrets});
}

/** Calls that are more than a question and its JSON. */
const SPECIAL = {
  health: ({response}, {context}) =>
    sendJson(response, {status: 200, value: {ok: true}, secrets: context.parts.secrets}),
  metrics: async (call, {metrics}) =>
    sendText(call.response, await metrics(who(call)), 'text/plain; version=0.0.4; charset=utf-8'),
  openapi: ({response}, {context, openapi}) =>
    sendJson(response, {status: 200, value: openapi(), secrets: context.parts.secrets}),
  login: (call, parts) => {
    const value = sessionOf(logIn(call, parts), parts.context);
    sendJson(call.response, {status: 200, value, secrets: parts.context.parts.secrets});
  },
  logout: ({request, response}, {access, context, isSecure}) => {
    const secret = cookieOf(request, access.cookie);
    if (secret !== undefined) access.logins.end(secret);
    response.setHeader('set-cookie', cookieText(access.cookie, '', {maxAgeS: 0, isSecure}));
    sendJson(response, {status: 200, value: {ok: true}, secrets: context.parts.secrets});
  },
  events: async (call, {streams, access, context}) => {
    const {request, response, params} = call;
    const {id} = params as {readonly id: string};
    // What is refused is an answer, not a stream.
    await requireWatch(id, who(call), context);
    let stop = (): void => undefined;
    const watcher = streams.begin(response, {onEnd: () => stop(), isIn: () => isStillIn(request, access)});
    stop = context.feeds.watch(id, lastEventId(request), watcher);
    if (response.destroyed) stop();
  },
  log: async (call, {context}) => {
    const {id} = call.params as {readonly id: string};
    const {log} = call.query as {readonly log: string};
    const read = async (offset: number) => readRunLog({id, log, offset}, who(call), context);
    await sendLog(call.response, {id, log, read, secrets: context.parts.secrets});
  },
} as const satisfies Partial<Record<Route['id'], Special>>;

function who({identity}: Pick<Call, 'identity'>): Identity {
  if (!identity) throw new CallError(401, {code: 'AUTH', message: 'nobody is logged in'});
  return identity;
}

function logIn({request, response, body}: Call, {access, context, isSecure}: CallParts): Identity {
  const address = addressOf(request);
  const login = readLogin(body);
  const {logins} = access;
  const found = 'code' in login ? logins.withCode(login.code) : withTokens(() => logins.withToken(login.token));
  if (!found) {
    requireAttempt(address, access);
    throw new CallError(
      401,
      {code: 'AUTH', message: 'the code or token is none of this server, was used already, or is over'},
      {hint: 'imgmgr serve login, on the host of the server, gives a new one-time URL'},
    );
  }
  const maxAgeS = Math.floor(((found.identity.expiresMs ?? 0) - context.parts.now().getTime()) / 1000);
  response.setHeader('set-cookie', cookieText(access.cookie, found.secret, {maxAgeS, isSecure}));
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
