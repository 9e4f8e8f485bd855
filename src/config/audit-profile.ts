import {readProfile} from '../core/rules/profile-file.ts';
import type {Profile} from '../core/rules/profile.ts';
import {formatPosition, ImgmgrError} from '../errors.ts';
import {readRegularFile, unreadable} from '../host/regular-file.ts';
import {parseYaml} from './yaml.ts';

/** No profile is larger. */
const LARGEST_FILE = 1024 ** 2;

/** An operator's profile of the audit, as of `now`. CONFIG with all problems at once; `shown` is how messages call the file. */
export async function readAuditProfile(
  path: string,
  {shown, now}: {readonly shown: string; readonly now: Date},
): Promise<Profile> {
  const {root, problems: syntax} = parseYaml(await textOf(path, shown), shown);
  if (!root && syntax.length === 0)
    throw new ImgmgrError('CONFIG', `the profile ${shown} is empty`, {
      hint: 'write "extends: scs-v1" and what differs',
    });
  const read = root && readProfile(root, now.getTime());
  const problems = [...syntax, ...(read?.problems ?? [])];
  const [first] = problems;
  if (read && first === undefined) return read.profile;
  throw new ImgmgrError('CONFIG', first?.message ?? 'the profile cannot be read', {
    problems,
    ...(first && {place: formatPosition(first.place)}),
    ...(first?.hint !== undefined && {hint: first.hint}),
  });
}

async function textOf(path: string, shown: string): Promise<string> {
  try {
    const bytes = await readRegularFile(path, {maxBytes: LARGEST_FILE});
    return new TextDecoder('utf-8', {fatal: true, ignoreBOM: true}).decode(bytes);
  } catch (cause) {
    const reason = cause instanceof TypeError ? 'is not encoded in UTF-8' : unreadable(cause);
    throw new ImgmgrError('CONFIG', `the profile ${shown} ${reason}`, {
      cause,
      hint: 'name openstack, scs-v1, scs-v2, or a file that extends one of them',
    });
  }
}
