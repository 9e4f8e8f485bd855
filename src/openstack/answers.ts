import {ImgmgrError} from '../errors.ts';
import {HttpError} from '../http.ts';
import {explanation} from './refusal.ts';

/** The HTTP status behind an error of a call; undefined when there was no answer, or when the error is another one. */
export function statusOf(error: unknown): number | undefined {
  return error instanceof ImgmgrError && error.cause instanceof HttpError ? error.cause.status : undefined;
}

/** The service's own words in a refusal, without its address, which may hold any word; '' where there was no answer. */
export function wordsOf(error: ImgmgrError): string {
  return error.cause instanceof HttpError ? explanation(error.cause.body) : '';
}

/** A call's result, undefined when the service says that it does not know what was asked for. */
export async function absentWhenUnknown<T>(call: Promise<T>): Promise<T | undefined> {
  return unless('NOT_FOUND', call);
}

/** A call's result, undefined when we are not allowed to make it. */
export async function allowed<T>(call: Promise<T>): Promise<T | undefined> {
  return unless('FORBIDDEN', call);
}

/** True when a write may have been done although it failed: no whole answer came, or a proxy's 5xx in its place. */
export function mayBeDone(error: unknown): boolean {
  return error instanceof ImgmgrError && ['TIMEOUT', 'UNAVAILABLE', 'PROTOCOL'].includes(error.code);
}

async function unless<T>(code: ImgmgrError['code'], call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof ImgmgrError && error.code === code) return undefined;
    throw error;
  }
}
