/** The closed set of things that can go wrong; `src/cli/exit-codes.ts` maps each to an exit code. */
export type ErrorCode =
  | 'USAGE' // flags or arguments are wrong
  | 'CONFIG' // clouds.yaml, environment or settings are wrong
  | 'DEFINITION' // an image definition is wrong
  | 'AUTH' // the cloud refused the login
  | 'FORBIDDEN' // logged in, but this call is not allowed
  | 'NOT_FOUND' // the cloud does not know what was asked for
  | 'CONFLICT' // the cloud refuses because of the state of things (409)
  | 'IN_USE' // a delete was refused because the image is in use
  | 'CLOUD_REFUSED' // any other 4xx of the cloud
  | 'PROTOCOL' // the cloud answered something that is no valid answer
  | 'QUOTA' // the cloud has no room for us (413, quota)
  | 'TIMEOUT' // a deadline passed
  | 'UNAVAILABLE' // no connection, 5xx, 429
  | 'LOCKED' // another run works on the same definition, builds on this host, or has the ports that this one may listen on
  | 'SOURCE_REFUSED' // the source answered 4xx, a web page, or something that is no image
  | 'SOURCE_UNAVAILABLE' // the source did not answer, broke off, or answered 5xx
  | 'DIGEST_MISMATCH' // the bytes are not the ones that were demanded
  | 'DIGEST_UNKNOWN' // a demanded digest could not be found
  | 'DIGEST_CHANGED' // the definition demands a new digest for a version that is already there
  | 'FORMAT_REFUSED' // the bytes are no image of the demanded format, or an unsafe one
  | 'IMPORT_FAILED' // the cloud took the bytes and failed
  | 'IMAGE_GONE' // an image vanished while we worked on it
  | 'IMAGE_LOST' // the cloud calls an image active, and its bytes are gone
  | 'BUILD_FAILED' // diskimage-builder failed
  | 'DISK_FULL' // no space on this host
  | 'NEWER_FORMAT' // a later version of imgmgr wrote an image of the definition, in a format that this one cannot read
  | 'FOREIGN_IMAGE' // an image that is not ours bears a name that we would publish
  | 'UNSUPPORTED' // asked for something that this version or this cloud cannot do
  | 'VERIFICATION' // an image failed its verification
  | 'ENVIRONMENT' // verification could not be done: the cloud or this host is at fault, not the image
  | 'LIMIT' // more than allowed: deletions (--max-delete), properties of an image (the cloud's quota)
  | 'INTERRUPTED' // SIGINT or SIGTERM
  | 'OUTPUT_LOST' // stdout or stderr cannot be written
  | 'INTERNAL'; // a bug of ours

/** What an {@link ImgmgrError} carries besides its text. */
export interface ErrorDetail {
  /** What to do next, one sentence. */
  readonly hint?: string;
  /** Where: `file:line:column`, a field, or `METHOD path (request id)`. */
  readonly place?: string;
  /** What of a test server could not be had, where that is known; `cloud`: nothing says which cloud is meant. */
  readonly lacks?: 'flavor' | 'network' | 'cloud';
  readonly cause?: unknown;
  /** Further problems that were found at the same time (definition and configuration errors). */
  readonly problems?: readonly Problem[];
}

/** One problem in a file, with its place and the next step. */
export interface Problem {
  readonly message: string;
  readonly place: FilePosition;
  readonly hint?: string;
}

/** A place in a file that was read; line and column count from 1. */
export interface FilePosition {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** The one error class: the code is API, the text is for people (lowercase, no full stop, with the wrong value). */
export class ImgmgrError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly place: string | undefined;
  readonly lacks: ErrorDetail['lacks'];
  readonly problems: readonly Problem[];

  constructor(code: ErrorCode, message: string, detail: ErrorDetail = {}) {
    super(message, detail.cause === undefined ? undefined : {cause: detail.cause});
    this.name = 'ImgmgrError';
    this.code = code;
    this.hint = detail.hint;
    this.place = detail.place;
    this.lacks = detail.lacks;
    this.problems = detail.problems ?? [];
  }
}

const RETRYABLE: ReadonlySet<ErrorCode> = new Set(['TIMEOUT', 'UNAVAILABLE', 'SOURCE_UNAVAILABLE']);

/** True when the same call may succeed a moment later. */
export function isRetryable(code: ErrorCode): boolean {
  return RETRYABLE.has(code);
}

/** `file:line:column`, as editors open it. */
export function formatPosition(place: FilePosition): string {
  return `${place.file}:${place.line}:${place.column}`;
}

/** Any thrown thing as an {@link ImgmgrError}; what is not one of ours is INTERNAL, the cause kept. */
export function asImgmgrError(error: unknown): ImgmgrError {
  if (error instanceof ImgmgrError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new ImgmgrError('INTERNAL', message, {cause: error});
}
