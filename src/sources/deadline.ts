import type {OpenedSource, SourceProbe, SourceRequest} from '../ports/image-source.ts';
import {ImgmgrError} from '../errors.ts';
import {showUrl} from './show-url.ts';

/** A first look reads 64 KiB: a server that needs longer for that gives no image. */
const PROBE_MS = 120_000;
/** What a timer can wait. */
const LONGEST_MS = 2 ** 31 - 1;

type Work<T> = (request: SourceRequest) => Promise<T>;

/** A first look within the request's limit, two minutes at most; TIMEOUT. */
export async function probeInTime(request: SourceRequest, work: Work<SourceProbe>): Promise<SourceProbe> {
  const limit = new Limit(request, Math.min(request.limitMs ?? PROBE_MS, PROBE_MS));
  try {
    return await work(limit.request);
  } finally {
    limit.stop();
  }
}

/** All of the reading within the request's limit, from the first attempt to the last byte; after it the bytes break with TIMEOUT. */
export async function openInTime(request: SourceRequest, work: Work<OpenedSource>): Promise<OpenedSource> {
  if (request.limitMs === undefined) return work(request);
  const limit = new Limit(request, request.limitMs);
  try {
    const opened = await work(limit.request);
    // Also while nobody reads: a server that takes no more bytes must not hold the source for ever.
    limit.onExpired((error) => opened.bytes.destroy(error));
    opened.bytes.once('close', () => limit.stop());
    return opened;
  } catch (error) {
    limit.stop();
    throw error;
  }
}

class Limit {
  readonly request: SourceRequest;
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;
  #then: ((error: ImgmgrError) => void) | undefined;

  constructor(request: SourceRequest, limitMs: number) {
    const {signal} = this.#controller;
    this.request = {
      ...request,
      signal: request.signal === undefined ? signal : AbortSignal.any([request.signal, signal]),
    };
    const expire = (): void => {
      const error = expired(request, limitMs);
      this.#controller.abort(error);
      this.#then?.(error);
    };
    this.#timer = setTimeout(expire, Math.min(Math.max(limitMs, 0), LONGEST_MS));
    if (limitMs <= 0) expire();
  }

  onExpired(then: (error: ImgmgrError) => void): void {
    this.#then = then;
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}

function expired({urls, stream}: SourceRequest, limitMs: number): ImgmgrError {
  const shown = stream?.url ?? urls.map(showUrl).join(' or ');
  return new ImgmgrError('TIMEOUT', `${shown} was not read within ${Math.max(0, Math.round(limitMs / 100)) / 10} s`, {
    hint: 'give it longer with --import-timeout, or use a faster mirror',
  });
}
