import type {IncomingMessage} from 'node:http';
import type {TokenAccess} from '../access/by-token.ts';
import {byToken, isToken, requireAttempt, tokenIn, withTokens} from '../access/by-token.ts';
import type {Identity} from '../access/identity.ts';
import type {Logins} from '../access/logins.ts';
import type {ProxyUsers} from '../access/proxy.ts';

/** What calls are recognised with. */
export interface Access extends TokenAccess {
  readonly logins: Logins;
  /** Absent: no proxy logs users in. */
  readonly proxy?: ProxyUsers;
  /** Name of the cookie. */
  readonly cookie: string;
}

/** Who calls; undefined where nothing says so. AUTH for a token that is none, LIMIT where an address failed too often. */
export function identify(request: IncomingMessage, access: Access): Identity | undefined {
  const address = addressOf(request);
  const authorization = authorizationIn(request, access);
  if (authorization !== undefined) return byToken(authorization, address, access).identity;
  const found = byCookie(request, access) ?? access.proxy?.identify(request, address);
  if (!found && cookieOf(request, access.cookie) !== undefined) requireAttempt(address, access);
  return found;
}

function byCookie(request: IncomingMessage, {cookie, logins}: Access): Identity | undefined {
  const secret = cookieOf(request, cookie);
  return secret === undefined ? undefined : withTokens(() => logins.find(secret));
}

/** True while whoever called is let in: what was removed meanwhile counts, and is no attempt. */
export function isStillIn(request: IncomingMessage, access: Access): boolean {
  const authorization = authorizationIn(request, access);
  if (authorization !== undefined) return tokenIn(authorization, access) !== undefined;
  return (byCookie(request, access) ?? access.proxy?.identify(request, addressOf(request))) !== undefined;
}

function authorizationIn(request: IncomingMessage, {proxy}: Access): string | undefined {
  const {authorization} = request.headers;
  // Some proxies hand on what the user logged in with there, or send a token of theirs.
  const isOfProxy = !isToken(authorization) && proxy?.isFrom(addressOf(request)) === true;
  return isOfProxy ? undefined : authorization;
}

/** The address of the other end of the connection; what headers say of it counts for nothing. */
export function addressOf({socket}: IncomingMessage): string {
  return socket.remoteAddress ?? '';
}

/** The secret of a login in the cookie of that name; undefined: there is none. Of several with the name the first counts. */
export function cookieOf({headers}: IncomingMessage, name: string): string | undefined {
  for (const pair of (headers.cookie ?? '').split(';')) {
    const at = pair.indexOf('=');
    if (at > 0 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim();
  }
  return undefined;
}
