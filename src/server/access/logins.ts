import type {Identity} from './identity.ts';
import {hashOf, newSecret} from './secret.ts';
import type {KeptToken, Tokens} from './tokens.ts';

/** A browser stays logged in so long. */
const LOGIN_MS = 12 * 3_600_000;
/** A one-time URL can be used so long. */
const CODE_MS = 600_000;
const MOST_LOGINS = 1000;
const MOST_CODES = 20;

/** When something is over: by the clock of the day, and by one that never goes back, so that no clock that is set back keeps it. */
interface Until {
  readonly dateMs: number;
  readonly monotonicMs: number;
}

interface Login {
  readonly until: Until;
  readonly identity: Identity & {readonly expiresMs: number};
  /** The token that it was made with; absent: a one-time code. */
  readonly token?: Pick<KeptToken, 'name' | 'hash'>;
}

/** The logins of browsers and the codes of one-time URLs. They are kept in memory alone: a server that is started anew knows none. */
export class Logins {
  readonly #tokens: Tokens;
  readonly #now: () => Date;
  readonly #monotonic: () => number;
  /** By the hash of what the cookie holds. */
  readonly #logins = new Map<string, Login>();
  readonly #codes = new Map<string, {readonly user: string; readonly until: Until}>();

  /** `monotonic`: milliseconds of a clock that never goes back. */
  constructor(tokens: Tokens, {now, monotonic}: {readonly now: () => Date; readonly monotonic: () => number}) {
    this.#tokens = tokens;
    this.#now = now;
    this.#monotonic = monotonic;
  }

  /** The code of a new one-time URL: one login of that user as operator, within {@link CODE_MS}. */
  newCode(user: string): string {
    const code = newSecret();
    this.#codes.set(hashOf(code), {user, until: this.#after(CODE_MS)});
    dropOldest(this.#codes, MOST_CODES);
    return code;
  }

  /** Logs in with a code, which is used up then; undefined where it is none, or over. */
  withCode(code: string): {readonly secret: string; readonly identity: Identity} | undefined {
    const hash = hashOf(code);
    const found = this.#codes.get(hash);
    this.#codes.delete(hash);
    if (!found || this.#isOver(found.until)) return undefined;
    return this.#begin({user: found.user, role: 'operator'});
  }

  /** Logs in with a token; undefined where it is none, or over. */
  withToken(text: string): {readonly secret: string; readonly identity: Identity} | undefined {
    const token = this.#tokens.find(text);
    if (!token) return undefined;
    const {name, role, clouds, expiresAt, hash} = token;
    const untilMs = expiresAt === undefined ? Infinity : Date.parse(expiresAt);
    return this.#begin({user: name, role, ...(clouds !== undefined && {clouds})}, {untilMs, token: {name, hash}});
  }

  /** Who has this secret in a cookie; undefined where the login is over, was ended, or its token is gone. */
  find(secret: string): Identity | undefined {
    const hash = hashOf(secret);
    const login = this.#logins.get(hash);
    if (!login) return undefined;
    if (!this.#isOver(login.until) && (!login.token || this.#tokens.isThere(login.token))) return login.identity;
    this.#logins.delete(hash);
    return undefined;
  }

  end(secret: string): void {
    this.#logins.delete(hashOf(secret));
  }

  #begin(
    who: Pick<Identity, 'user' | 'role' | 'clouds'>,
    {untilMs, token}: {readonly untilMs: number; readonly token?: Login['token']} = {untilMs: Infinity},
  ): {readonly secret: string; readonly identity: Identity} {
    const secret = newSecret();
    const until = this.#after(Math.min(LOGIN_MS, untilMs - this.#now().getTime()));
    const expiresMs = until.dateMs;
    const identity = {...who, by: 'cookie' as const, expiresMs};
    this.#logins.set(hashOf(secret), {until, identity, ...(token && {token})});
    dropOldest(this.#logins, MOST_LOGINS);
    return {secret, identity};
  }

  #after(ms: number): Until {
    return {dateMs: this.#now().getTime() + ms, monotonicMs: this.#monotonic() + ms};
  }

  #isOver({dateMs, monotonicMs}: Until): boolean {
    return dateMs <= this.#now().getTime() || monotonicMs <= this.#monotonic();
  }
}

function dropOldest(map: Map<string, unknown>, most: number): void {
  for (const key of map.keys()) {
    if (map.size <= most) return;
    map.delete(key);
  }
}
