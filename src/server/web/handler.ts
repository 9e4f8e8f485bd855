import type {IncomingMessage, ServerResponse} from 'node:http';
import {ImgmgrError, asImgmgrError} from '../../errors.ts';
import {isToken} from '../access/by-token.ts';
import type {Identity} from '../access/identity.ts';
import type {OwnAddress} from '../access/same-origin.ts';
import {foreignSite} from '../access/same-origin.ts';
import type {Route} from '../contract/routes.ts';
import {CallError} from '../errors.ts';
import {checkedParams, requireRole} from '../service/checked.ts';
import type {ServerParts} from '../parts.ts';
import type {ServiceContext} from '../service/context.ts';
import {sendError, setCommonHeaders} from './answer.ts';
import {discardRest, readJson} from './body.ts';
import type {CallParts} from './calls.ts';
import {answerCall} from './calls.ts';
import type {Access} from './identify.ts';
import {addressOf, identify} from './identify.ts';
import {matchPath, readQuery} from './match.ts';
import type {Pages} from './pages.ts';

/** What requests are answered with. */
export interface HandlerParts {
  readonly context: ServiceContext;
  readonly access: Access;
  readonly calls: CallParts;
  readonly pages: Pages;
  /** Under which names the server may be called. */
  readonly own: () => OwnAddress;
  readonly isSecure: boolean;
  /** False for a connection that has to come by TLS or by the proxy, and does not. */
  readonly isTrusted: (address: string) => boolean;
  /** Is told of every request. */
  readonly onUse: () => void;
}

/** Longer addresses are none of ours. */
const LONGEST_ADDRESS = 8192;

/** Answers every request: each is checked for where it comes from, then for who asks, then for what it asks; nothing it does ends the server. */
export function createHandler(parts: HandlerParts): (request: IncomingMessage, response: ServerResponse) => void {
  const {secrets, log} = parts.context.parts;
  return (request, response) => {
    parts.onUse();
    // A client that goes away is none of our business.
    request.on('error', () => undefined);
    response.on('error', () => undefined);
    answer(request, response, parts)
      .catch(async (thrown: unknown) => refuse(asImgmgrError(thrown), {request, response, secrets, log}))
      .catch(() => response.destroy());
  };
}

interface Refusing extends Pick<ServerParts, 'secrets' | 'log'> {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

async function refuse(error: ImgmgrError, {request, response, secrets, log}: Refusing): Promise<void> {
  const {cause} = error;
  const told = cause instanceof ImgmgrError ? cause : error;
  if (error.code === 'INTERNAL' || told !== error)
    log(`${request.method ?? ''} ${pathOf(request)}: ${secrets.scrub(toldOf(told))}`);
  if (response.headersSent) {
    response.destroy();
    return;
  }
  await discardRest(request);
  // What is left of a body that is refused is no request.
  if (!request.complete) response.setHeader('connection', 'close');
  sendError(response, error, secrets);
}

function toldOf(error: ImgmgrError): string {
  return error.code === 'INTERNAL' ? (error.stack ?? error.message) : error.message;
}

async function answer(request: IncomingMessage, response: ServerResponse, parts: HandlerParts): Promise<void> {
  setCommonHeaders(response, parts);
  const {method = 'GET', url = '/'} = request;
  if (url.length > LONGEST_ADDRESS || !url.startsWith('/'))
    throw new CallError(400, {code: 'USAGE', message: 'the address is none of this server'});
  const path = pathOf(request);
  const matched = matchPath(method, path);
  if (!matched) {
    refuseUntrusted(request, parts);
    refuseForeign(request, parts, {page: true});
    if ((method === 'GET' || method === 'HEAD') && parts.pages.send(request, response, path)) return;
    throw new CallError(
      404,
      {code: 'NOT_FOUND', message: 'there is no such address'},
      {hint: 'GET /v1/openapi.json lists them'},
    );
  }
  const {route} = matched;
  // Whoever looks whether the server lives may call it by any name; nothing is said but that.
  if (route.id !== 'health') {
    refuseUntrusted(request, parts);
    refuseForeign(request, parts, {page: false});
  }
  const identity = route.role === 'open' ? undefined : authorised(request, route, parts);
  const call = {
    ...{request, response, identity},
    params: checkedParams(route, matched.params),
    query: readQuery(route, new URLSearchParams(url.slice(path.length + 1))),
    body: 'body' in route ? await readJson(request) : undefined,
  };
  await answerCall(route.id, route.answer.status, call, parts.calls);
}

/** FORBIDDEN for a connection past the proxy, whose secrets could be read on their way. */
function refuseUntrusted(request: IncomingMessage, {isTrusted}: HandlerParts): void {
  if (isTrusted(addressOf(request))) return;
  throw new CallError(403, {code: 'FORBIDDEN', message: 'this server is called by its proxy alone'});
}

/** FORBIDDEN for what another site sends; AUTH is told by the call itself. */
function refuseForeign(request: IncomingMessage, {own}: HandlerParts, {page}: {readonly page: boolean}): void {
  const found = foreignSite(request, own(), !isToken(request.headers.authorization));
  // A page holds no data, and a link to it may stand anywhere.
  const isLink = page && found !== undefined && found.includes('Sec-Fetch-Site');
  if (found === undefined || isLink) return;
  throw new CallError(
    403,
    {code: 'FORBIDDEN', message: `the call is refused: ${found}`},
    {
      hint: 'docs/server.md says under which names and addresses the server is called',
    },
  );
}

function authorised(request: IncomingMessage, route: Route, {access}: HandlerParts): Identity {
  const identity = identify(request, access);
  if (!identity)
    throw new CallError(
      401,
      {code: 'AUTH', message: 'nobody is logged in'},
      {hint: 'log in with a one-time URL (imgmgr serve login), or send a token: Authorization: Bearer TOKEN'},
    );
  requireRole(identity, route);
  return identity;
}

function pathOf({url = '/'}: IncomingMessage): string {
  return url.split('?', 1)[0] ?? '/';
}
