import {existsSync} from 'node:fs';
import {readdir, stat} from 'node:fs/promises';
import {dirname, resolve} from 'node:path';
import {fileURLToPath} from 'node:url';
import {requireDefinitions} from '../config/definitions.ts';
import {agentFolder} from '../config/settings.ts';
import type {Definition} from '../core/definition/definition.ts';
import {readRegularFile} from '../host/regular-file.ts';
import type {Caller} from './context.ts';

/** No file of definitions is larger. */
const LARGEST_FILE = 256 * 1024 ** 2;

/** All definitions under these paths, each with the folder of its file. DEFINITION with all problems at once. */
export async function readDefinitions(paths: readonly string[], cwd: string): Promise<readonly Definition[]> {
  const {definitions} = await requireDefinitions(paths, {
    readFile: (file) => readRegularFile(resolve(cwd, file), {maxBytes: LARGEST_FILE}),
    readdir: (folder) => readdir(resolve(cwd, folder)),
    stat: (path) => stat(resolve(cwd, path)),
  });
  return definitions.map((definition) => ({...definition, folder: dirname(resolve(cwd, definition.place.file))}));
}

/** When a regular file was last changed; undefined where there is none. */
export async function modified(path: string): Promise<Date | undefined> {
  try {
    const found = await stat(path);
    return found.isFile() ? found.mtime : undefined;
  } catch {
    return undefined;
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
