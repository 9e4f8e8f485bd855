import {dirname} from 'node:path';
import type {YamlNode} from '../core/definition/yaml-node.ts';
import type {Problem} from '../errors.ts';
import {ImgmgrError} from '../errors.ts';
import {hasCode} from '../host/fs-error.ts';
import {readRegularFile, unreadable} from '../host/regular-file.ts';
import {isOutOfReach, requireSecretFile} from '../host/trusted-folder.ts';
import {absolutePath} from './config-context.ts';
import {parseYaml} from './yaml.ts';

export {requireSecretFile};

/** No file of settings is larger. */
const LARGEST_FILE = 1024 ** 2;

/** A settings file that was read. */
export interface SettingsFile {
  /** Absolute. */
  readonly path: string;
  /** Absent where the file is empty, or no YAML. */
  readonly root?: YamlNode;
  readonly problems: readonly Problem[];
}

/**
 * Reads a settings file; `path` is absolute. CONFIG where it cannot be read, or where another user could write to it or exchange it: it
 * decides what becomes public.
 */
export async function readSettingsFile(path: string): Promise<SettingsFile> {
  const hint = 'correct its path or its rights; --config names another file';
  try {
    if (!(await isOutOfReach(path)))
      throw new ImgmgrError(
        'CONFIG',
        `other users could change the settings file ${path}, or put another in its place`,
        {
          place: path,
          hint: 'it, the folders above it and links to it have to belong to this user or root, and nobody else may write there',
        },
      );
    const bytes = await readRegularFile(path, {maxBytes: LARGEST_FILE});
    const text = new TextDecoder('utf-8', {fatal: true, ignoreBOM: true}).decode(bytes);
    return {path, ...parseYaml(text, path)};
  } catch (cause) {
    if (cause instanceof ImgmgrError) throw cause;
    throw new ImgmgrError('CONFIG', `the settings file ${path} ${reasonOf(cause)}`, {cause, hint});
  }
}

/** The absolute path of a path in a settings file: relative ones start from its folder. */
export function settingsPath(path: string, {file, home}: {readonly file: string; readonly home: string}): string {
  return absolutePath(path, {cwd: dirname(file), home});
}

function reasonOf(cause: unknown): string {
  if (cause instanceof TypeError) return 'is not encoded in UTF-8';
  if (hasCode(cause, 'ENOENT', 'ENOTDIR')) return 'does not exist';
  if (hasCode(cause, 'EACCES', 'EPERM')) return 'may not be read by this user';
  return unreadable(cause);
}
