import {stat} from 'node:fs/promises';
import type {ImageConverter} from '../ports/image-converter.ts';
import type {BuildFormat} from '../core/build/spec.ts';
import {DEFAULT_LIMITS} from '../core/limits.ts';
import type {ImgmgrError} from '../errors.ts';
import {asImgmgrError} from '../errors.ts';

/** An image file that diskimage-builder made. */
export interface Output {
  readonly format: BuildFormat;
  readonly path: string;
  /** Bytes of the file. */
  readonly size: number;
  /** Bytes of the disk in it. */
  readonly virtualSize: number;
}

/** Makes BUILD_FAILED from what went wrong, with all that is known of the build. */
export type BuildFailure = (message: string, cause?: unknown) => ImgmgrError;

/** Where the files of a build are, and who judges them. */
export interface OutputRequest {
  readonly images: Pick<ImageConverter, 'judgeFile'>;
  /** Path without the name of the format. */
  readonly base: string;
  readonly formats: readonly BuildFormat[];
  readonly signal: AbortSignal;
  readonly failed: BuildFailure;
}

/** A look takes seconds, on the slowest of hosts. */
const LIMIT_MS = 10 * 60_000;

/** The files of all formats, each judged by both guards: elements wrote them. BUILD_FAILED where one is missing or is something else. */
export async function readOutputs(request: OutputRequest): Promise<readonly Output[]> {
  const outputs: Output[] = [];
  for (const format of request.formats) outputs.push(await readOutput(request, format));
  return outputs;
}

async function readOutput({images, base, signal, failed}: OutputRequest, format: BuildFormat): Promise<Output> {
  const path = `${base}.${format}`;
  const size = await stat(path).then(
    (found) => found.size,
    () => 0,
  );
  if (size === 0) throw failed(`diskimage-builder made no ${format} file`);
  // How large its disk may be is a matter of the import.
  const limits = {...DEFAULT_LIMITS, virtual: Number.MAX_SAFE_INTEGER};
  try {
    const {virtualSize} = await images.judgeFile(path, {from: format, limits, limitMs: LIMIT_MS, signal});
    return {format, path, size, virtualSize};
  } catch (thrown) {
    const error = asImgmgrError(thrown);
    if (error.code !== 'FORMAT_REFUSED' && error.code !== 'TIMEOUT') throw error;
    throw failed(`what diskimage-builder made cannot be used: ${error.message}`, error);
  }
}
