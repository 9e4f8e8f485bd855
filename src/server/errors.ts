import type {ErrorDetail, ErrorCode} from '../errors.ts';
import {ImgmgrError} from '../errors.ts';
import type {ErrorText} from './contract/common.ts';

/** Why a call is refused, with the HTTP status that says so. */
export class CallError extends ImgmgrError {
  readonly status: number;
  /** This server's own run that is in the way. */
  readonly run: string | undefined;
  /** Seconds after which it may be tried again. */
  readonly retryS: number | undefined;

  constructor(
    status: number,
    what: {readonly code: ErrorCode; readonly message: string; readonly run?: string; readonly retryS?: number},
    detail: ErrorDetail = {},
  ) {
    super(what.code, what.message, detail);
    this.status = status;
    this.run = what.run;
    this.retryS = what.retryS;
  }
}

/** What an answer says of an error: neither its stack nor its cause. */
export function errorTextOf({code, message, hint, place}: ImgmgrError): ErrorText {
  return {code, message, ...(hint !== undefined && {hint}), ...(place !== undefined && {place})};
}

/** There is no such thing, or this user may not see it: both say the same. */
export function notFound(what: string, hint: string): CallError {
  return new CallError(404, {code: 'NOT_FOUND', message: `there is no ${what}`}, {hint});
}

/** The HTTP status of an error. */
export function statusOf(error: ImgmgrError): number {
  return error instanceof CallError ? error.status : (STATUSES[error.code] ?? 500);
}

/** An AUTH or FORBIDDEN of a cloud is none of the caller. */
const STATUSES: Partial<Record<ErrorCode, number>> = {
  ...{USAGE: 400, NOT_FOUND: 404, CONFLICT: 409, LOCKED: 409, DEFINITION: 409, LIMIT: 429},
  ...{UNAVAILABLE: 503, TIMEOUT: 503, QUOTA: 503, SOURCE_UNAVAILABLE: 503},
};
