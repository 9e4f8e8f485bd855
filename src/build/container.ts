import {createHash} from 'node:crypto';
import {readFile, realpath, stat, writeFile} from 'node:fs/promises';
import {delimiter, dirname, isAbsolute, join, resolve, sep} from 'node:path';
import {basesOf} from '../core/build/containerfile.ts';
import type {BuildRequest} from '../ports/image-builder.ts';
import type {ContainerSpec} from '../core/build/spec.ts';
import {ImgmgrError} from '../errors.ts';
import type {Exec} from '../exec.ts';
import {ifThere} from '../host/fs-error.ts';
import {isProgram} from '../host/look.ts';
import {IrregularFileError, readRegularFile} from '../host/regular-file.ts';
import {hashContext} from './container-context.ts';
import {hostPath} from './dib-command.ts';
import type {DibTool} from './tool.ts';
import type {WorkFolder} from './work-folder.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** A program that builds container images. */
export interface ContainerRuntime {
  readonly name: 'podman' | 'docker';
  /** Absolute. */
  readonly command: string;
}

const CONTAINERFILE_BYTES = 1024 * 1024;
/** What marks what a build of ours made in the storage of docker, which other programs use, too. */
const LABEL = 'imgmgr.build';

/** Finds podman, else docker. CONFIG where there is neither. */
export async function findRuntime(env: Env): Promise<ContainerRuntime> {
  const folders = hostPath(env)
    .split(delimiter)
    .filter((folder) => isAbsolute(folder));
  for (const name of ['podman', 'docker'] as const)
    for (const folder of folders) if (await isProgram(join(folder, name))) return {name, command: join(folder, name)};
  throw new ImgmgrError('CONFIG', 'build.containerfile needs podman or docker, and this host has neither', {
    hint: 'Debian: apt install podman',
  });
}

/** What is needed to read the inputs of a container. */
export interface ContainerRequest {
  readonly exec: Exec;
  readonly env: Env;
  readonly baseDir: string;
  readonly tool: DibTool;
}

/**
 * What decides what a container becomes: the Containerfile, its context, its arguments, and each image that it begins with by its digest.
 * DEFINITION where a file is not there or outside of the definition's folder, or an image is neither pinned nor on this host.
 */
export async function containerInputs(spec: ContainerSpec, request: ContainerRequest): Promise<Record<string, string>> {
  await refuseOldElement(request.tool);
  const {file, context} = await places(spec, request.baseDir);
  const text = await readContainerfile(file);
  const {images, variable, unread} = basesOf(text);
  if (unread)
    throw new ImgmgrError(
      'DEFINITION',
      `the Containerfile has ${unread.text}, with which imgmgr cannot tell its base images`,
      {
        place: `${file}:${unread.line}`,
        hint: 'write it with backslashes and && alone, or put the lines into a script that is copied',
      },
    );
  if (variable)
    throw new ImgmgrError('DEFINITION', `a base image is named by a variable, ${variable.text}`, {
      place: `${file}:${variable.line}`,
      hint: 'write the image out, so that what is built from it has one digest',
    });
  const runtime = await findRuntime(request.env);
  const bases: [string, string][] = [];
  for (const image of images) bases.push([`base/${image}`, await digestOf(image, {...request, file, runtime})]);
  return {
    containerfile: createHash('sha256').update(text).digest('hex'),
    context: await hashContext(context),
    ...Object.fromEntries(Object.entries(spec.args).map(([name, value]) => [`build_args/${name}`, value])),
    ...Object.fromEntries(bases),
  };
}

/**
 * Puts copies of Containerfile and context into the work folder, beside a command that goes between diskimage-builder and the runtime, and
 * gives the variables of the element. All that podman makes is in the work folder, so that it goes with it.
 */
export async function prepareContainer(
  spec: ContainerSpec,
  of: Pick<BuildRequest, 'baseDir' | 'signal'> & {
    readonly exec: Exec;
    readonly env: Env;
    readonly folder: WorkFolder;
  },
): Promise<Record<string, string>> {
  const {exec, env, folder, baseDir, signal} = of;
  const runtime = await findRuntime(env);
  const {file, context} = await places(spec, baseDir);
  const copy = {file: join(folder.path, 'Containerfile'), context: join(folder.path, 'context')};
  await writeFile(copy.file, await readContainerfile(file), {mode: 0o600});
  const copied = await exec.run('cp', ['-a', '--', context, copy.context], {signal});
  if (copied.exitCode !== 0)
    throw new ImgmgrError('BUILD_FAILED', `the context ${context} could not be copied: ${copied.stderr.trim()}`, {
      hint: 'see that there is room for it, and that nothing changes in it while it is built',
    });
  const exported: Record<string, string> = {};
  if (runtime.name === 'podman') {
    exported['CONTAINERS_STORAGE_CONF'] = join(folder.path, 'storage.conf');
    await writeFile(exported['CONTAINERS_STORAGE_CONF'], await storageOf(runtime, {exec, folder}), {mode: 0o600});
  } else await removeLeftovers(runtime, exec);
  for (const name of ['BUILDAH_ISOLATION', 'REGISTRY_AUTH_FILE', 'DOCKER_HOST']) {
    const value = env[name];
    if (value !== undefined && value !== '') exported[name] = value;
  }
  const options = [`--label=${LABEL}=${folder.path}`];
  for (const [name, value] of Object.entries(spec.args)) options.push(`--build-arg=${name}=${value}`);
  await writeFile(join(folder.bin, runtime.name), wrapperScript(runtime.command, {exported, options}), {mode: 0o755});
  return {
    DIB_CONTAINERFILE_RUNTIME: runtime.name,
    DIB_CONTAINERFILE_DOCKERFILE: copy.file,
    DIB_CONTAINER_CONTEXT: copy.context,
  };
}

/** Both by their real paths, and neither outside of the definition's folder. */
async function places(
  spec: ContainerSpec,
  baseDir: string,
): Promise<{readonly file: string; readonly context: string}> {
  const base = await realpath(baseDir);
  const within = async (named: string, what: string): Promise<string> => {
    const path = resolve(base, named);
    const real = await realpath(path).catch((cause: unknown) => {
      throw new ImgmgrError('DEFINITION', `the ${what} ${path} is not there`, {
        cause,
        hint: 'paths are relative to the definition file',
      });
    });
    if (real === base || real.startsWith(base === sep ? sep : `${base}${sep}`)) return real;
    throw new ImgmgrError('DEFINITION', `the ${what} ${named} is outside of the definition's folder: ${real}`, {
      hint: `put it below ${base}`,
    });
  };
  const file = await within(spec.file, 'Containerfile');
  return {file, context: await within(spec.context ?? dirname(file), 'context')};
}

async function readContainerfile(file: string): Promise<string> {
  try {
    return (await readRegularFile(file, {maxBytes: CONTAINERFILE_BYTES, follow: false})).toString('utf8');
  } catch (cause) {
    const reason = cause instanceof IrregularFileError ? cause.message : 'cannot be read';
    throw new ImgmgrError('DEFINITION', `the Containerfile ${file} ${reason}`, {cause, hint: 'name a file of text'});
  }
}

/** Older elements know podman alone, and other variables. */
async function refuseOldElement(tool: DibTool): Promise<void> {
  const hook = join(tool.elements, 'containerfile', 'root.d', '08-containerfile');
  const text = await readFile(hook, 'utf8').catch(() => '');
  if (['DOCKERFILE', 'RUNTIME'].every((name) => text.includes(`DIB_CONTAINERFILE_${name}`))) return;
  throw new ImgmgrError(
    'UNSUPPORTED',
    `diskimage-builder ${tool.version} has no element containerfile that imgmgr can use`,
    {hint: 'install 3.33.0 or later, and set IMGMGR_DIB to it'},
  );
}

function isPinned(image: string): boolean {
  return /@sha256:[0-9a-f]{64}$/.test(image);
}

async function digestOf(
  image: string,
  {exec, file, runtime}: {readonly exec: Exec; readonly file: string; readonly runtime: ContainerRuntime},
): Promise<string> {
  if (isPinned(image)) return image;
  const {exitCode, stdout} = image.startsWith('-')
    ? {exitCode: 1, stdout: ''}
    : await exec.run(runtime.command, ['image', 'inspect', '--format', '{{.Id}}', image], {timeoutMs: 60_000});
  const id = /^(?:sha256:)?([0-9a-f]{64})$/.exec(stdout.trim())?.[1];
  if (exitCode === 0 && id !== undefined) return id;
  throw new ImgmgrError('DEFINITION', `the base image ${image} is neither pinned by a digest nor on this host`, {
    place: file,
    hint: `write ${image.replace(/:[^/:]*$/, '')}@sha256:… for it, or fetch it first: ${runtime.name} pull ${image}`,
  });
}

/** A storage of its own, which sees the images of the host and changes none. */
async function storageOf(
  runtime: ContainerRuntime,
  {exec, folder}: {readonly exec: Exec; readonly folder: WorkFolder},
): Promise<string> {
  const format = '{{.Store.GraphDriverName}} {{.Store.GraphRoot}}';
  const {exitCode, stdout, stderr} = await exec.run(runtime.command, ['info', '--format', format], {
    timeoutMs: 60_000,
  });
  const [, driver, host] = /^([a-z]+) (\/[^"\n]*)$/.exec(stdout.trim()) ?? [];
  if (exitCode !== 0 || driver === undefined || host === undefined)
    throw new ImgmgrError('UNSUPPORTED', `podman does not work on this host: ${stderr.trim() || stdout.trim()}`, {
      hint: 'see what podman info says',
    });
  const quoted = (text: string): string => JSON.stringify(text);
  return [
    '[storage]',
    `driver = ${quoted(driver)}`,
    `graphroot = ${quoted(join(folder.tmp, 'containers'))}`,
    `runroot = ${quoted(join(folder.tmp, 'containers-run'))}`,
    '[storage.options]',
    `additionalimagestores = [${quoted(host)}]`,
    '',
  ].join('\n');
}

/** What killed builds left in the storage of docker: what is labelled with a work folder that is no more. */
export async function removeLeftovers({command}: Pick<ContainerRuntime, 'command'>, exec: Exec): Promise<void> {
  const ask = async (...args: readonly string[]): Promise<readonly string[]> =>
    (await exec.run(command, args, {timeoutMs: 60_000})).stdout.split('\n');
  const format = `{{.Id}} {{index .Config.Labels "${LABEL}"}}`;
  for (const [list, remove] of [
    [['ps', '-aq'], 'rm'],
    [['images', '-q'], 'rmi'],
  ] as const) {
    const ids = (await ask(...list, '--filter', `label=${LABEL}`)).filter((id) => /^[0-9a-f]{8,64}$/.test(id));
    if (ids.length === 0) continue;
    for (const line of await ask('inspect', '--format', format, ...ids)) {
      const [, id, folder] = /^((?:sha256:)?[0-9a-f]{64}) (\/.*)$/.exec(line) ?? [];
      if (id === undefined || folder === undefined || (await isThere(folder))) continue;
      await ask(remove, '-f', id);
    }
  }
}

async function isThere(folder: string): Promise<boolean> {
  return (await ifThere(stat(folder), 'ENOTDIR')) !== undefined;
}

/** Adds what diskimage-builder does not pass on. What it would run is only made: its file system is all that is wanted, and nothing is started. */
function wrapperScript(
  command: string,
  {exported, options}: {readonly exported: Readonly<Record<string, string>>; readonly options: readonly string[]},
): string {
  return `#!/bin/sh
${Object.entries(exported)
  .map(([name, value]) => `export ${name}=${shellWord(value)}\n`)
  .join('')}case \${1:-} in
  build) shift; exec ${shellWord(command)} build ${options.map(shellWord).join(' ')} "$@" ;;
  run)
    shift
    left=$#
    while [ "$left" -gt 0 ]; do
      word=$1
      shift
      [ "$word" = -d ] || set -- "$@" "$word"
      left=$((left - 1))
    done
    exec ${shellWord(command)} create "$@"
    ;;
esac
exec ${shellWord(command)} "$@"
`;
}

function shellWord(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
