import {readFile} from 'node:fs/promises';
import {resolve} from 'node:path';
import {diffManifests, renderDiff} from '../core/build/manifest-diff.ts';
import type {Manifest} from '../core/build/manifest.ts';
import {parseManifest} from '../core/build/manifest.ts';
import type {Event} from '../core/events.ts';
import {ImgmgrError} from '../errors.ts';
import type {Context} from './context.ts';

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
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new ImgmgrError('USAGE', `the manifest ${path} cannot be read`, {
      cause,
      hint: 'name two files manifest.json, as build leaves them beside its images',
    });
  }
  return parseManifest(text, path);
}
