import {basename, resolve} from 'node:path';
import {pathToFileURL} from 'node:url';
import type {OperatorFiles} from '../ports/operator-files.ts';
import type {Image} from '../core/image/image.ts';
import {ImgmgrError} from '../errors.ts';
import type {AppPorts} from './ports.ts';

type Ports = Pick<AppPorts, 'cwd' | 'files' | 'source' | 'signal' | 'runtime' | 'now'>;

/** How a local file is to be taken. */
export interface LooseImage {
  readonly diskFormat?: string;
  readonly minDiskGib: number;
  readonly minRamMib: number;
  readonly properties: Readonly<Record<string, string>>;
}

/** A target that is the path of a file here: it has a slash in it, or a file of that name is there. */
export async function isLocalFile(target: string, files: Pick<OperatorFiles, 'isFile'>): Promise<boolean> {
  return /^\.{0,2}\//.test(target) || files.isFile(target);
}

/** The file as an image that no store has; SOURCE_* and FORMAT_REFUSED as for an import. */
export async function readLocalFile(
  target: string,
  loose: LooseImage,
  {cwd, files, source, signal, runtime, now: clock}: Ports,
): Promise<{readonly path: string; readonly image: Image}> {
  const path = resolve(cwd, target);
  await files.requireImage(path);
  const diskFormat = loose.diskFormat ?? (/\.(?:raw|img)$/i.test(path) ? 'raw' : 'qcow2');
  const probe = await source.probe({
    urls: [pathToFileURL(path).href],
    baseDir: cwd,
    format: diskFormat,
    wantSha512: false,
    signal,
  });
  if (probe.compressed)
    throw new ImgmgrError('SOURCE_REFUSED', `${path} is packed`, {
      hint: 'unpack it first, or import it with --cloud local',
    });
  const now = clock().toISOString();
  const image: Image = {
    id: runtime.uuid(),
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
