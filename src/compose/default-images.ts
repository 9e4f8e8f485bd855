import {stat} from 'node:fs/promises';
import {resolve} from 'node:path';
import {fileURLToPath} from 'node:url';
import {imagesFolders, namedImages} from '../config/settings.ts';
import type {Emit} from '../core/events.ts';
import {hasCode} from '../host/fs-error.ts';
import type {Caller} from './context-parts.ts';

/** The catalogue that came with this program, beside `dist` and `src`. */
const CATALOGUE = fileURLToPath(new URL('../../images', import.meta.url));

/** Where the definitions of a caller are. */
export interface ImagesSearch {
  readonly caller: Pick<Caller, 'cwd' | 'home' | 'env'>;
  readonly emit: Emit;
  /** Those of the settings. */
  readonly images?: readonly string[];
  /** True where there is anything under the absolute path, whether it can be read or not. */
  readonly isThere?: (path: string) => Promise<boolean>;
  readonly catalogue?: string;
}

/**
 * Finds the paths of definitions: those of the flags, else `IMGMGR_IMAGES`, else those of the settings, else the first folder that is there of `images` here, of the user's
 * and the host's; else the catalogue that came along, with a warning, once. A folder that is there and has nothing in it is no reason to go on.
 */
export function imagesSearch({
  caller: {cwd, home, env},
  emit,
  images,
  isThere = exists,
  catalogue = CATALOGUE,
}: ImagesSearch): (flags: readonly string[]) => Promise<readonly string[]> {
  const search = async (): Promise<readonly string[]> => {
    const folders = imagesFolders(env, home);
    for (const folder of folders) {
      if (!(await isThere(resolve(cwd, folder)))) continue;
      emit({type: 'decision', message: `definitions are read from ${folder}`});
      return [folder];
    }
    if (!(await isThere(catalogue))) return folders.slice(0, 1);
    emit({
      type: 'warning',
      code: 'catalogue-used',
      message: `there are no definitions in ${folders.join(', ')}: the catalogue that came with imgmgr is used, ${catalogue}`,
      hint: 'name your own definitions with --images or IMGMGR_IMAGES, or choose among these with --filter',
    });
    return [catalogue];
  };
  let found: Promise<readonly string[]> | undefined;
  return async (flags) => namedImages(flags, env) ?? images ?? (found ??= search());
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    return !hasCode(error, 'ENOENT', 'ENOTDIR');
  }
}
