import {folderOf} from '../../core/definition/definition.ts';
import type {Definition} from '../../core/definition/definition.ts';
import {limitsOf} from '../../core/limits.ts';
import type {FileDigests} from '../../core/release/release.ts';
import type {ReadVersion} from './resolve-releases.ts';
import type {CloudRun} from '../types.ts';

type HashRun = Pick<CloudRun, 'source' | 'baseDir' | 'options' | 'signal'>;

/** The version of a local file with the way to its digests; any other one, and one with a demanded digest, as it is. */
export function withFileDigests(run: HashRun, definition: Definition, version: ReadVersion): ReadVersion {
  if (version.digest || !version.listed.url.startsWith('file:')) return version;
  let answer: Promise<FileDigests> | undefined;
  return {...version, file: () => (answer ??= hashFile(run, definition, version))};
}

/** Reads the whole file as an import would; throws SOURCE_* and FORMAT_REFUSED for one that could not be imported. */
async function hashFile(run: HashRun, definition: Definition, {listed}: ReadVersion): Promise<FileDigests> {
  const {source, options, signal} = run;
  const {format, limits} = definition;
  const opened = await source.open({
    urls: [listed.url],
    baseDir: folderOf(definition, run),
    format,
    wantSha512: true,
    signal,
    limits: limitsOf(options.limits, limits),
  });
  await new Promise((resolve, reject) => opened.bytes.once('end', resolve).once('error', reject).resume());
  const {digests, unwrapped} = opened.facts();
  return {served: digests, ...(unwrapped && {stored: unwrapped})};
}
