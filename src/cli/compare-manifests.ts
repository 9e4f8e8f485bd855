import {readRegularFile, unreadable} from '../host/regular-file.ts';
import {resolve} from 'node:path';
import {diffManifests, renderDiff} from '../core/build/manifest-diff.ts';
import type {Manifest} from '../core/build/manifest.ts';
import {parseManifest} from '../core/build/manifest.ts';
import type {Event} from '../core/events.ts';
import {ImgmgrError} from '../errors.ts';
import type {Context} from '../compose/context.ts';

/** No file of that kind is larger. */
const LARGEST_FILE = 64 * 1024 * 1024;

/** What changed between two builds, by their manifests. USAGE when one of them cannot be read. */
export async function compareManifests(
  [old, now]: readonly [string, string],
  {cwd}: Pick<Context, 'cwd'>,
): Promise<Extract<Event, {type: 'difference'}>> {
  const [before, after] = await Promise.all([readManifest(resolve(cwd, old)), readManifest(resolve(cwd, now))]);
  return {type: 'difference', old, new: now, lines: renderDiff(diffManifests(before, after))};
}

async function readManifest(path: string): Promise<Manifest> {
  let text: string;
  try {
    text = (await readRegularFile(path, {maxBytes: LARGEST_FILE})).toString('utf8');
  } catch (cause) {
    throw new ImgmgrError('USAGE', `the manifest ${path} ${unreadable(cause)}`, {
      cause,
      hint: 'name two files manifest.json, as build leaves them beside its images',
    });
  }
  return parseManifest(text, path);
}
