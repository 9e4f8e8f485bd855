import type {Readable} from 'node:stream';
import {ImgmgrError} from '../../errors.ts';
import {interruption} from '../interruption.ts';
import type {Served, SourceKind} from '../served.ts';

/** `-`: what is piped into us. It can be looked at and then read, but read only once. */
export function createStdinKind(stdin: Readable | undefined): SourceKind {
  const seen: Uint8Array[] = [];
  let source: AsyncIterator<Uint8Array> | undefined;
  let taken = false;

  /** First what an earlier look has seen, then the rest; a look keeps what it takes. */
  async function* chunks(look: boolean, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
    for (const chunk of [...seen]) yield chunk;
    if (!look) seen.length = 0;
    for (;;) {
      const next = await source?.next().catch((error: unknown) => {
        throw readError(error, signal);
      });
      if (next === undefined || next.done === true) return;
      if (look) seen.push(next.value);
      yield next.value;
    }
  }

  return {
    name: 'stdin',
    claims: (url) => url === '-',
    read: (request) => {
      if (stdin === undefined || taken)
        return Promise.reject(
          new ImgmgrError(
            'SOURCE_REFUSED',
            stdin === undefined ? 'there is nothing to read on stdin' : 'stdin was read already',
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
        url: '-',
        origin: 'stdin',
        remote: false,
        chunks: chunks(look, request.signal),
        close: () => closing(stdin, look),
      };
      return Promise.resolve(served);
    },
  };
}

function readError(cause: unknown, signal: AbortSignal | undefined): ImgmgrError {
  if (signal?.aborted === true) return interruption('-', signal.reason);
  return new ImgmgrError(
    'SOURCE_UNAVAILABLE',
    `stdin cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`,
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
