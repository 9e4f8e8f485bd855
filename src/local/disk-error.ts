import type {Explanation, Refusal} from '../host/fs-error.ts';
import {asFileSystemError} from '../host/fs-error.ts';

/**
 * What a refusal of the file system means for an operator: DISK_FULL, FORBIDDEN, CONFIG (the store's folder cannot be one)
 * or UNAVAILABLE, with the path. An ImgmgrError stays what it is.
 */
export function asStoreError(error: unknown, path: string): unknown {
  return asFileSystemError(error, {path, explain});
}

function explain({kind, place, code, reason}: Refusal): Explanation {
  switch (kind) {
    case 'foreign':
      return {
        code: 'CONFIG',
        message: reason,
        hint: 'whoever may exchange the store decides what is in its images; set IMGMGR_LOCAL to a folder of this user',
      };
    case 'full':
      return {
        code: 'DISK_FULL',
        message: `no space left for ${place}`,
        hint: 'free space there, or set IMGMGR_LOCAL to a folder with more room',
      };
    case 'read-only':
      return {
        code: 'FORBIDDEN',
        message: `${place} is on a file system that is mounted read-only`,
        hint: 'mount it read-write, or set IMGMGR_LOCAL to a folder on another disk',
      };
    case 'denied':
      return {
        code: 'FORBIDDEN',
        message: `${place} may not be read or written (${code})`,
        hint: 'give this user the right to it, or set IMGMGR_LOCAL to a folder of your own',
      };
    case 'no-folder':
      return {
        code: 'CONFIG',
        message: `${place} cannot be a folder of the local image store (${code})`,
        hint: 'set IMGMGR_LOCAL to a folder',
      };
    case 'other':
      return {
        code: 'UNAVAILABLE',
        message: `${place} could not be used: ${reason}`,
        hint: 'look at the disk, then run again',
      };
  }
}
