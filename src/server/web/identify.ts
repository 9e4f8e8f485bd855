import type {IncomingMessage} from 'node:http';
import type {Attempts} from '../access/attempts.ts';
import type {Identity} from '../access/identity.ts';
import type {Logins} from '../access/logins.ts';
import type {ProxyUsers} from '../access/proxy.ts';
import type {Tokens} from '../access/tokens.ts';
import {CallError} from '../errors.ts';

/** What calls are recognised with. */
export interface Access {
  readonly tokens: Tokens;
  readonly logins: Logins;
  readonly attempts: Attempts;
  /** Absent: no proxy logs users in. */
  readonly proxy?: ProxyUsers;
  /** Name of the cookie. */
  readonly cookie: string;
}

/** Who calls; undefined where nothing says so. AUTH for a token that is none, LIMIT where an address tried too often. */
export function identify(request: IncomingMessage, access: Access): Identity | undefined {
  const address = addressOf(request);
  const {authorization} = request.headers;
  if (authorization !== undefined) return withToken(authorization, address, access);
  const secret = cookieOf(request, access.cookie);
  const login = secret === undefined ? undefined : access.logins.find(secret);
  return login ?? access.proxy?.identify(request, address);
}

/** The address of the other end of the connection; what headers say of it counts for nothing. */
export function addressOf({socket}: IncomingMessage): string {
  return socket.remoteAddress ?? '';
}

/** LIMIT where the address tried too often. */
export function requireAttempt(address: string, {attempts}: Pick<Access, 'attempts'>): void {
  const retryS = attempts.waitOf(address);
  if (retryS > 0)
    throw new CallError(429, {code: 'LIMIT', message: 'too many attempts that failed', retryS}, {hint: 'try it later'});
}

/** The secret of a login in the cookie of that name; undefined: there is none. Of several with the name the first counts. */
export function cookieOf({headers}: IncomingMessage, name: string): string | undefined {
  for (const pair of (headers.cookie ?? '').split(';')) {
    const at = pair.indexOf('=');
    if (at > 0 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim();
  }
  return undefined;
}

function withToken(authorization: string, address: string, access: Access): Identity {
  requireAttempt(address, access);
  const [, token] = /^Bearer ([\w-]{1,200})$/i.exec(authorization) ?? [];
  const found = token === undefined ? undefined : access.tokens.find(token);
  if (!found) {
    access.attempts.failed(address);
    throw new CallError(
      401,
      {code: 'AUTH', message: 'the token is none of this server, or it is over'},
      {hint: 'imgmgr serve token add NAME makes one'},
    );
  }
  const {name, role, clouds, expiresAt} = found;
  return {
    ...{user: name, role, by: 'token'},
    ...(clouds !== undefined && {clouds}),
    ...(expiresAt !== undefined && {expiresMs: Date.parse(expiresAt)}),
  };
}
