import type {ErrorCode} from '../errors.ts';
import type {Explanation, Refusal} from './fs-error.ts';

/** A folder that the operator chooses by an environment variable, and what differs in its sentences. */
export interface NamedFolder {
  readonly variable: string;
  /** `a folder of artifacts`. */
  readonly purpose: string;
  /** What another user could do with it. */
  readonly risk: string;
  /** Where this user has no right to it. */
  readonly denied: {readonly code: ErrorCode; readonly hint: string};
}

/** What a refusal in such a folder means for an operator; `bytes`: how many had to be written, where that is known. */
export function explainFolder(
  {kind, place, code, reason}: Refusal,
  {variable, purpose, risk, denied}: NamedFolder,
  bytes?: number,
): Explanation {
  switch (kind) {
    case 'foreign':
      return {code: 'CONFIG', message: reason, hint: `${risk}; set ${variable} to a folder of this user`};
    case 'full':
      return {
        code: 'DISK_FULL',
        message: `no space left for ${place}${bytes === undefined ? '' : ` (${bytes} bytes)`}`,
        hint: roomHint(variable),
      };
    case 'denied':
    case 'read-only':
      return {...denied, message: `${place} may not be read or written (${code})`};
    case 'no-folder':
      return {
        code: 'CONFIG',
        message: `${place} cannot be ${purpose} (${code})`,
        hint: `set ${variable} to a folder`,
      };
    case 'other':
      return {
        code: 'UNAVAILABLE',
        message: `${place} could not be used: ${reason}`,
        hint: 'look at the disk, then run again',
      };
  }
}

/** The folder for large temporary files. */
const WORK_VARIABLE = 'IMGMGR_BUILD_DIR';

/** What to do where the folder of the variable is full. */
export function roomHint(variable = WORK_VARIABLE): string {
  return `free space there, or set ${variable} to a folder with more room`;
}

/** What to do where the folder for large temporary files could be exchanged by another user. */
export const TRUST_HINT = `set ${WORK_VARIABLE} to a folder of this user that nobody else may write, or set the sticky bit (chmod +t)`;

/** What to do where the folder for large temporary files cannot be written. */
export const WRITABLE_HINT = `set ${WORK_VARIABLE} to a folder that may be written`;
