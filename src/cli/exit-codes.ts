import type {ErrorCode, ImgmgrError} from '../errors.ts';
import type {EndSignal} from './io.ts';

/** The exit codes, in the order in which the first that applies wins. */
export const EXIT_CODES = [
  {code: 130, meaning: 'interrupted (SIGINT), cleaned up'},
  {code: 143, meaning: 'ended (SIGTERM, SIGHUP), cleaned up'},
  {code: 2, meaning: 'usage, configuration or definition wrong'},
  {code: 4, meaning: 'a cloud refused the login'},
  {code: 5, meaning: 'an image failed verification'},
  {code: 1, meaning: 'something failed'},
  {
    code: 75,
    meaning: 'temporary (quota, timeout, 5xx, no room for a test VM, another run holds the lock): try again later',
  },
  {code: 3, meaning: 'dry-run: changes pending; dry-run, validate, status: findings that count'},
  {code: 0, meaning: 'done, or nothing to do'},
] as const;

export type ExitCode = (typeof EXIT_CODES)[number]['code'];

/** What came of a run, as far as the exit code is concerned. */
export interface Outcome {
  readonly errors: readonly ImgmgrError[];
  readonly changesPending: boolean;
  readonly signal?: EndSignal;
}

/** The exit code of a whole run: of all that apply, the first in {@link EXIT_CODES}. */
export function exitCodeOf({errors, changesPending, signal}: Outcome): ExitCode {
  if (signal !== undefined) return signal === 'SIGINT' ? 130 : 143;
  const codes = new Set<ExitCode>(errors.map(({code}) => CODE_OF_ERROR[code]));
  if (changesPending) codes.add(3);
  return EXIT_CODES.find(({code}) => codes.has(code))?.code ?? 0;
}

/** The exit code that an error alone leads to. */
export function exitCodeOfError(code: ErrorCode): ExitCode {
  return CODE_OF_ERROR[code];
}

const CODE_OF_ERROR: Readonly<Record<ErrorCode, ExitCode>> = {
  USAGE: 2,
  CONFIG: 2,
  DEFINITION: 2,
  AUTH: 4,
  FORBIDDEN: 1,
  NOT_FOUND: 1,
  CONFLICT: 1,
  // An image in use that could not be deleted is reported; the run is still a success.
  IN_USE: 0,
  CLOUD_REFUSED: 1,
  PROTOCOL: 1,
  QUOTA: 75,
  TIMEOUT: 75,
  UNAVAILABLE: 75,
  LOCKED: 75,
  SOURCE_REFUSED: 1,
  SOURCE_UNAVAILABLE: 75,
  DIGEST_MISMATCH: 1,
  DIGEST_UNKNOWN: 1,
  DIGEST_CHANGED: 1,
  FORMAT_REFUSED: 1,
  IMPORT_FAILED: 1,
  IMAGE_GONE: 1,
  IMAGE_LOST: 1,
  BUILD_FAILED: 1,
  DISK_FULL: 1,
  NEWER_FORMAT: 2,
  FOREIGN_IMAGE: 1,
  UNSUPPORTED: 1,
  VERIFICATION: 5,
  ENVIRONMENT: 75,
  LIMIT: 1,
  INTERRUPTED: 130,
  OUTPUT_LOST: 1,
  INTERNAL: 1,
};
