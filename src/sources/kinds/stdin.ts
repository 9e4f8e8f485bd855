import type {Readable} from 'node:stream';
import {originOfStream} from '../../core/origin-text.ts';
import {ImgmgrError} from '../../errors.ts';
import {interruption} from '../interruption.ts';
import {showUrl} from '../show-url.ts';
import type {ReadRequest, Served, SourceKind} from '../served.ts';

/** What can be read once: the stream, and who hears what came of it. */
export interface Piped {
  readonly stream: Readable;
  readonly settled?: (error?: unknown) => void;
}

/** `-`: what is piped into us; `upload:`: what somebody else sends. It can be looked at and then read, but read only once. */
export function createStdinKind(piped: Piped | undefined): SourceKind {
  const stdin = piped?.stream;
  const seen: Uint8Array[] = [];
  let source: AsyncIterator<Uint8Array> | undefined;
  let taken = false;

  /** First what an earlier look has seen, then the rest; a look keeps what it takes. */
  async function* chunks(
    look: boolean,
    {url, signal}: Pick<ReadRequest, 'url' | 'signal'>,
  ): AsyncGenerator<Uint8Array> {
    for (const chunk of [...seen]) yield chunk;
    if (!look) seen.length = 0;
    for (;;) {
      const next = await source?.next().catch((error: unknown) => {
        throw readError(error, url, signal);
      });
      if (next === undefined || next.done === true) return;
      if (look) seen.push(next.value);
      yield next.value;
    }
  }

  return {
    name: 'stdin',
    claims: (url) => originOfStream(url) !== undefined,
    read: (request) => {
      const origin = originOfStream(request.url);
      if (piped === undefined || stdin === undefined || taken)
        return Promise.reject(
          new ImgmgrError(
            'SOURCE_REFUSED',
            stdin === undefined
              ? `there is nothing to read on ${showUrl(request.url)}`
              : `${showUrl(request.url)} was read already`,
            {
              hint: 'pipe the image into the command, or give a file or an address',
            },
          ),
        );
      const look = request.firstBytes !== undefined;
      taken = !look;
      source ??= bytesOf(stdin);
      request.signal?.addEventListener('abort', () => stdin.destroy(), {once: true});
      const served: Served = {
        url: request.url,
        ...(origin !== undefined && {origin}),
        remote: false,
        chunks: chunks(look, request),
        close: () => closing(stdin, look),
        ...(piped.settled && {settled: piped.settled}),
      };
      return Promise.resolve(served);
    },
  };
}

function readError(cause: unknown, url: string, signal: AbortSignal | undefined): ImgmgrError {
  if (signal?.aborted === true) return interruption(url, signal.reason);
  if (cause instanceof ImgmgrError) return cause;
  return new ImgmgrError(
    'SOURCE_UNAVAILABLE',
    `${showUrl(url)} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`,
    {cause},
  );
}

function closing(stdin: Readable, look: boolean): Promise<void> {
  if (!look) stdin.destroy();
  return Promise.resolve();
}

/** Not closed by a loop that is left early, unlike the stream's own iterator. */
function bytesOf(stdin: Readable): AsyncIterator<Uint8Array> {
  return stdin.iterator({destroyOnReturn: false})[Symbol.asyncIterator]();
}
