import {lstatSync} from 'node:fs';
import {join} from 'node:path';
import type {Command} from 'commander';
import {absolutePath, xdgFolder} from '../../config/config-context.ts';
import {homeFolder} from '../../config/home.ts';
import {hasCode} from '../../host/fs-error.ts';
import type {Env} from '../io.ts';
import type {Settings} from './read.ts';

/** Where settings are looked for. */
export interface SettingsSearch {
  readonly env: Env;
  /** The file of `--config`, which is the only one then. */
  readonly config: string | undefined;
  readonly program: Command;
  /** The file of the host; default: `/etc/imgmgr/imgmgr.yml`. */
  readonly system?: string;
}

/**
 * Reads the settings of the host and of the user, or the one file that is named; undefined where there is none. What reads them is loaded
 * only where there is a file. CONFIG with every problem and its place.
 */
export async function loadSettings(search: SettingsSearch): Promise<Settings | undefined> {
  const {env, program} = search;
  const paths = settingsPaths(search);
  if (paths.length === 0) return undefined;
  const [{readSettingsFile, requireSecretFile, settingsPath}, {readSettings}] = await Promise.all([
    import('../../config/settings-files.ts'),
    import('./read.ts'),
  ]);
  const resolve = (path: string, file: string): string => settingsPath(path, {file, home: homeFolder(env)});
  const files = await Promise.all(paths.map((path) => readSettingsFile(path)));
  return readSettings(files, {program, resolve, requireSecret: requireSecretFile});
}

/** The files that are there, the host's before the user's; a named one in any case. */
function settingsPaths({env, config, system = '/etc/imgmgr/imgmgr.yml'}: SettingsSearch): readonly string[] {
  if (config !== undefined) return [absolutePath(config, {cwd: process.cwd(), home: homeFolder(env)})];
  const user = join(xdgFolder(env, 'XDG_CONFIG_HOME', join(homeFolder(env), '.config')), 'imgmgr', 'imgmgr.yml');
  return [system, user].filter(isThere);
}

/** A file that may not be looked at is there: what it says must not be left out without a word. */
function isThere(path: string): boolean {
  try {
    return lstatSync(path, {throwIfNoEntry: false}) !== undefined;
  } catch (error) {
    return !hasCode(error, 'ENOTDIR');
  }
}
