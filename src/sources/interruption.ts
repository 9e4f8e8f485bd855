import {ImgmgrError} from '../errors.ts';
import {showUrl} from './show-url.ts';

/** What an aborted read throws: the reason of the abort where it is one of ours, so that a deadline stays a deadline. */
export function interruption(url: string, reason: unknown): ImgmgrError {
  if (reason instanceof ImgmgrError) return reason;
  return new ImgmgrError('INTERRUPTED', `reading ${showUrl(url)} was interrupted`, {cause: reason});
}
