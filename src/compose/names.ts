import {loadCloudFiles} from '../config/cloud-files.ts';
import {readTextFile} from '../config/config-context.ts';
import {loadDefinitions} from '../config/definitions.ts';
import type {Caller} from './context-parts.ts';
import {imagesSearch} from './default-images.ts';
import {filesFrom} from './files.ts';

/** Where definitions are, for who asks for their names. */
export interface DefinitionPlaces {
  /** Named on the command line. */
  readonly images: readonly string[];
  /** Named by the settings. */
  readonly settings?: readonly string[];
}

/** Names of the clouds of clouds.yaml, and `local`; nothing else of those files. CONFIG. */
export function cloudNames({env, cwd, home}: Caller): readonly string[] {
  const {clouds} = loadCloudFiles({env, cwd, home, readFile: readTextFile});
  return [...new Set([...clouds.keys(), 'local'])];
}

/** Names of the definitions in these files, or in the usual places, so far as they can be read. */
export async function definitionNames(
  caller: Caller,
  {images, settings}: DefinitionPlaces,
): Promise<readonly string[]> {
  const search = imagesSearch({caller, emit: () => undefined, ...(settings && {images: settings})});
  const {definitions} = await loadDefinitions(await search(images), filesFrom(caller.cwd));
  return definitions.map(({name}) => name);
}
