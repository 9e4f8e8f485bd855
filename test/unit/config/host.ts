import type {CloudRequest} from '../../../src/config/clouds.ts';
import {selectClouds} from '../../../src/config/clouds.ts';
import type {OpenStackCloud, ResolvedCloud} from '../../../src/core/resolved-cloud.ts';
import {ImgmgrError} from '../../../src/errors.ts';

/** A host as far as the choice of clouds sees it: files by path (an Error: it cannot be read) and variables. */
export interface Host {
  readonly files?: Readonly<Record<string, string | Error>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly requested?: readonly string[];
  /** What `--region` says. */
  readonly region?: string;
  /** The flag that names them; `--cloud` by default. */
  readonly by?: string;
}

export function request({files = {}, env = {}, requested = [], region, by}: Host): CloudRequest {
  const readFile = (path: string): string | undefined => {
    const found = Object.hasOwn(files, path) ? files[path] : undefined;
    if (found instanceof Error) throw found;
    return found;
  };
  const flags = {...(region !== undefined && {region}), ...(by !== undefined && {by})};
  return {requested, ...flags, env, cwd: '/work', home: '/home/op', readFile};
}

export function select(host: Host): ResolvedCloud[] {
  return selectClouds(request(host));
}

/** The one OpenStack cloud that comes of it. */
export function resolve(host: Host): OpenStackCloud {
  const [cloud, ...others] = select(host);
  if (cloud?.kind !== 'openstack' || others.length > 0) throw new Error('expected one OpenStack cloud');
  return cloud;
}

/** The error that comes of it. */
export function refusal(run: () => unknown): ImgmgrError {
  try {
    run();
  } catch (error) {
    if (error instanceof ImgmgrError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

/** Error text as an operator sees it, all of it. */
export function textOf({message, place, hint, problems}: ImgmgrError): string {
  const others = problems.map((problem) => `${problem.message} ${problem.hint ?? ''}`);
  return [message, `at ${place ?? '-'}`, `hint: ${hint ?? '-'}`, ...others].join(' | ');
}

export function denied(code: string): Error {
  return Object.assign(new Error(`${code}: no`), {code});
}

/** Entry `a` in /work/clouds.yaml, one line each, the first on line 3. */
export function entry(...lines: readonly string[]): Host {
  return {files: {'/work/clouds.yaml': ['clouds:', '  a:', ...lines.map((line) => `    ${line}`)].join('\n')}};
}

export const LOGIN = 'auth_url: https://k.example/v3, user_id: u, password: s3cret, project_id: p';
