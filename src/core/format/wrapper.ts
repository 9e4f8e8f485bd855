/** Compressions that are taken off on the way; named by the usual ending. */
export type Wrapper = 'gz' | 'xz' | 'zst' | 'bz2';

const MAGIC: Readonly<Record<Wrapper, readonly number[]>> = {
  gz: [0x1f, 0x8b, 0x08],
  xz: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00],
  zst: [0x28, 0xb5, 0x2f, 0xfd],
  bz2: [0x42, 0x5a, 0x68],
};

/** Bytes that {@link wrapperOf} needs to see. */
export const WRAPPER_REACH = 10;

/** The compression that these first bytes show; content decides, never a file's name. */
export function wrapperOf(head: Uint8Array): Wrapper | undefined {
  for (const wrapper of ['gz', 'xz', 'zst', 'bz2'] as const) {
    if (!MAGIC[wrapper].every((byte, index) => head[index] === byte)) continue;
    if (wrapper !== 'bz2' || isBzip2(head)) return wrapper;
  }
  return undefined;
}

/** Three letters are no proof: a level digit and the digits of pi (or of its root, when empty) follow. */
function isBzip2(head: Uint8Array): boolean {
  const level = head[3] ?? 0;
  const block = [0x31, 0x41, 0x59, 0x26, 0x53, 0x59];
  const end = [0x17, 0x72, 0x45, 0x38, 0x50, 0x90];
  const follows = (magic: readonly number[]): boolean => magic.every((byte, index) => head[4 + index] === byte);
  return level >= 0x31 && level <= 0x39 && (follows(block) || follows(end));
}
