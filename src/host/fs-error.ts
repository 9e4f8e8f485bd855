import type {ErrorCode} from '../errors.ts';
import {ImgmgrError} from '../errors.ts';

/**
 * What kind of refusal it is. `foreign`: another user could exchange what lies there (UntrustedFolderError); `no-folder`: something in the
 * path is in the way.
 */
export type RefusalKind = 'foreign' | 'full' | 'read-only' | 'denied' | 'no-folder' | 'other';

/** A refusal of the file system. */
export interface Refusal {
  readonly kind: RefusalKind;
  /** The path that was refused, where the system names one. */
  readonly place: string;
  /** `ENOSPC`. */
  readonly code: string;
  /** The system's own sentence. */
  readonly reason: string;
}

/** What a refusal means for an operator. */
export interface Explanation {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
}

/** Where the refusal came up, and how it is explained; a kind without an explanation stays the error that it is. */
export interface RefusedCall {
  readonly path: string;
  /** True: the refusal is reported for `path`, whatever path the system names. */
  readonly exact?: boolean;
  readonly explain: (refusal: Refusal) => Explanation | undefined;
}

/** An error of the file system as an ImgmgrError with the refused path as its place. An ImgmgrError, and what is no error of the system, stays. */
export function asFileSystemError(error: unknown, {path, exact = false, explain}: RefusedCall): unknown {
  if (error instanceof ImgmgrError || !(error instanceof Error) || !('code' in error)) return error;
  const {path: from, dest} = error as NodeJS.ErrnoException & {readonly dest?: string};
  const place = exact ? path : (dest ?? from ?? path);
  const explanation = explain({kind: refusalKind(error), place, code: codeOf(error), reason: error.message});
  if (explanation === undefined) return error;
  const {code, message, hint} = explanation;
  return new ImgmgrError(code, message, {place, cause: error, hint});
}

/** The kind of refusal that an error stands for; `other` for everything that is none of the rest. */
export function refusalKind(error: unknown): RefusalKind {
  return KINDS[codeOf(error)] ?? 'other';
}

const KINDS: Readonly<Record<string, RefusalKind>> = {
  FOREIGN_PLACE: 'foreign',
  ENOSPC: 'full',
  EDQUOT: 'full',
  EFBIG: 'full',
  EROFS: 'read-only',
  EACCES: 'denied',
  EPERM: 'denied',
  ENOTDIR: 'no-folder',
  EEXIST: 'no-folder',
  ELOOP: 'no-folder',
  ENAMETOOLONG: 'no-folder',
};

/** The code of an error of the system, `ENOENT`; '' where it has none. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

/** True for an error of the system with one of the codes. */
export function hasCode(error: unknown, ...codes: readonly string[]): error is NodeJS.ErrnoException {
  return codes.includes(codeOf(error));
}

/** What the call gives; undefined where nothing is at its path (ENOENT), or it failed with one of the other codes. */
export async function ifThere<T>(call: Promise<T>, ...others: readonly string[]): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (hasCode(error, 'ENOENT', ...others)) return undefined;
    throw error;
  }
}
