import {homedir} from 'node:os';
import {ImgmgrError} from '../errors.ts';
import type {Environment} from './config-context.ts';

/**
 * The home of this user: HOME, else what the list of users says. One that neither knows, as in many containers, is CONFIG, unless the
 * folders that would be below it are named.
 */
export function homeFolder(env: Environment, home: () => string = homedir): string {
  const named = env['HOME'];
  if (named !== undefined && named !== '') return named;
  try {
    return home();
  } catch (cause) {
    if (env['XDG_STATE_HOME'] !== undefined && env['XDG_DATA_HOME'] !== undefined) return '/';
    throw new ImgmgrError(
      'CONFIG',
      `HOME is not set, and the user with the id ${process.getuid?.() ?? '?'} has no entry with a home`,
      {
        cause,
        hint: 'set HOME to a folder that this user may write',
      },
    );
  }
}
