import {readFile, stat} from 'node:fs/promises';
import {join} from 'node:path';
import type {Artifact} from '../ports/image-builder.ts';
import type {ArtifactRecord} from '../core/build/artifact-record.ts';
import {readArtifactRecord} from '../core/build/artifact-record.ts';
import type {BuildFormat} from '../core/build/spec.ts';
import {ifThere} from '../host/fs-error.ts';

/** A folder among the artifacts that is none. */
export interface Damaged {
  readonly path: string;
  /** `image.raw is missing`. */
  readonly problem: string;
}

/** What lies in an artifact's folder besides its images. */
export const FILES = {record: 'artifact.json', manifest: 'manifest.json'} as const;

/** The name of an image in an artifact's folder. */
export function imageFile(format: BuildFormat): string {
  return `image.${format}`;
}

/** The artifact in the folder, or what is wrong with it; undefined when there is no such folder any more. */
export async function readArtifact(
  folder: string,
  definition: string,
): Promise<{readonly artifact: Artifact} | Damaged | undefined> {
  const text = await ifThere(readFile(join(folder, FILES.record), 'utf8'), 'ENOTDIR', 'EISDIR');
  if (text === undefined)
    return (await sizeOf(folder)) === undefined ? undefined : {path: folder, problem: `${FILES.record} is missing`};
  const read = readArtifactRecord(text);
  if ('problem' in read) return {path: folder, problem: `${FILES.record} ${read.problem}`};
  const record = read.value;
  const problem =
    record.definition === definition
      ? await wrongFile(folder, record)
      : `${FILES.record} is of the definition "${record.definition}"`;
  if (problem !== undefined) return {path: folder, problem};
  return {
    artifact: {
      ...record,
      files: record.files.map(({format, size}) => ({format, path: join(folder, imageFile(format)), size})),
      manifest: join(folder, FILES.manifest),
    },
  };
}

async function wrongFile(folder: string, {files}: ArtifactRecord): Promise<string | undefined> {
  for (const {format, size} of files) {
    const name = imageFile(format);
    const found = await sizeOf(join(folder, name));
    if (found === undefined) return `${name} is missing`;
    if (found !== size) return `${name} has ${found} bytes, ${size} were built`;
  }
  return (await sizeOf(join(folder, FILES.manifest))) === undefined ? `${FILES.manifest} is missing` : undefined;
}

/** Bytes; undefined when nothing is there. */
async function sizeOf(path: string): Promise<number | undefined> {
  return (await ifThere(stat(path), 'ENOTDIR'))?.size;
}
