import {randomUUID} from 'node:crypto';
import {stat} from 'node:fs/promises';
import {basename, resolve} from 'node:path';
import {pathToFileURL} from 'node:url';
import type {ImageSource} from '../ports/image-source.ts';
import type {Image} from '../core/image/image.ts';
import {ImgmgrError} from '../errors.ts';
import {hasCode} from '../host/fs-error.ts';

/** How a local file is to be taken. */
export interface LooseImage {
  readonly diskFormat?: string;
  readonly minDiskGib: number;
  readonly minRamMib: number;
  readonly properties: Readonly<Record<string, string>>;
}

/** A target that is the path of a file here: it has a slash in it, or a file of that name is there. */
export async function isLocalFile(target: string, cwd: string): Promise<boolean> {
  if (/^\.{0,2}\//.test(target)) return true;
  try {
    return (await stat(resolve(cwd, target))).isFile();
  } catch {
    return false;
  }
}

/** SOURCE_REFUSED for a path that nothing is at. */
async function requireThere(path: string): Promise<void> {
  try {
    await stat(path);
  } catch (cause) {
    if (!hasCode(cause, 'ENOENT', 'ENOTDIR')) return;
    throw new ImgmgrError('SOURCE_REFUSED', `${path} does not exist`, {
      cause,
      hint: 'a relative path starts from the current folder; an image of a cloud is given by its id or name',
    });
  }
}

/** The file as an image that no store has; SOURCE_* and FORMAT_REFUSED as for an import. */
export async function readLocalFile(
  target: string,
  {
    cwd,
    source,
    loose,
    signal,
  }: {readonly cwd: string; readonly source: ImageSource; readonly loose: LooseImage; readonly signal: AbortSignal},
): Promise<{readonly path: string; readonly image: Image}> {
  const path = resolve(cwd, target);
  await requireThere(path);
  const diskFormat = loose.diskFormat ?? (/\.(?:raw|img)$/i.test(path) ? 'raw' : 'qcow2');
  const probe = await source.probe({
    urls: [pathToFileURL(path).href],
    baseDir: cwd,
    format: diskFormat,
    wantSha512: false,
    signal,
  });
  if (probe.compressed)
    throw new ImgmgrError('SOURCE_REFUSED', `${path} is compressed`, {
      hint: 'unpack it first, or import it with --cloud local',
    });
  const now = new Date().toISOString();
  const image: Image = {
    id: randomUUID(),
    name: basename(path),
    status: 'active',
    visibility: 'private',
    osHidden: false,
    protected: false,
    owner: null,
    tags: [],
    minDisk: loose.minDiskGib,
    minRam: loose.minRamMib,
    diskFormat,
    containerFormat: 'bare',
    size: probe.size ?? null,
    virtualSize: probe.virtualSize ?? null,
    osHashAlgo: null,
    osHashValue: null,
    createdAt: now,
    updatedAt: now,
    stores: [],
    properties: loose.properties,
  };
  return {path, image};
}
