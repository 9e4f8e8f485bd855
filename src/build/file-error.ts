import {asFileSystemError} from '../host/fs-error.ts';
import type {NamedFolder} from '../host/named-folder.ts';
import {explainFolder} from '../host/named-folder.ts';

/** What was being done when the file system refused. */
export interface Refused {
  readonly path: string;
  /** How much room it needed, where that is known. */
  readonly bytes?: number;
}

const FOLDER: NamedFolder = {
  variable: 'XDG_STATE_HOME',
  purpose: 'a folder of artifacts',
  risk: 'whoever may exchange it decides what is built',
  denied: {code: 'CONFIG', hint: 'run as root, or set XDG_STATE_HOME to a folder that this user may write'},
};

/** What a refusal means for an operator: DISK_FULL with the bytes, CONFIG, else UNAVAILABLE, each with the path. An ImgmgrError stays. */
export function asFileError(error: unknown, {path, bytes}: Refused): unknown {
  return asFileSystemError(error, {path, explain: (refusal) => explainFolder(refusal, FOLDER, bytes)});
}
