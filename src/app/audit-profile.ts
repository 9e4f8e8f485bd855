import {builtInProfile} from '../core/rules/profile.ts';
import type {Profile} from '../core/rules/profile.ts';
import type {ProfileName} from '../core/rules/rule-text.ts';
import type {AppPorts} from './ports.ts';

/** A built-in profile of the audit, or the operator's file that extends one. */
export type ProfileChoice = {readonly name: ProfileName} | {readonly file: string};

/** The profile of a request, as of a time. CONFIG with all problems of the file. */
export async function chosenProfile(
  chosen: ProfileChoice,
  {files}: Pick<AppPorts, 'files'>,
  now: Date,
): Promise<Profile> {
  return 'file' in chosen ? files.auditProfile(chosen.file, now) : builtInProfile(chosen.name);
}
