import {statfs} from 'node:fs/promises';

/**
 * Types of file systems that other hosts may have mounted, too, or that share no memory between processes: there WAL does not work.
 * https://man7.org/linux/man-pages/man2/statfs.2.html, https://www.sqlite.org/wal.html
 */
const SHARED: Readonly<Record<number, string>> = {
  0x6969: 'nfs',
  0xff534d42: 'cifs',
  0xfe534d42: 'smb2',
  0x517b: 'smb',
  0x65735546: 'fuse',
  0x00c36400: 'ceph',
  0x0bd00bd0: 'lustre',
  0x47504653: 'gpfs',
  0x5346414f: 'afs',
  0x01021997: '9p',
  0x7461636f: 'ocfs2',
  0x01161970: 'gfs2',
};

/** The name of such a file system, where the folder lies on one. */
export function sharedFileSystem(type: number): string | undefined {
  // Node gives the type as the signed number that some kernels have for it.
  return SHARED[type >>> 0];
}

/** {@link sharedFileSystem} of the folder. */
export async function fileSystemOf(folder: string): Promise<string | undefined> {
  return sharedFileSystem((await statfs(folder)).type);
}
