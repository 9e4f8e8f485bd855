import {randomUUID} from 'node:crypto';
import {constants} from 'node:fs';
import {copyFile, mkdir, rename, rm, stat} from 'node:fs/promises';
import {basename, join, resolve} from 'node:path';
import type {Artifact} from '../ports/image-builder.ts';
import type {ConvertProgress, ImageConverter} from '../ports/image-converter.ts';
import type {BuildFormat} from '../core/build/spec.ts';
import type {Conversion} from '../core/conversion.ts';
import {neededConversion} from '../core/conversion.ts';
import {limitsOf} from '../core/limits.ts';
import {ImgmgrError} from '../errors.ts';
import {refusalKind} from '../host/fs-error.ts';
import type {Delivery} from '../ports/operator-files.ts';
import type {Runtime} from '../workflow/types.ts';

/** What copies are made with. */
export interface DeliveryParts {
  readonly converter: ImageConverter;
  readonly runtime: Runtime;
}

/**
 * Puts image and manifest there, each complete or not at all: `<definition>-<version>.<format>`. Where the run converts, the one image
 * in that format, which is copied if the build has it; else all that were built.
 */
export async function deliverBuild(delivery: Delivery, parts: DeliveryParts): Promise<Artifact> {
  const {artifact, folder} = delivery;
  const stem = `${artifact.definition.replaceAll(/[^0-9A-Za-z._-]+/g, '-').toLowerCase()}-${artifact.version}`;
  try {
    // Not by the umask: what everybody may write in, everybody may exchange.
    await mkdir(folder, {recursive: true, mode: 0o755});
    const files = await Promise.all(
      imagesOf(delivery).map(async ({path, format, conversion}) => {
        const target = join(folder, `${stem}.${conversion?.to ?? format}`);
        await whole(target, (half) =>
          conversion
            ? convert(delivery, parts, {path, half, format, conversion})
            : copyFile(path, half, constants.COPYFILE_EXCL),
        );
        return {format: conversion?.to ?? format, path: target, size: (await stat(target)).size};
      }),
    );
    const manifest = join(folder, `${stem}.manifest.json`);
    await whole(manifest, (half) => copyFile(artifact.manifest, half, constants.COPYFILE_EXCL));
    return {...artifact, files, manifest};
  } catch (cause) {
    if (cause instanceof ImgmgrError) throw cause;
    throw new ImgmgrError(
      refusalKind(cause) === 'full' ? 'DISK_FULL' : 'CONFIG',
      `the build cannot be written to ${folder}`,
      {
        cause,
        hint: `make room or rights there; the build itself is kept: ${artifact.files.map(({path}) => path).join(', ')}`,
      },
    );
  }
}

interface BuiltImage {
  readonly path: string;
  readonly format: BuildFormat;
  readonly conversion?: Conversion;
}

function imagesOf({convert: wanted, definition, artifact}: Delivery): readonly BuiltImage[] {
  if (!wanted) return artifact.files;
  const of = (format: string): BuiltImage | undefined => artifact.files.find((file) => file.format === format);
  const image = (wanted.compress ? undefined : of(wanted.to)) ?? of(definition.format) ?? artifact.files[0];
  if (!image) return [];
  const conversion = neededConversion(image.format, wanted);
  return [{...image, ...(conversion && {conversion})}];
}

async function convert(
  {artifact, definition: built, emit, signal, limitMs, ...delivery}: Delivery,
  {converter, runtime}: DeliveryParts,
  {path, half, format, conversion}: BuiltImage & {readonly half: string; readonly conversion: Conversion},
): Promise<void> {
  const startMs = runtime.monotonic();
  const {definition, version} = artifact;
  const progress = (amount: ConvertProgress): void => {
    const elapsedMs = runtime.monotonic() - startMs;
    emit({type: 'progress', cloud: 'this host', definition, version, elapsedMs, limitMs, ...amount});
  };
  const limits = limitsOf(delivery.limits, built.limits);
  await converter.convertFile(path, half, {from: format, conversion, limits, limitMs, signal, progress});
}

/** Makes a file beside and puts it in its place in one step. */
async function whole(target: string, make: (half: string) => Promise<void>): Promise<void> {
  // A name that nobody can know before: the folder may be one in which others can put links.
  const half = join(resolve(target, '..'), `.${basename(target)}.${randomUUID()}`);
  try {
    await make(half);
    await rename(half, target);
  } finally {
    await rm(half, {force: true});
  }
}
