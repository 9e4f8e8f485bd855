import {realpath} from 'node:fs/promises';
import {join} from 'node:path';
import type {ImageConverter} from '../../ports/image-converter.ts';
import {isDoubtful} from '../../core/format/disk-formats.ts';
import {DEFAULT_LIMITS} from '../../core/limits.ts';
import {ImgmgrError} from '../../errors.ts';
import type {Machine} from './machine.ts';
import {FILES} from './machine.ts';

/** What judges images before QEMU opens them, and writes those anew that QEMU shall not read. */
export type ImageGuard = Pick<ImageConverter, 'judgeFile' | 'convertFile'>;

/** An image and the folder of the server that is to boot it. */
export interface GuardedImage {
  readonly guard: ImageGuard | undefined;
  readonly image: Machine['image'];
  readonly folder: string;
  readonly signal: AbortSignal;
}

/** Converting the largest image takes no longer; its time in the run is limited by the signal. */
const LIMIT_MS = 60 * 60_000;

/** The image as QEMU will see it in the server's folder: a doubtful format only as a qcow2 that was written anew. Nothing is opened. */
export function bootedImage(image: Machine['image'], folder: string): Machine['image'] {
  return isDoubtful(image.format) ? {path: join(folder, FILES.image), format: 'qcow2'} : image;
}

/** Judges the image by both guards, converts it where QEMU shall not read its format, and gives what is booted, behind all links. */
export async function prepareImage({guard, image, folder, signal}: GuardedImage): Promise<Machine['image']> {
  if (guard === undefined) throw new ImgmgrError('INTERNAL', 'the local cloud was made without a guard of its images');
  // Its size was a matter of the import.
  const limits = {...DEFAULT_LIMITS, virtual: Number.MAX_SAFE_INTEGER};
  const request = {from: image.format, limits, limitMs: LIMIT_MS, signal};
  const booted = bootedImage(image, folder);
  if (booted === image) await guard.judgeFile(image.path, request);
  else await guard.convertFile(image.path, booted.path, {...request, conversion: {to: 'qcow2', compress: false}});
  return {...booted, path: await realpath(booted.path)};
}
