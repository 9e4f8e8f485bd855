import type {Explanation, Refusal} from '../host/fs-error.ts';
import {asFileSystemError} from '../host/fs-error.ts';
import type {NamedFolder} from '../host/named-folder.ts';
import {explainFolder} from '../host/named-folder.ts';

const FOLDER: NamedFolder = {
  variable: 'IMGMGR_LOCAL',
  purpose: 'a folder of the local image store',
  risk: 'whoever may exchange the store decides what is in its images',
  denied: {code: 'FORBIDDEN', hint: 'give this user the right to it, or set IMGMGR_LOCAL to a folder of your own'},
};

/**
 * What a refusal of the file system means for an operator: DISK_FULL, FORBIDDEN, CONFIG (the store's folder cannot be one)
 * or UNAVAILABLE, with the path. An ImgmgrError stays what it is.
 */
export function asStoreError(error: unknown, path: string): unknown {
  return asFileSystemError(error, {path, explain});
}

function explain(refusal: Refusal): Explanation {
  if (refusal.kind !== 'read-only') return explainFolder(refusal, FOLDER);
  return {
    code: 'FORBIDDEN',
    message: `${refusal.place} is on a file system that is mounted read-only`,
    hint: 'mount it read-write, or set IMGMGR_LOCAL to a folder on another disk',
  };
}
