import type {Explanation, Refusal} from '../host/fs-error.ts';
import {asFileSystemError} from '../host/fs-error.ts';

/** What was being done when the file system refused. */
export interface Refused {
  readonly path: string;
  /** How much room it needed, where that is known. */
  readonly bytes?: number;
}

/** What a refusal means for an operator: DISK_FULL with the bytes, CONFIG, else UNAVAILABLE, each with the path. An ImgmgrError stays. */
export function asFileError(error: unknown, {path, bytes}: Refused): unknown {
  return asFileSystemError(error, {path, explain: (refusal) => explain(refusal, bytes)});
}

function explain({kind, place, code, reason}: Refusal, bytes: number | undefined): Explanation {
  switch (kind) {
    case 'foreign':
      return {
        code: 'CONFIG',
        message: reason,
        hint: 'whoever may exchange it decides what is built; set XDG_STATE_HOME to a folder of this user',
      };
    case 'full':
      return {
        code: 'DISK_FULL',
        message: `no space left for ${place}${bytes === undefined ? '' : ` (${bytes} bytes)`}`,
        hint: 'free space there, or set XDG_STATE_HOME to a folder with more room',
      };
    case 'denied':
    case 'read-only':
      return {
        code: 'CONFIG',
        message: `${place} may not be read or written (${code})`,
        hint: 'run as root, or set XDG_STATE_HOME to a folder that this user may write',
      };
    case 'no-folder':
      return {
        code: 'CONFIG',
        message: `${place} cannot be a folder of artifacts (${code})`,
        hint: 'set XDG_STATE_HOME to a folder',
      };
    case 'other':
      return {
        code: 'UNAVAILABLE',
        message: `${place} could not be used: ${reason}`,
        hint: 'look at the disk, then run again',
      };
  }
}
