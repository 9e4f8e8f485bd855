import {createHash} from 'node:crypto';
import type {Digest, DigestAlgorithm} from '../core/release/digest.ts';

/** Counts and hashes a stream on its way. */
export interface StreamHash {
  /** The same chunks; each is counted and hashed before it is given on. */
  through(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array>;
  bytes(): number;
  /** The stream has come to its own end. */
  ended(): boolean;
  /** Digests of all that went through, in the order of the algorithms; the counting is over with the first call. */
  digests(): readonly Digest[];
}

/** A stream hash with these algorithms, all in one pass. */
export function createStreamHash(algorithms: readonly DigestAlgorithm[]): StreamHash {
  const hashes = [...new Set(algorithms)].map((algorithm) => ({algorithm, hash: createHash(algorithm)}));
  let bytes = 0;
  let ended = false;
  let digests: readonly Digest[] | undefined;
  return {
    async *through(chunks) {
      for await (const chunk of chunks) {
        bytes += chunk.length;
        for (const {hash} of hashes) hash.update(chunk);
        yield chunk;
      }
      ended = true;
    },
    bytes: () => bytes,
    ended: () => ended,
    digests: () => (digests ??= hashes.map(({algorithm, hash}) => ({algorithm, hex: hash.digest('hex')}))),
  };
}

/** Reads a stream to its end and gives its digests; rejects with the stream's error. `seen` hears the bytes so far with every chunk. */
export async function hashStream(
  chunks: AsyncIterable<Uint8Array>,
  algorithms: readonly DigestAlgorithm[],
  seen: (bytes: number) => void,
): Promise<{readonly bytes: number; readonly digests: readonly Digest[]}> {
  const streamHash = createStreamHash(algorithms);
  const through = streamHash.through(chunks);
  while ((await through.next()).done !== true) seen(streamHash.bytes());
  return {bytes: streamHash.bytes(), digests: streamHash.digests()};
}
