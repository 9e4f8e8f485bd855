import {join} from 'node:path';
import {ImgmgrError} from '../errors.ts';
import {absolutePath, variable, xdgFolder} from './config-context.ts';
import type {Environment} from './config-context.ts';

/** The definitions that are named: by `--images`, else by `IMGMGR_IMAGES`; undefined where neither is given. */
export function namedImages(flags: readonly string[], env: Environment): readonly string[] | undefined {
  if (flags.length > 0) return flags;
  const own = variable(env, 'IMGMGR_IMAGES');
  return own === undefined ? undefined : [own];
}

/** Where definitions are looked for when none are named, in this order: here, with the settings of the user, with those of the host. */
export function imagesFolders(env: Environment, home: string): readonly string[] {
  const ofUser = join(xdgFolder(env, 'XDG_CONFIG_HOME', join(home, '.config')), 'imgmgr', 'images');
  return ['images', ofUser, '/etc/imgmgr/images'];
}

/** The folder of evidence, logs and reports: `$XDG_STATE_HOME/imgmgr` where that is set, `/var/lib/imgmgr` for root, else below the home. */
export function stateDir(env: Environment, home: string, uid: number): string {
  const usual = uid === 0 ? '/var/lib' : join(home, '.local', 'state');
  return join(xdgFolder(env, 'XDG_STATE_HOME', usual), 'imgmgr');
}

/** Where large temporary files are made, as those of builds: `IMGMGR_BUILD_DIR`, else `/var/tmp`, which outlives a memory file system. */
export function workDir(env: Environment, {home, cwd}: {readonly home: string; readonly cwd: string}): string {
  const own = variable(env, 'IMGMGR_BUILD_DIR');
  return own === undefined ? '/var/tmp' : absolutePath(own, {home, cwd});
}

/**
 * Where logins of container registries are looked for, as podman and skopeo do: the file that `REGISTRY_AUTH_FILE` names, else the first of
 * podman's and docker's own.
 */
export function registryLogins(
  env: Environment,
  {home, cwd}: {readonly home: string; readonly cwd: string},
): {readonly named?: string; readonly others: readonly string[]} {
  const named = variable(env, 'REGISTRY_AUTH_FILE');
  const runtime = variable(env, 'XDG_RUNTIME_DIR');
  const docker = variable(env, 'DOCKER_CONFIG') ?? `${home}/.docker`;
  return {
    ...(named !== undefined && {named: absolutePath(named, {home, cwd})}),
    others: [
      ...(runtime === undefined ? [] : [`${absolutePath(runtime, {home, cwd})}/containers/auth.json`]),
      `${absolutePath(docker, {home, cwd})}/config.json`,
    ],
  };
}

/** The folder of the guest agents that `IMGMGR_AGENTS` names; undefined: where the build put them. */
export function agentFolder(
  env: Environment,
  {home, cwd}: {readonly home: string; readonly cwd: string},
): string | undefined {
  const own = variable(env, 'IMGMGR_AGENTS');
  return own === undefined ? undefined : absolutePath(own, {home, cwd});
}

/** The folder of `--cloud local`: `IMGMGR_LOCAL`, else `$XDG_DATA_HOME/imgmgr/local`. */
export function localDir(env: Environment, {home, cwd}: {readonly home: string; readonly cwd: string}): string {
  const own = variable(env, 'IMGMGR_LOCAL');
  if (own !== undefined) return absolutePath(own, {home, cwd});
  return join(xdgFolder(env, 'XDG_DATA_HOME', join(home, '.local', 'share')), 'imgmgr', 'local');
}

/**
 * Whether sources or clouds are reached through the proxies of `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`: yes, unless
 * `IMGMGR_SOURCE_PROXY` or `IMGMGR_CLOUD_PROXY` is `off`. Throws CONFIG for any other value but `on`.
 */
export function proxyFor(side: 'source' | 'cloud', env: Environment): 'environment' | 'none' {
  const name = side === 'source' ? 'IMGMGR_SOURCE_PROXY' : 'IMGMGR_CLOUD_PROXY';
  const value = variable(env, name) ?? 'on';
  if (value === 'on') return 'environment';
  if (value === 'off') return 'none';
  throw new ImgmgrError('CONFIG', `${name} is "${value}"`, {
    place: `environment variable ${name}`,
    hint: 'set it to off to go without the proxy, or to on',
  });
}

/**
 * The id that this run is to have: `IMGMGR_RUN_ID`, a UUID that a server gives to what it starts; undefined: a new one. CONFIG for what is
 * none.
 */
export function givenRunId(env: Environment): string | undefined {
  const id = variable(env, 'IMGMGR_RUN_ID');
  if (id === undefined || /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)) return id;
  throw new ImgmgrError('CONFIG', 'IMGMGR_RUN_ID is no id of a run', {
    place: 'environment variable IMGMGR_RUN_ID',
    hint: 'leave it out: imgmgr serve sets it, a UUID in lower case',
  });
}

/** For whom a server starts this run: `IMGMGR_REQUESTED_BY`, a name of at most 200 characters; undefined: for nobody. */
export function requestedBy(env: Environment): string | undefined {
  return variable(env, 'IMGMGR_REQUESTED_BY')?.slice(0, 200);
}
