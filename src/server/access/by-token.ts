import {CallError} from '../errors.ts';
import type {Attempts} from './attempts.ts';
import type {Identity} from './identity.ts';
import type {KeptToken, Tokens} from './tokens.ts';

/** What tokens are recognised with. */
export interface TokenAccess {
  readonly tokens: Tokens;
  readonly attempts: Attempts;
}

/** Who has a token, and the token as it is kept. */
export interface TokenHolder {
  readonly identity: Identity;
  readonly token: KeptToken;
}

/**
 * Counts an attempt that failed; LIMIT instead where the address failed too often. Only what is wrong gets here: a secret of 256 bits is
 * found by nobody who tries, and whoever shares an address with one who does is let in with a right one.
 */
export function requireAttempt(address: string, {attempts}: Pick<TokenAccess, 'attempts'>): void {
  const retryS = attempts.waitOf(address);
  if (retryS > 0)
    throw new CallError(
      429,
      {code: 'LIMIT', message: 'too many attempts that failed', retryS},
      {hint: 'try it later; what is valid is taken all the same'},
    );
  attempts.failed(address);
}

/** Who sends `Bearer TOKEN` from that address. AUTH for a token that is none or over, LIMIT where the address failed too often. */
export function byToken(authorization: string, address: string, access: TokenAccess): TokenHolder {
  const token = tokenIn(authorization, access);
  if (!token) {
    requireAttempt(address, access);
    throw tokenOver();
  }
  const {name, role, clouds, expiresAt} = token;
  const identity: Identity = {
    ...{user: name, role, by: 'token'},
    ...(clouds !== undefined && {clouds}),
    ...(expiresAt !== undefined && {expiresMs: Date.parse(expiresAt)}),
  };
  return {identity, token};
}

/** The token in `Bearer TOKEN`; undefined where it is none or over. */
export function tokenIn(authorization: string, {tokens}: Pick<TokenAccess, 'tokens'>): KeptToken | undefined {
  const [, text] = /^Bearer ([\w-]{1,200})$/i.exec(authorization) ?? [];
  return text === undefined ? undefined : withTokens(() => tokens.find(text));
}

/** True for a token of ours, which no browser sends by itself. */
export function isToken(authorization: string | undefined): boolean {
  return /^Bearer imgmgr_/i.test(authorization ?? '');
}

/** Reads tokens for a caller who is not known yet, and who learns nothing of the files of the host. */
export function withTokens<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new CallError(
      503,
      {code: 'UNAVAILABLE', message: 'the tokens of the server cannot be read'},
      {cause, hint: 'the log of the server says more'},
    );
  }
}

/** AUTH: the token is none. */
export function tokenOver(): CallError {
  return new CallError(
    401,
    {code: 'AUTH', message: 'the token is none of this server, or it is over'},
    {hint: 'imgmgr serve token add NAME makes one'},
  );
}
