import type {Digest, DigestAlgorithm} from '../core/release/digest.ts';
import {sameDigest} from '../core/release/digest.ts';
import type {Peeker} from './chunks.ts';
import {createStreamHash} from './stream-hash.ts';

/** The manifest of an OVA: digests of its files, in front of the disk or behind it (OVF 2.1, 5.1). */
export interface OvaManifest {
  /** Reads what lies beside the disk, where it is of use. */
  note(path: string, content: Peeker): Promise<void>;
  /** The disk as it comes by. */
  hashed(path: string, content: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array>;
  /** True where it has another digest of the disk than that which was read. */
  isDisproved(): boolean;
}

/** Whatever is longer is no manifest: a line has a hundred bytes. */
const LONGEST = 64 * 1024;
const LINE = /^(SHA1|SHA256|SHA512) ?\(([^()\n]{1,255})\) ?= ?([0-9a-fA-F]{40,128})$/;
const ALGORITHMS: ReadonlyMap<string, DigestAlgorithm> = new Map([
  ['SHA1', 'sha1'],
  ['SHA256', 'sha256'],
  ['SHA512', 'sha512'],
]);

/** A manifest of which nothing is known yet. */
export function createManifest(): OvaManifest {
  const listed: (Digest & {readonly name: string})[] = [];
  let isOva = false;
  let hasManifest = false;
  let disk: {readonly path: string; readonly digests: () => readonly Digest[]} | undefined;
  return {
    async note(path, content) {
      isOva ||= /\.ovf$/i.test(path);
      if (!/\.mf$/i.test(path)) return;
      hasManifest = true;
      const {head, complete} = await content.peek(LONGEST);
      if (complete) listed.push(...readLines(head.toString('latin1')));
    },
    async *hashed(path, content) {
      const named = listed.filter(({name}) => name === path).map(({algorithm}) => algorithm);
      // A manifest may come behind the disk, and only then says with what it was hashed.
      const algorithms = hasManifest ? named : isOva ? [...ALGORITHMS.values()] : [];
      if (algorithms.length === 0) {
        yield* content;
        return;
      }
      const hash = createStreamHash(algorithms);
      disk = {path, digests: () => hash.digests()};
      yield* hash.through(content);
    },
    isDisproved() {
      const computed = disk?.digests() ?? [];
      return listed.some((line) => {
        const same = computed.find(({algorithm}) => algorithm === line.algorithm);
        return line.name === disk?.path && same !== undefined && !sameDigest(line, same);
      });
    },
  };
}

function readLines(text: string): readonly (Digest & {readonly name: string})[] {
  return text.split('\n').flatMap((line) => {
    const [, word = '', name = '', hex = ''] = LINE.exec(line.trimEnd()) ?? [];
    const algorithm = ALGORITHMS.get(word);
    return algorithm === undefined ? [] : [{algorithm, name, hex: hex.toLowerCase()}];
  });
}
