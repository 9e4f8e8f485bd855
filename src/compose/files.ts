import {existsSync} from 'node:fs';
import {readdir, stat} from 'node:fs/promises';
import {dirname, resolve} from 'node:path';
import {fileURLToPath} from 'node:url';
import {readAuditProfile} from '../config/audit-profile.ts';
import type {DefinitionFiles} from '../config/definitions.ts';
import {loadDefinitions, requireDefinitions} from '../config/definitions.ts';
import {readManifest, readPublicKey} from '../config/named-files.ts';
import {agentFolder} from '../config/settings.ts';
import type {Definition} from '../core/definition/definition.ts';
import {hasCode} from '../host/fs-error.ts';
import {readRegularFile} from '../host/regular-file.ts';
import type {OperatorFiles} from '../ports/operator-files.ts';
import {ImgmgrError} from '../errors.ts';
import type {Caller} from './context-parts.ts';
import type {ImagesSearch} from './default-images.ts';
import {imagesSearch} from './default-images.ts';
import type {DeliveryParts} from './deliver-build.ts';
import {deliverBuild} from './deliver-build.ts';

/** No file of definitions is larger. */
const LARGEST_FILE = 256 * 1024 ** 2;

/** Where `scripts/setup-dib.sh` of a checkout puts diskimage-builder; an installed package has none. */
export const CHECKOUT_DIB = fileURLToPath(new URL('../../.cache/dib', import.meta.url));

/** The operator's files, read for this caller. */
export function operatorFiles(
  caller: Caller,
  parts: DeliveryParts & Pick<ImagesSearch, 'emit' | 'images'>,
): OperatorFiles {
  const {cwd} = caller;
  const {emit, images} = parts;
  const imagesOf = imagesSearch({caller, emit, ...(images && {images})});
  const at = (path: string): string => resolve(cwd, path);
  return {
    definitions: async (paths) => readDefinitions(await imagesOf(paths), cwd),
    written: async (paths) => {
      const named = await imagesOf(paths);
      const loaded = await loadDefinitions(named, filesFrom(cwd));
      return {...loaded, whole: !named.some((path) => loaded.files.includes(path))};
    },
    auditProfile: async (path, now) => readAuditProfile(at(path), {shown: path, now}),
    isFile: async (path) => (await modified(at(path))) !== undefined,
    modified: async (path) => modified(at(path)),
    requireImage: async (path) => requireImage(at(path)),
    publicKey: async (path) => readPublicKey(at(path)),
    manifest: async (path) => readManifest(at(path)),
    planOutput: async (path) => {
      const {planOutput} = await import('./plan-files.ts');
      return planOutput(at(path), path);
    },
    deliverBuild: async (delivery) => deliverBuild({...delivery, folder: at(delivery.folder)}, parts),
  };
}

/** Each with the folder of its file. */
async function readDefinitions(paths: readonly string[], cwd: string): Promise<readonly Definition[]> {
  const {definitions} = await requireDefinitions(paths, filesFrom(cwd));
  return definitions.map((definition) => ({...definition, folder: dirname(resolve(cwd, definition.place.file))}));
}

/** The files of a caller who works in this folder. */
export function filesFrom(cwd: string): DefinitionFiles {
  return {
    readFile: (file) => readRegularFile(resolve(cwd, file), {maxBytes: LARGEST_FILE}),
    readdir: (folder) => readdir(resolve(cwd, folder)),
    stat: (path) => stat(resolve(cwd, path)),
  };
}

async function modified(path: string): Promise<Date | undefined> {
  try {
    const found = await stat(path);
    return found.isFile() ? found.mtime : undefined;
  } catch {
    return undefined;
  }
}

async function requireImage(path: string): Promise<void> {
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

/** The folder of the guest agents: what `IMGMGR_AGENTS` names, else where `npm run build` puts them. */
export function agentsOf(caller: Caller): string {
  return agentFolder(caller.env, caller) ?? builtAgents();
}

/** Beside the bundle, or, when run from the sources, in its folder. */
function builtAgents(): string {
  const [bundled, built] = ['../agent', '../../dist/agent'].map((path) =>
    fileURLToPath(new URL(path, import.meta.url)),
  );
  return (bundled !== undefined && existsSync(bundled) ? bundled : built) ?? '';
}
