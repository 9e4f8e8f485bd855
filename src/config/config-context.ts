import {isAbsolute, join, resolve} from 'node:path';
import {hasCode} from '../host/fs-error.ts';
import {readRegularFileSync} from '../host/regular-file.ts';

/** No file of settings is larger. */
const LARGEST_TEXT = 64 * 1024 * 1024;

/** Environment variables as the process has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What the choice of the clouds depends on besides the flags; handed in, so that it can be reproduced. */
export interface ConfigContext {
  readonly env: Environment;
  /** Absolute path of the working directory. */
  readonly cwd: string;
  /** Absolute path of the user's home. */
  readonly home: string;
  /** The text of a file; undefined when there is none. Throws (with `code`, as node:fs does) when it cannot be read. */
  readonly readFile: (path: string) => string | undefined;
  /** Is there a file of that name, readable or not? Default: `readFile` finds it. */
  readonly exists?: (path: string) => boolean;
}

/** A variable's value; undefined when it is not set or empty. */
export function variable(env: Environment, name: string): string | undefined {
  return env[name] === '' ? undefined : env[name];
}

/** An XDG base directory; relative values are ignored, as the XDG specification demands. */
export function xdgFolder(env: Environment, name: string, fallback: string): string {
  const folder = variable(env, name);
  return folder !== undefined && isAbsolute(folder) ? folder : fallback;
}

/** The absolute path that a path of the configuration means: `~` is the home, anything relative starts in the working directory. */
export function absolutePath(path: string, {cwd, home}: Pick<ConfigContext, 'cwd' | 'home'>): string {
  if (path === '~') return home;
  return path.startsWith('~/') ? join(home, path.slice(2)) : resolve(cwd, path);
}

/** A text file of this host, as {@link ConfigContext.readFile} promises. */
export function readTextFile(path: string): string | undefined {
  try {
    return new TextDecoder('utf-8', {fatal: true, ignoreBOM: true}).decode(
      readRegularFileSync(path, {maxBytes: LARGEST_TEXT}),
    );
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw error;
  }
}
