import {mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import type {ArtifactStore, NewArtifact} from '../../../src/build/artifact-store.ts';
import {MANIFEST} from '../core/build/manifest-sample.ts';

/** What the images of a version hold. */
export function bytesOf(version: string, format: string): string {
  return `${format} of ${version}`;
}

/** A finished build whose files lie in `<dir>/work/<version>`, or in the named folder of `work`. */
export async function finishBuild(
  dir: string,
  {folder, ...change}: Partial<NewArtifact> & {readonly folder?: string} = {},
): Promise<NewArtifact> {
  const {definition = MANIFEST.definition, version = MANIFEST.version, inputs = MANIFEST.inputs.hash} = change;
  const work = join(dir, 'work', folder ?? version);
  await mkdir(work, {recursive: true});
  const formats = ['qcow2', 'raw'] as const;
  const files = formats.map((format) => ({format, path: join(work, `out.${format}`)}));
  for (const {format, path} of files) await writeFile(path, bytesOf(version, format));
  return {
    ...{definition, version, inputs, files},
    machine: 'x86_64',
    manifest: {...MANIFEST, definition, version, files: files.map(({format}) => ({format, bytes: 1, virtualBytes: 2}))},
    log: join(dir, 'logs', 'build.log'),
    builtAt: '2026-11-21T10:12:34Z',
    ...change,
  };
}

/** The builds of {@link live}. */
export async function finishBuilds(dir: string): Promise<readonly NewArtifact[]> {
  return [
    await finishBuild(dir),
    await finishBuild(dir, {version: '20261122'}),
    await finishBuild(dir, {version: '20261122', folder: 'again'}),
  ];
}

/** All that a store changes in its life: adds, completes, replaces, and removes the oldest. */
export async function live(store: ArtifactStore, builds: readonly NewArtifact[]): Promise<void> {
  for (const build of builds) {
    const artifact = await store.add(build);
    await store.complete(artifact, {format: 'qcow2', sha256: 'a'.repeat(64)});
  }
  await store.keepNewest(MANIFEST.definition, 1);
}
