import type {ErrorAnswer} from '../contract/common.ts';
import {noteServerTime} from './clock.ts';
import type {Path} from './path.ts';
import {go, path} from './path.ts';

/** A call that failed: what the server said of it, or that it did not answer (status 0). */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly hint: string | undefined;
  /** This server's own run that is in the way. */
  readonly run: string | undefined;

  constructor(status: number, {code, message, hint, run}: Partial<ErrorAnswer['error']>) {
    super(message ?? `the server answered with status ${status}`);
    this.status = status;
    this.code = code ?? 'PROTOCOL';
    this.hint = hint;
    this.run = run;
  }
}

/** The answer of a reading call; {@link ApiError} where it fails, the login page where there is no login. */
export function get<T>(address: Path): Promise<T> {
  return call<T>(address, {});
}

/** The answer of a call that changes something. */
export function post<T>(address: Path, body: object = {}): Promise<T> {
  return call<T>(address, {
    method: 'POST',
    headers: {'content-type': 'application/json'},
    body: JSON.stringify(body),
  });
}

/** Ends this login. */
export async function logOut(): Promise<void> {
  await call(path`/v1/session`, {method: 'DELETE'});
  go(path`/login`);
}

/** What anything that was thrown says. */
export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  return new ApiError(0, {code: 'INTERNAL', message: error instanceof Error ? error.message : String(error)});
}

async function call<T>(address: Path, init: RequestInit): Promise<T> {
  const response = await fetch(address, init).catch((error: unknown) => {
    throw new ApiError(0, {
      code: 'UNAVAILABLE',
      message: `the server does not answer (${error instanceof Error ? error.message : 'no reason known'})`,
      hint: 'look whether imgmgr serve still runs there',
    });
  });
  noteServerTime(response.headers.get('date'));
  const answer = (await response.json().catch(() => ({}))) as Partial<ErrorAnswer>;
  if (response.ok) return answer as T;
  // Of an old login the server may have seen too many from this address.
  const isOut = response.status === 401 || (response.status === 429 && String(address) === '/v1/session');
  if (isOut && location.pathname !== '/login') toLogin();
  throw new ApiError(response.status, answer.error ?? {});
}

function toLogin(): void {
  go(path`/login?next=${location.pathname + location.search}`);
}
