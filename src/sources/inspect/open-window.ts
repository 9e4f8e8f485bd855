import {ImgmgrError} from '../../errors.ts';
import type {Exec} from '../../exec.ts';
import {wrapperOf} from '../../core/format/wrapper.ts';
import type {InspectRequest} from '../../ports/image-inspector.ts';
import {peekable} from '../chunks.ts';
import {kindFor} from '../registry.ts';
import type {ReadRequest, Served, SourceKind} from '../served.ts';
import {showUrl} from '../show-url.ts';
import {unwrap} from '../unwrap.ts';
import type {Window} from './window.ts';
import {windowOfParts, windowOfStream} from './window.ts';

/** What images are looked at with. */
export interface WindowContext {
  readonly kinds: readonly SourceKind[];
  readonly exec: Exec;
}

/** A source that can be looked at. */
export interface Opening {
  readonly window: Window;
  /** What was taken off, the outermost first. */
  readonly wrappers: readonly string[];
  /** Bytes as served, where known. */
  readonly served?: number;
  readonly origin?: string;
  /** Bytes of the source that were read so far. */
  bytesRead(): number;
  close(): Promise<void>;
}

/** A first piece: enough for every format but VHDX and long descriptors. */
const FIRST = 64 * 1024;

/**
 * Opens a source for looks at single places: by further questions where it can be asked for a part of it and is not packed, else as far as
 * its stream is read.
 */
export async function openWindow(context: WindowContext, request: InspectRequest): Promise<Opening> {
  const kind = kindFor(context.kinds, request.url);
  const reading = readRequest(request);
  const count = {bytes: 0};
  const first = await kind.read({...reading, firstBytes: FIRST});
  const start = await firstBytes(first, count);
  const isPacked = wrapperOf(start.head) !== undefined;
  if (!isPacked && first.size !== undefined && (start.complete || kind.readPart))
    return {
      window: windowOfParts(start.head, {
        size: first.size,
        read: async (offset, length) => {
          const bytes = await kind.readPart?.({...reading, offset, length, size: first.size ?? 0});
          count.bytes += bytes?.length ?? 0;
          return bytes;
        },
      }),
      wrappers: [],
      served: first.size,
      ...(first.origin !== undefined && {origin: first.origin}),
      bytesRead: () => count.bytes,
      close: () => Promise.resolve(),
    };
  return openStream(context, {kind, reading, request, count, first});
}

async function openStream(
  {exec}: WindowContext,
  {
    kind,
    reading,
    request,
    count,
    first,
  }: {
    readonly kind: SourceKind;
    readonly reading: ReadRequest;
    readonly request: InspectRequest;
    readonly count: {bytes: number};
    readonly first: Served;
  },
): Promise<Opening> {
  const served = await kind.read(reading);
  try {
    const {wrappers, inner} = await unwrap(counted(served.chunks, count), {
      exec,
      show: showUrl(request.url),
      most: request.limits.unpacked,
    });
    const size = served.size ?? first.size;
    return {
      window: windowOfStream(inner),
      wrappers,
      ...(size !== undefined && {served: size}),
      ...(served.origin !== undefined && {origin: served.origin}),
      bytesRead: () => count.bytes,
      async close() {
        await inner.close();
        await served.close();
      },
    };
  } catch (error) {
    await served.close();
    throw error;
  }
}

/** The first piece, and nothing after it. */
async function firstBytes(served: Served, count: {bytes: number}): Promise<{head: Buffer; complete: boolean}> {
  try {
    const {head, complete} = await peekable(counted(served.chunks, count)).peek(FIRST);
    return {head, complete: complete && head.length === served.size};
  } finally {
    await served.close();
  }
}

async function* counted(chunks: AsyncIterable<Uint8Array>, count: {bytes: number}): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    count.bytes += chunk.length;
    yield chunk;
  }
}

function readRequest({url, architecture, limits, signal}: InspectRequest): ReadRequest {
  if (url === '-')
    throw new ImgmgrError('USAGE', 'stdin cannot be looked at in single places', {hint: 'save it to a file first'});
  return {
    url,
    baseDir: '/',
    digestDemanded: false,
    limits,
    signal,
    ...(architecture !== undefined && {architecture}),
  };
}
