import {createHash} from 'node:crypto';
import type {Digest} from '../../core/release/digest.ts';
import {sameDigest} from '../../core/release/digest.ts';
import {ImgmgrError} from '../../errors.ts';
import type {ImageToWrite} from '../../ports/image-target.ts';
import {interruption} from '../interruption.ts';
import {createStreamHash} from '../stream-hash.ts';

/** One reading of an image. */
export interface Reading {
  /** The bytes; ends only when they are those that the cloud says, else it throws. The last piece is held back until then. */
  readonly chunks: AsyncGenerator<Uint8Array>;
  /** Known once the chunks have ended. */
  readonly bytes: () => number;
  readonly digests: () => readonly Digest[];
}

/** Reads an image once. DIGEST_MISMATCH for other bytes, also for more or less of them than the cloud says. */
export async function readChecked(image: ImageToWrite, signal: AbortSignal): Promise<Reading> {
  const stored = await image.read();
  const hash = createStreamHash(image.digests.map(({algorithm}) => algorithm));
  const interrupt = (): void => {
    stored.bytes.destroy(interruption(image.show, signal.reason));
  };
  signal.addEventListener('abort', interrupt, {once: true});
  if (signal.aborted) interrupt();
  stored.bytes.once('close', () => signal.removeEventListener('abort', interrupt));
  const expected = image.size ?? stored.size;
  return {
    chunks: checked(image, {expected, hash, bytes: stored.bytes}),
    bytes: () => hash.bytes(),
    digests: () => hash.digests(),
  };
}

async function* checked(
  image: ImageToWrite,
  of: {
    readonly expected: number | undefined;
    readonly hash: ReturnType<typeof createStreamHash>;
    readonly bytes: AsyncIterable<Uint8Array> & {destroy(): unknown};
  },
): AsyncGenerator<Uint8Array> {
  const {expected, hash, bytes} = of;
  let held: Uint8Array | undefined;
  try {
    for await (const chunk of hash.through(bytes)) {
      if (expected !== undefined && hash.bytes() > expected)
        throw otherSize(image.show, `more than ${expected}`, expected);
      image.seen(hash.bytes());
      if (held) yield held;
      held = chunk;
    }
    if (expected !== undefined && hash.bytes() !== expected)
      throw otherSize(image.show, String(hash.bytes()), expected);
    requireDigests(image, hash.digests());
    if (held) yield held;
  } finally {
    bytes.destroy();
  }
}

function requireDigests({show, digests: wanted}: ImageToWrite, found: readonly Digest[]): void {
  for (const digest of wanted) {
    const other = found.find(({algorithm}) => algorithm === digest.algorithm);
    if (other && sameDigest(other, digest)) continue;
    throw new ImgmgrError(
      'DIGEST_MISMATCH',
      `${show} has ${digest.algorithm} ${other?.hex ?? 'none'} as it was read, and the cloud says ${digest.hex}`,
      {hint: 'try again; where it stays so, the store of the cloud has lost or changed bytes: imgmgr verify --deep'},
    );
  }
}

function otherSize(show: string, found: string, expected: number): ImgmgrError {
  return new ImgmgrError('DIGEST_MISMATCH', `${show} gave ${found} bytes, and the cloud says ${expected}`, {
    hint: 'the connection was cut, or the store of the cloud has lost bytes: try again, then imgmgr verify --deep',
  });
}

/** Reads to the end, and drops what it reads. */
export async function drain(chunks: AsyncIterable<Uint8Array>): Promise<void> {
  const iterator = chunks[Symbol.asyncIterator]();
  while ((await iterator.next()).done !== true);
}

/** The sha256 of all that goes through, as registries name blobs. */
export function hashing(): {
  readonly through: (chunks: AsyncIterable<Uint8Array>) => AsyncGenerator<Uint8Array>;
  readonly digest: () => string;
  readonly bytes: () => number;
} {
  const hash = createHash('sha256');
  let bytes = 0;
  let digest: string | undefined;
  return {
    async *through(chunks) {
      for await (const chunk of chunks) {
        bytes += chunk.length;
        hash.update(chunk);
        yield chunk;
      }
    },
    digest: () => (digest ??= `sha256:${hash.digest('hex')}`),
    bytes: () => bytes,
  };
}
