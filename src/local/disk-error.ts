import {ImgmgrError} from '../errors.ts';

/** True for an error of the file system with one of the codes. */
export function hasCode(error: unknown, ...codes: readonly string[]): error is NodeJS.ErrnoException {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}

/**
 * What a refusal of the file system means for an operator: DISK_FULL, FORBIDDEN, CONFIG (the store's folder cannot be one)
 * or UNAVAILABLE, with the path. An ImgmgrError stays what it is.
 */
export function asStoreError(error: unknown, path: string): unknown {
  if (error instanceof ImgmgrError || !(error instanceof Error) || !('code' in error)) return error;
  const {path: told} = error as NodeJS.ErrnoException;
  const code = String(error.code);
  const place = told ?? path;
  const detail = {place, cause: error};
  switch (code) {
    case 'FOREIGN_PLACE':
      return new ImgmgrError('CONFIG', error.message, {
        ...detail,
        hint: 'whoever may exchange the store decides what is in its images; set IMGMGR_LOCAL to a folder of this user',
      });
    case 'ENOSPC':
    case 'EDQUOT':
      return new ImgmgrError('DISK_FULL', `no space left for ${place}`, {
        ...detail,
        hint: 'free space there, or set IMGMGR_LOCAL to a folder with more room',
      });
    case 'EROFS':
      return new ImgmgrError('FORBIDDEN', `${place} is on a file system that is mounted read-only`, {
        ...detail,
        hint: 'mount it read-write, or set IMGMGR_LOCAL to a folder on another disk',
      });
    case 'EACCES':
    case 'EPERM':
      return new ImgmgrError('FORBIDDEN', `${place} may not be read or written (${code})`, {
        ...detail,
        hint: 'give this user the right to it, or set IMGMGR_LOCAL to a folder of your own',
      });
    case 'ENOTDIR':
    case 'EEXIST':
    case 'ELOOP':
    case 'ENAMETOOLONG':
      return new ImgmgrError('CONFIG', `${place} cannot be a folder of the local image store (${code})`, {
        ...detail,
        hint: 'set IMGMGR_LOCAL to a folder',
      });
    default:
      return new ImgmgrError('UNAVAILABLE', `${place} could not be used: ${error.message}`, {
        ...detail,
        hint: 'look at the disk, then run again',
      });
  }
}
