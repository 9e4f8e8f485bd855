import {ImgmgrError} from '../errors.ts';

/** What was being done when the file system refused. */
export interface Refused {
  readonly path: string;
  /** How much room it needed, where that is known. */
  readonly bytes?: number;
}

/** What a refusal means for an operator: DISK_FULL with the bytes, CONFIG, else UNAVAILABLE, each with the path. An ImgmgrError stays. */
export function asFileError(error: unknown, {path, bytes}: Refused): unknown {
  if (error instanceof ImgmgrError || !(error instanceof Error) || !('code' in error)) return error;
  const {path: told, dest} = error as NodeJS.ErrnoException & {readonly dest?: string};
  const place = dest ?? told ?? path;
  const code = String(error.code);
  if (code === 'FOREIGN_PLACE')
    return new ImgmgrError('CONFIG', error.message, {
      place,
      cause: error,
      hint: 'whoever may exchange it decides what is built; set XDG_STATE_HOME to a folder of this user',
    });
  if (FULL.has(code))
    return new ImgmgrError('DISK_FULL', `no space left for ${place}${bytes === undefined ? '' : ` (${bytes} bytes)`}`, {
      place,
      cause: error,
      hint: 'free space there, or set XDG_STATE_HOME to a folder with more room',
    });
  if (NOT_ALLOWED.has(code))
    return new ImgmgrError('CONFIG', `${place} may not be read or written (${code})`, {
      place,
      cause: error,
      hint: 'run as root, or set XDG_STATE_HOME to a folder that this user may write',
    });
  if (NO_FOLDER.has(code))
    return new ImgmgrError('CONFIG', `${place} cannot be a folder of artifacts (${code})`, {
      place,
      cause: error,
      hint: 'set XDG_STATE_HOME to a folder',
    });
  return new ImgmgrError('UNAVAILABLE', `${place} could not be used: ${error.message}`, {
    place,
    cause: error,
    hint: 'look at the disk, then run again',
  });
}

const FULL: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);
const NOT_ALLOWED: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'EROFS']);
const NO_FOLDER: ReadonlySet<string> = new Set(['ENOTDIR', 'ELOOP', 'ENAMETOOLONG']);
