/** Compressions that are taken off on the way; named by the usual ending. */
export type Compression = 'gz' | 'xz' | 'zst' | 'bz2';

/** What is taken off on the way: compressions, and archives of one disk. */
export type Wrapper = Compression | 'tar' | 'zip';

const MAGIC: Readonly<Record<Compression, readonly number[]>> = {
  gz: [0x1f, 0x8b, 0x08],
  xz: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00],
  zst: [0x28, 0xb5, 0x2f, 0xfd],
  bz2: [0x42, 0x5a, 0x68],
};

/** Bytes that {@link wrapperOf} needs to see: the header of a tar file. */
export const WRAPPER_REACH = 512;

/** What these first bytes show that the image is wrapped in; content decides, never a file's name. */
export function wrapperOf(head: Uint8Array): Wrapper | undefined {
  return compressionOf(head) ?? (isTar(head) ? 'tar' : isZip(head) ? 'zip' : undefined);
}

/** The compression that these first bytes show. */
export function compressionOf(head: Uint8Array): Compression | undefined {
  for (const wrapper of ['gz', 'xz', 'zst', 'bz2'] as const) {
    if (!MAGIC[wrapper].every((byte, index) => head[index] === byte)) continue;
    if (wrapper !== 'bz2' || isBzip2(head)) return wrapper;
  }
  return undefined;
}

/** The mark of POSIX and of GNU. What has the mark of a boot sector, too, is no plain tar file, and is left to be refused as both. */
function isTar(head: Uint8Array): boolean {
  const isBootSector = head[510] === 0x55 && head[511] === 0xaa;
  return head.length >= WRAPPER_REACH && !isBootSector && TAR.every((byte, index) => head[257 + index] === byte);
}

/** The header of a first file; an empty archive has none. */
function isZip(head: Uint8Array): boolean {
  return ZIP.every((byte, index) => head[index] === byte) && !(head[510] === 0x55 && head[511] === 0xaa);
}

const ZIP = [0x50, 0x4b, 0x03, 0x04];
const TAR = [0x75, 0x73, 0x74, 0x61, 0x72];

/** Three letters are no proof: a level digit and the digits of pi (or of its root, when empty) follow. */
function isBzip2(head: Uint8Array): boolean {
  const level = head[3] ?? 0;
  const block = [0x31, 0x41, 0x59, 0x26, 0x53, 0x59];
  const end = [0x17, 0x72, 0x45, 0x38, 0x50, 0x90];
  const follows = (magic: readonly number[]): boolean => magic.every((byte, index) => head[4 + index] === byte);
  return level >= 0x31 && level <= 0x39 && (follows(block) || follows(end));
}
