import {mkdir, readFile, rename, rm, stat} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import type {Artifact} from '../ports/image-builder.ts';
import {formatArtifactRecord} from '../core/build/artifact-record.ts';
import type {Manifest} from '../core/build/manifest.ts';
import {formatManifest, parseManifest} from '../core/build/manifest.ts';
import type {BuildFormat} from '../core/build/spec.ts';
import {compareVersions} from '../core/release/version.ts';
import {ImgmgrError} from '../errors.ts';
import {foldersIn, removeWhole, renameIfThere, requireOurs, sweepBelow} from './artifact-folders.ts';
import {artifactFolder, definitionFolder} from './artifact-names.ts';
import type {Damaged} from './read-artifact.ts';
import {FILES, imageFile, readArtifact} from './read-artifact.ts';
import {asFileError} from './file-error.ts';
import {exists} from '../host/look.ts';
import {bringFile, replaceFile, syncPath, writeDurably} from '../host/durable.ts';
import {temporaryName} from '../host/temporary.ts';
import {sayUsed, userOf} from './users.ts';

/** A finished build whose files still lie where they were made. */
export interface NewArtifact extends Omit<Artifact, 'files' | 'manifest'> {
  /** Absolute paths, one per format. */
  readonly files: readonly {readonly format: BuildFormat; readonly path: string}[];
  readonly manifest: Manifest;
}

/** Hexadecimal digests of one file of an artifact. */
export interface FileDigests {
  readonly format: BuildFormat;
  readonly sha256?: string;
  readonly sha512?: string;
}

/** The finished builds of this host. Errors: DISK_FULL, CONFIG (the folder cannot be used), UNAVAILABLE; each with the path. */
export interface ArtifactStore {
  /** Moves the files in; afterwards the artifact is there and they are gone, or nothing has changed. Replaces one of the same version and inputs. */
  add(made: NewArtifact): Promise<Artifact>;
  /** Those of a definition, newest first; damaged ones are reported, not listed. */
  list(definition: string): Promise<readonly Artifact[]>;
  /** Notes digests in the manifest. DIGEST_MISMATCH where it knows another one: the file has changed since. */
  complete(artifact: Artifact, digests: FileDigests): Promise<void>;
  /** Says, until {@link close}, that this process uses the artifact: no other one removes it then. False where it is gone already. */
  use(artifact: Artifact): Promise<boolean>;
  /** Removes all of a definition but the newest so many, the given one and those that another process uses; damaged ones, too. */
  keepNewest(definition: string, keep: number, given?: Pick<Artifact, 'manifest'>): Promise<void>;
  /** Removes what killed runs left half made or half removed. */
  sweep(): Promise<void>;
  /** Nothing is used any more. */
  close(): void;
}

/**
 * The artifacts below `folder`: `<definition>/<version>-<inputs>/{image.qcow2, image.raw, manifest.json, artifact.json}`, for
 * the owner alone. Folders come and go by one rename, so an artifact is there completely or not at all.
 */
export function createArtifactStore(options: {
  readonly folder: string;
  readonly damaged: (damaged: Damaged) => void;
}): ArtifactStore {
  const homeOf = (definition: string): string => join(options.folder, definitionFolder(definition));
  const look = async (definition: string): Promise<Looked> => {
    await requireOurs(options.folder);
    return lookInto(homeOf(definition), definition);
  };
  let completing: Promise<unknown> = Promise.resolve();
  const used = new Map<string, () => void>();
  return {
    async add(made) {
      await requireOurs(options.folder);
      return addArtifact(homeOf(made.definition), made);
    },
    async list(definition) {
      const {artifacts, damaged} = await look(definition);
      for (const each of damaged) options.damaged(each);
      return artifacts;
    },
    complete(artifact, digests) {
      // In turn: two clouds may get the files of one artifact at the same time.
      const done = completing.then(() => completeManifest(artifact, digests));
      completing = done.catch(() => undefined);
      return done;
    },
    async keepNewest(definition, keep, given) {
      const {artifacts, damaged} = await look(definition);
      const surplus = artifacts
        .slice(keep)
        .map(({manifest}) => dirname(manifest))
        .filter((folder) => given === undefined || folder !== dirname(given.manifest));
      for (const path of [...surplus, ...damaged.map((each) => each.path)]) await removeUnused(path);
    },
    async use({manifest}) {
      const folder = dirname(manifest);
      if (!used.has(folder)) used.set(folder, await sayUsed(folder));
      return exists(manifest);
    },
    async sweep() {
      await requireOurs(options.folder);
      await sweepBelow(options.folder);
    },
    close() {
      for (const end of used.values()) end();
      used.clear();
    },
  };
}

/** Removes the folder of an artifact, unless another process uses it; gives the number of that one. */
export async function removeUnused(folder: string): Promise<number | undefined> {
  let user = await userOf(folder);
  const unless = async (): Promise<boolean> => (user = await userOf(folder)) !== undefined;
  // Asked again when nobody can find it any more: who says afterwards that it is used, sees that it is gone.
  return user ?? ((await removeWhole(folder, unless)) ? undefined : user);
}

async function addArtifact(home: string, made: NewArtifact): Promise<Artifact> {
  const goal = join(home, artifactFolder(made));
  const aside = join(home, temporaryName());
  let bytes = 0;
  try {
    const files = await Promise.all(made.files.map(async (file) => ({...file, size: (await stat(file.path)).size})));
    bytes = files.reduce((sum, {size}) => sum + size, 0);
    await mkdir(home, {recursive: true, mode: OWN_FOLDER});
    await mkdir(aside, {mode: OWN_FOLDER});
    for (const {path, format} of files) await bringFile(path, join(aside, imageFile(format)));
    await writeDurably(join(aside, FILES.manifest), formatManifest(made.manifest));
    await writeDurably(join(aside, FILES.record), formatArtifactRecord({...made, files}));
    await syncPath(aside);
    await replaceFolder(aside, goal);
    for (const {path} of files) await rm(path, {force: true});
    return {
      ...made,
      files: files.map(({format, size}) => ({format, path: join(goal, imageFile(format)), size})),
      manifest: join(goal, FILES.manifest),
    };
  } catch (error) {
    // What cannot be removed now is left to the sweep; the first error is the one to report.
    await rm(aside, {recursive: true, force: true}).catch(() => undefined);
    throw asFileError(error, {path: goal, bytes});
  }
}

const OWN_FOLDER = 0o700;

async function replaceFolder(made: string, goal: string): Promise<void> {
  const home = dirname(goal);
  const old = join(home, temporaryName());
  const isReplaced = await renameIfThere(goal, old);
  await rename(made, goal);
  await syncPath(home);
  if (isReplaced) await rm(old, {recursive: true, force: true});
}

interface Looked {
  /** Newest first. */
  readonly artifacts: readonly Artifact[];
  readonly damaged: readonly Damaged[];
}

async function lookInto(home: string, definition: string): Promise<Looked> {
  try {
    const folders = await foldersIn(home);
    const found = await Promise.all(folders.sort().map((folder) => readArtifact(folder, definition)));
    const artifacts = found.flatMap((each) => (each && 'artifact' in each ? [each.artifact] : []));
    return {
      artifacts: artifacts.sort(newestFirst),
      damaged: found.flatMap((each) => (each && 'problem' in each ? [each] : [])),
    };
  } catch (error) {
    throw asFileError(error, {path: home});
  }
}

function newestFirst(a: Artifact, b: Artifact): number {
  return compareVersions(b.version, a.version) || Date.parse(b.builtAt) - Date.parse(a.builtAt);
}

async function completeManifest({manifest: path}: Artifact, {format, ...digests}: FileDigests): Promise<void> {
  try {
    const manifest = parseManifest(await readFile(path, 'utf8'), path);
    const file = manifest.files.find((each) => each.format === format);
    if (!file) throw new ImgmgrError('INTERNAL', `${path} knows no file of the format ${format}`, {place: path});
    for (const algorithm of ['sha256', 'sha512'] as const) {
      const [known, seen] = [file[algorithm], digests[algorithm]];
      if (known !== undefined && seen !== undefined && known !== seen) throw mismatch({path, format, known, seen});
    }
    const files = manifest.files.map((each) => (each === file ? {...each, ...digests} : each));
    await replaceFile({path, text: formatManifest({...manifest, files})});
  } catch (error) {
    throw asFileError(error, {path});
  }
}

function mismatch(digests: Readonly<Record<'path' | 'format' | 'known' | 'seen', string>>): ImgmgrError {
  const file = join(dirname(digests.path), `image.${digests.format}`);
  return new ImgmgrError(
    'DIGEST_MISMATCH',
    `${file} has the digest ${digests.seen}, its manifest says ${digests.known}`,
    {
      place: file,
      hint: 'it changed after its build: remove its folder and build again',
    },
  );
}
