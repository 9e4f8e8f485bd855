import {Readable} from 'node:stream';
import {pipeline} from 'node:stream/promises';
import {createGunzip} from 'node:zlib';
import type {Compression} from '../core/format/wrapper.ts';
import {ImgmgrError} from '../errors.ts';
import type {Exec} from '../exec.ts';

const CHUNK = 256 * 1024;

/**
 * Tools for what Node cannot do: xz and bzip2 not at all, zstd only its first frame (the others vanish without an error).
 * The limits keep a crafted file from claiming all memory.
 */
const TOOLS: Readonly<Record<Exclude<Compression, 'gz'>, readonly [string, ...string[]]>> = {
  xz: ['xz', '-dc', '--memlimit-decompress=512MiB'],
  bz2: ['bzip2', '-dc'],
  zst: ['zstd', '-dc', '-q', '--memory=512MB'],
};

/** One compression and what takes it off; `show` names the source in messages. */
export interface Decompression {
  readonly exec: Exec;
  readonly show: string;
  readonly wrapper: Compression;
}

/** The bytes inside. A damaged, truncated or trailed compression breaks the stream with FORMAT_REFUSED; errors of the source pass through. */
export function decompressed(
  packed: AsyncGenerator<Uint8Array>,
  {wrapper, ...context}: Decompression,
): AsyncGenerator<Uint8Array> {
  return wrapper === 'gz' ? gunzip(packed, context.show) : pipeThrough(packed, {...context, wrapper});
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
  context: {exec: Exec; show: string; wrapper: Exclude<Compression, 'gz'>},
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

function damaged(show: string, wrapper: Compression, detail: string): ImgmgrError {
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
