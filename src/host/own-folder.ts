import {basename, dirname} from 'node:path';
import {hasCode} from './fs-error.ts';
import {Pinned} from './pinned.ts';
import {othersMayExchange} from './trusted-folder.ts';

/**
 * Opens a folder that only this user can have made and filled: a real folder of this user with mode 0700, on the same mount as the
 * folder that it lies in, where nobody else can put another in its place. (`readable`: others may look into it, not write.) `gone` when there is none; else why it is not such a folder.
 */
export function openOwnFolder(
  path: string,
  {readable = false}: {readonly readable?: boolean} = {},
): Pinned | 'gone' | {readonly refusal: string} {
  const parent = openFolder(dirname(path));
  if (parent === undefined) return 'gone';
  try {
    if (othersMayExchange(parent)) return {refusal: `other users may exchange what lies in ${dirname(path)}`};
    const held = new Pinned(`${parent.path}/${basename(path)}`);
    const refusal = refusalOf(held, {parent, forbidden: readable ? 0o022 : 0o077});
    if (refusal === undefined) return held;
    held.close();
    return {refusal};
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return 'gone';
    if (hasCode(error, 'EACCES', 'ENOTCONN', 'ESTALE', 'EIO')) return {refusal: `it cannot be opened (${error.code})`};
    throw error;
  } finally {
    parent.close();
  }
}

/** Any folder, held open; undefined when it is not there. */
export function openFolder(path: string): Pinned | undefined {
  try {
    return new Pinned(`${path}/.`);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

function refusalOf(
  held: Pinned,
  {parent, forbidden}: {readonly parent: Pinned; readonly forbidden: number},
): string | undefined {
  if (held.isLink) return 'it is a symbolic link';
  if (!held.isFolder) return 'it is no folder';
  if (held.uid !== process.getuid?.()) return `it belongs to another user (uid ${held.uid})`;
  if ((held.mode & forbidden) !== 0) return `others may use it (mode ${held.mode.toString(8).padStart(4, '0')})`;
  if (held.mountId !== parent.mountId) return 'something else is mounted there';
  return undefined;
}
