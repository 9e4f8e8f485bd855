import {Readable} from 'node:stream';
import {pipeline} from 'node:stream/promises';
import {createGunzip} from 'node:zlib';
import type {Wrapper} from '../core/format/wrapper.ts';
import {WRAPPER_REACH, wrapperOf} from '../core/format/wrapper.ts';
import {ImgmgrError} from '../errors.ts';
import type {Exec} from '../exec.ts';
import type {Peeker} from './chunks.ts';
import {peekable} from './chunks.ts';

/** A stream with its compressions taken off, outermost first in `wrappers`. */
export interface Unwrapped {
  readonly wrappers: readonly Wrapper[];
  readonly inner: Peeker;
}

const MAX_DEPTH = 2;
const CHUNK = 256 * 1024;

/**
 * Tools for what Node cannot do: xz and bzip2 not at all, zstd only its first frame (the others vanish without an error).
 * The limits keep a crafted file from claiming all memory.
 */
const TOOLS: Readonly<Record<Exclude<Wrapper, 'gz'>, readonly [string, ...string[]]>> = {
  xz: ['xz', '-dc', '--memlimit-decompress=512MiB'],
  bz2: ['bzip2', '-dc'],
  zst: ['zstd', '-dc', '-q', '--memory=512MB'],
};

/**
 * Takes off up to two compressions, recognised by content. A damaged, truncated or trailed one breaks the inner stream with
 * FORMAT_REFUSED; errors of the source pass through. `show` names the source in messages.
 */
export async function unwrap(
  chunks: AsyncIterable<Uint8Array>,
  context: {exec: Exec; show: string},
): Promise<Unwrapped> {
  const wrappers: Wrapper[] = [];
  let inner = peekable(chunks);
  for (;;) {
    const wrapper = wrapperOf((await inner.peek(WRAPPER_REACH)).head);
    if (wrapper === undefined) return {wrappers, inner};
    if (wrappers.length === MAX_DEPTH) {
      await inner.close();
      throw new ImgmgrError(
        'FORMAT_REFUSED',
        `${context.show} is compressed more than ${MAX_DEPTH} times (${[...wrappers, wrapper].join(' in ')})`,
        {
          hint: 'publish it uncompressed, or compressed once',
        },
      );
    }
    wrappers.push(wrapper);
    const packed = inner.rest();
    inner = peekable(wrapper === 'gz' ? gunzip(packed, context.show) : pipeThrough(packed, {...context, wrapper}));
  }
}

async function* gunzip(packed: AsyncGenerator<Uint8Array>, show: string): AsyncGenerator<Uint8Array> {
  const decompressor = createGunzip({chunkSize: CHUNK});
  // The error of either side breaks the loop below.
  pipeline(Readable.from(packed, {objectMode: false}), decompressor).catch(() => undefined);
  try {
    for await (const chunk of decompressor) yield chunk as Uint8Array;
  } catch (error) {
    if (error instanceof ImgmgrError || !isZlibError(error)) throw error;
    throw damaged(show, 'gz', error.message);
  }
}

async function* pipeThrough(
  packed: AsyncGenerator<Uint8Array>,
  context: {exec: Exec; show: string; wrapper: Exclude<Wrapper, 'gz'>},
): AsyncGenerator<Uint8Array> {
  const [tool, ...args] = TOOLS[context.wrapper];
  const controller = new AbortController();
  const stdin = Readable.from(packed, {objectMode: false});
  try {
    const {stdout, finished} = context.exec.start(tool, args, {stdin, signal: controller.signal});
    for await (const chunk of stdout) yield chunk as Uint8Array;
    const {exitCode, stderr} = await finished;
    // bzip2 forgives what follows its end, with no more than a word.
    if (exitCode !== 0 || stderr.includes('trailing garbage')) throw damaged(context.show, context.wrapper, stderr);
  } finally {
    controller.abort();
    stdin.destroy();
  }
}

function damaged(show: string, wrapper: Wrapper, detail: string): ImgmgrError {
  const reason = detail.trim().split('\n')[0] ?? '';
  return new ImgmgrError(
    'FORMAT_REFUSED',
    `${show} is damaged ${wrapper}: ${reason === '' ? 'no reason given' : reason}`,
    {
      hint: 'it is cut off, has something behind its end, or was changed; fetch it by hand and test it',
    },
  );
}

function isZlibError(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('Z_');
}
