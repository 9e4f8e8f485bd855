import {delimiter, dirname, join} from 'node:path';
import type {BuildSpec, Machine} from '../core/build/spec.ts';
import {DIB_ARCH} from '../core/build/spec.ts';
import type {DibTool} from './tool.ts';
import type {WorkFolder} from './work-folder.ts';

/** What diskimage-builder is started with. */
export interface DibCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** What the command line and the environment are made of. */
export interface DibRequest {
  readonly tool: DibTool;
  readonly spec: BuildSpec;
  readonly machine: Machine;
  readonly folder: WorkFolder;
  /** Folders with elements besides diskimage-builder's own; the first that has one wins. */
  readonly elementsPaths: readonly string[];
  /** `DIB_IMAGE_CACHE`. */
  readonly imageCache: string;
  /** The environment of this process: PATH, HOME and proxies are taken from it. */
  readonly hostEnv: Readonly<Record<string, string | undefined>>;
  /** More variables for the elements; what the definition says wins over them. */
  readonly extraEnv: Readonly<Record<string, string>>;
}

/** The output of a build without its suffix: `image.qcow2`, `image.raw`, `image.d/` stand beside each other in the folder `out`. */
export const IMAGE_NAME = 'image';

const PROXIES = ['http_proxy', 'https_proxy', 'ftp_proxy', 'no_proxy'];
const FOLDERS = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** How diskimage-builder is called for a definition. */
export function dibCommand(request: DibRequest): DibCommand {
  const {tool, spec, machine, folder} = request;
  return {
    command: tool.command,
    args: [
      ...['-a', DIB_ARCH[machine], '-t', spec.formats.join(','), '--no-tmpfs', '-o', join(folder.out, IMAGE_NAME)],
      ...(spec.packages.length === 0 ? [] : ['-p', spec.packages.join(',')]),
      ...(spec.sizeGib === undefined ? [] : ['--image-size', String(spec.sizeGib)]),
      ...(spec.mkfsOptions === undefined ? [] : ['--mkfs-options', spec.mkfsOptions]),
      ...(spec.compress ? [] : ['-u']),
      ...(spec.container === undefined ? [] : ['containerfile']),
      ...spec.elements.filter((name) => spec.container === undefined || name !== 'containerfile'),
    ],
    env: environment(request),
  };
}

/** The PATH of builds: the host's, and where Debian keeps the tools of root. */
export function hostPath(hostEnv: DibRequest['hostEnv']): string {
  const named = (hostEnv['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return [...new Set([...named, ...FOLDERS])].join(delimiter);
}

/** Ours come last: with another TMP_DIR nobody could find what a build left, without output nobody could see how it ended. */
function environment({
  tool,
  spec,
  folder,
  elementsPaths,
  imageCache,
  hostEnv,
  extraEnv,
}: DibRequest): Record<string, string> {
  return {
    ...proxies(hostEnv),
    ...extraEnv,
    ...spec.environment,
    ...(spec.release === undefined ? {} : {DIB_RELEASE: spec.release}),
    ...(elementsPaths.length === 0 ? {} : {ELEMENTS_PATH: elementsPaths.join(':')}),
    DIB_IMAGE_CACHE: imageCache,
    DIB_QUIET: '0',
    TMP_DIR: folder.tmp,
    TMPDIR: folder.tmp,
    HOME: hostEnv['HOME'] ?? '/root',
    PATH: [folder.bin, dirname(tool.command), hostPath(hostEnv)].join(delimiter),
  };
}

/** Both spellings: tools differ in which one they read. */
function proxies(hostEnv: DibRequest['hostEnv']): Record<string, string> {
  const names = PROXIES.flatMap((name) => [name, name.toUpperCase()]);
  return Object.fromEntries(names.flatMap((name) => (hostEnv[name] === undefined ? [] : [[name, hostEnv[name]]])));
}
