import {asImgmgrError} from '../errors.ts';
import {codeOf, refusalKind} from '../host/fs-error.ts';
import {NotOursError} from './open-database.ts';
import {sqliteRefusal} from './sqlite.ts';

/** Why the history cannot be used, as the end of a sentence that begins with its path. */
export function lossText(error: unknown): string {
  if (error instanceof NotOursError) return error.message;
  const text = asImgmgrError(error).message;
  switch (sqliteRefusal(error)) {
    case 'locked':
      return 'is locked by another process';
    case 'damaged':
      return text;
    case 'full':
      return 'has no room left on its disk';
    case 'denied':
      return `may not be written: ${text}`;
    case 'io':
      return `cannot be written: ${text}`;
    case undefined:
      break;
  }
  const kind = refusalKind(error);
  if (kind === 'full') return 'has no room left on its disk';
  if (kind === 'other') return `cannot be used: ${text}`;
  return `may not be written${codeOf(error) === '' ? '' : ` (${codeOf(error)})`}: ${text}`;
}
