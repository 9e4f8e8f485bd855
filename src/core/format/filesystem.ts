import type {Prefix} from './prefix.ts';

/** A file system that begins where a boot sector or a partition table would be. */
export type BareFilesystem = 'ext2/3/4' | 'XFS' | 'SquashFS' | 'FAT';

/** Names and what stands where; FAT has the signature of a boot sector, too. */
const MARKS: readonly (readonly [BareFilesystem, (head: Prefix) => boolean])[] = [
  ['XFS', (head) => head.is(0, 'XFSB')],
  ['SquashFS', (head) => head.is(0, 'hsqs')],
  ['ext2/3/4', (head) => head.is(0x438, [0x53, 0xef])],
  ['FAT', (head) => head.is(510, [0x55, 0xaa]) && (head.is(0x36, 'FAT') || head.is(0x52, 'FAT32'))],
];

/** The file system that fills the disk from its first byte on; undefined where none is known. */
export function filesystemOf(head: Prefix): BareFilesystem | undefined {
  return MARKS.find(([, has]) => has(head))?.[0];
}
