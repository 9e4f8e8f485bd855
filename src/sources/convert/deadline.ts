import type {JudgeRequest} from '../../ports/image-converter.ts';
import {ImgmgrError} from '../../errors.ts';

/** Does the work with a signal that also ends it, with TIMEOUT, at the request's limit. */
export async function withDeadline<T, R extends Pick<JudgeRequest, 'limitMs' | 'signal'>>(
  request: R,
  work: (limited: R) => Promise<T>,
): Promise<T> {
  const limit = new AbortController();
  const expire = (): void => limit.abort(expired());
  if (request.limitMs <= 0) throw expired();
  const timer = setTimeout(expire, Math.min(request.limitMs, LONGEST_MS));
  try {
    return await work({...request, signal: AbortSignal.any([request.signal, limit.signal])});
  } finally {
    clearTimeout(timer);
  }
}

/** What a timer can wait. */
const LONGEST_MS = 2 ** 31 - 1;

function expired(): ImgmgrError {
  return new ImgmgrError('TIMEOUT', 'the image was not judged and converted within its time', {
    hint: 'give it longer with --import-timeout',
  });
}
