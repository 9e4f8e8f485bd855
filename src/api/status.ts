import {Metadata, status} from '@grpc/grpc-js';
import {type ErrorCode, ImgmgrError} from '../errors.ts';
import {statusOf as httpStatusOf} from '../server/errors.ts';
import {encode} from './json.ts';

/** The gRPC code of each of ours; ours goes along as the reason of `google.rpc.ErrorInfo`. */
export const GRPC_CODES: Readonly<Record<ErrorCode, status>> = {
  USAGE: status.INVALID_ARGUMENT,
  CONFIG: status.FAILED_PRECONDITION,
  DEFINITION: status.FAILED_PRECONDITION,
  AUTH: status.UNAUTHENTICATED,
  FORBIDDEN: status.PERMISSION_DENIED,
  NOT_FOUND: status.NOT_FOUND,
  CONFLICT: status.ABORTED,
  IN_USE: status.FAILED_PRECONDITION,
  CLOUD_REFUSED: status.FAILED_PRECONDITION,
  PROTOCOL: status.UNAVAILABLE,
  QUOTA: status.RESOURCE_EXHAUSTED,
  TIMEOUT: status.DEADLINE_EXCEEDED,
  UNAVAILABLE: status.UNAVAILABLE,
  LOCKED: status.ABORTED,
  SOURCE_REFUSED: status.FAILED_PRECONDITION,
  SOURCE_UNAVAILABLE: status.UNAVAILABLE,
  DIGEST_MISMATCH: status.FAILED_PRECONDITION,
  DIGEST_UNKNOWN: status.FAILED_PRECONDITION,
  DIGEST_CHANGED: status.FAILED_PRECONDITION,
  FORMAT_REFUSED: status.FAILED_PRECONDITION,
  IMPORT_FAILED: status.FAILED_PRECONDITION,
  IMAGE_GONE: status.NOT_FOUND,
  IMAGE_LOST: status.FAILED_PRECONDITION,
  BUILD_FAILED: status.FAILED_PRECONDITION,
  DISK_FULL: status.RESOURCE_EXHAUSTED,
  NEWER_FORMAT: status.FAILED_PRECONDITION,
  FOREIGN_IMAGE: status.FAILED_PRECONDITION,
  UNSUPPORTED: status.UNIMPLEMENTED,
  VERIFICATION: status.FAILED_PRECONDITION,
  ENVIRONMENT: status.FAILED_PRECONDITION,
  LIMIT: status.RESOURCE_EXHAUSTED,
  INTERRUPTED: status.CANCELLED,
  OUTPUT_LOST: status.INTERNAL,
  INTERNAL: status.INTERNAL,
};

/** How a failed call ends. */
export interface FailedStatus {
  readonly code: status;
  readonly details: string;
  readonly metadata: Metadata;
}

/** Largest message of a status, characters: it goes in a header. */
const MOST = 1000;

/**
 * The status of an error: its message, and in `grpc-status-details-bin` a `google.rpc.Status` with an `ErrorInfo` of our code, hint and place,
 * and the run that is in the way. What is no error of ours says nothing of itself.
 */
export function statusOf(error: unknown): FailedStatus {
  const ours = error instanceof ImgmgrError && error.code !== 'INTERNAL' ? error : FAULT;
  const code = codeOf(ours);
  const details = short(ours.message);
  const run = 'run' in ours && typeof ours.run === 'string' ? ours.run : undefined;
  const {hint, place} = ours;
  const known = Object.entries({hint, place, run}).flatMap(([key, text]): [string, string][] =>
    text === undefined ? [] : [[key, short(text)]],
  );
  const info = {reason: ours.code, domain: 'imgmgr', metadata: Object.fromEntries(known)};
  const any = {typeUrl: 'type.googleapis.com/google.rpc.ErrorInfo', value: encode('google.rpc.ErrorInfo', info)};
  const metadata = new Metadata();
  metadata.set('grpc-status-details-bin', encode('google.rpc.Status', {code, message: details, details: [any]}));
  return {code, details, metadata};
}

/** The HTTP statuses of codes that say something about the caller or what he asked for; elsewhere they are those of a cloud. */
const OF_CALLER: Partial<Record<ErrorCode, number>> = {AUTH: 401, FORBIDDEN: 403, NOT_FOUND: 404};

/** As {@link GRPC_CODES}; what a cloud refuses to imgmgr itself is no verdict on the caller. */
function codeOf(error: ImgmgrError): status {
  const wanted = OF_CALLER[error.code];
  return wanted === undefined || wanted === httpStatusOf(error) ? GRPC_CODES[error.code] : status.FAILED_PRECONDITION;
}

const FAULT = new ImgmgrError('INTERNAL', 'a fault of imgmgr', {hint: 'look at the log of the server'});

/** Headers have room for some KiB; grpc-js cannot write half a character. */
function short(text: string): string {
  return text.slice(0, MOST).toWellFormed();
}
