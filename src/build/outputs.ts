import {stat} from 'node:fs/promises';
import type {BuildFormat} from '../core/build/spec.ts';
import {ImgmgrError} from '../errors.ts';
import type {Exec} from '../exec.ts';

/** An image file that diskimage-builder made. */
export interface Output {
  readonly format: BuildFormat;
  readonly path: string;
  /** Bytes of the file. */
  readonly size: number;
  /** Bytes of the disk in it. */
  readonly virtualSize: number;
}

/** The files of all formats, each looked at by qemu-img; BUILD_FAILED where one is missing or is something else. */
export async function readOutputs(
  exec: Exec,
  base: string,
  formats: readonly BuildFormat[],
): Promise<readonly Output[]> {
  const outputs: Output[] = [];
  for (const format of formats) outputs.push(await readOutput(exec, `${base}.${format}`, format));
  return outputs;
}

async function readOutput(exec: Exec, path: string, format: BuildFormat): Promise<Output> {
  const size = await stat(path).then(
    (found) => found.size,
    () => 0,
  );
  if (size === 0) throw new ImgmgrError('BUILD_FAILED', `diskimage-builder made no ${format} file`);
  const {exitCode, stdout, stderr} = await exec.run('qemu-img', ['info', '--output=json', path]);
  if (exitCode !== 0)
    throw new ImgmgrError('BUILD_FAILED', `the ${format} file of diskimage-builder is damaged: ${stderr.trim()}`);
  const {format: found, 'virtual-size': virtualSize} = JSON.parse(stdout) as Record<string, unknown>;
  if (found !== format || typeof virtualSize !== 'number')
    throw new ImgmgrError('BUILD_FAILED', `diskimage-builder made a ${String(found)} file that should be ${format}`);
  return {format, path, size, virtualSize};
}
