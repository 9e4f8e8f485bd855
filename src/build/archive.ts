import {lstat, readdir, readFile, rm} from 'node:fs/promises';
import {basename, join} from 'node:path';
import type {ArtifactRecord} from '../core/build/artifact-record.ts';
import {readArtifactRecord} from '../core/build/artifact-record.ts';
import {compareVersions} from '../core/release/version.ts';
import {byCharacters} from '../core/order.ts';
import {ImgmgrError} from '../errors.ts';
import {ifThere} from '../host/fs-error.ts';
import type {LockHolder} from '../host/lock.ts';
import {describeHolder, isLocked, lockHolder} from '../host/lock.ts';
import type {BuildArchive, KeptBuild} from '../ports/build-archive.ts';
import {foldersIn, requireOurs, sweepBelow} from './artifact-folders.ts';
import {definitionFolder, readLogName} from './artifact-names.ts';
import {removeUnused} from './artifact-store.ts';
import {asFileError} from './file-error.ts';
import {HOST_LOCK} from './host-lock.ts';
import {FILES} from './read-artifact.ts';
import {userOf} from './users.ts';

/** The builds below the folder of state: `artifacts/` and `build-logs/`. Errors: CONFIG, UNAVAILABLE, with the path. */
export function createBuildArchive(stateFolder: string): BuildArchive {
  const artifacts = join(stateFolder, 'artifacts');
  const logs = join(stateFolder, 'build-logs');
  return {
    async list(definitions) {
      for (const folder of [artifacts, logs]) await requireOurs(folder);
      await sweepBelow(artifacts);
      try {
        const builder = await builderOf(join(stateFolder, 'build-lock'));
        const made = await keptArtifacts(artifacts);
        const names = new Map([
          ...made.map(({series, definition}): [string, string] => [series, definition]),
          ...definitions.map((name): [string, string] => [definitionFolder(name), name]),
        ]);
        const builds = withLogs(made, await keptLogs(logs));
        return builds
          .map(({series, ...build}): KeptBuild => ({...build, definition: names.get(series) ?? series}))
          .map((build): KeptBuild => ({...build, ...usedIn(build, builder)}))
          .sort((a, b) => byCharacters(a.definition, b.definition) || compareVersions(a.version, b.version));
      } catch (error) {
        throw asFileError(error, {path: stateFolder});
      }
    },
    async remove({folder, log, ...build}) {
      try {
        // The log first: a build whose log is gone is one all the same.
        if (log !== undefined) await rm(log, {force: true});
      } catch (error) {
        throw asFileError(error, {path: log ?? ''});
      }
      const user = folder === undefined ? undefined : await removeUnused(folder);
      if (user !== undefined) throw inUse(build, `process ${user}`);
    },
  };
}

/** LOCKED. */
function inUse({id, definition}: Pick<KeptBuild, 'id' | 'definition'>, by: string): ImgmgrError {
  return new ImgmgrError('LOCKED', `the build ${id} of ${definition} is used by ${by}`, {
    hint: 'run again when that run has ended',
  });
}

/** A build by the part of names of files that stands for its definition. */
type Found = KeptBuild & {readonly series: string};

async function keptArtifacts(artifacts: string): Promise<readonly Found[]> {
  const found: Found[] = [];
  for (const home of await foldersIn(artifacts))
    for (const folder of await foldersIn(home)) {
      const series = basename(home);
      const record = await readRecord(folder);
      const user = await userOf(folder);
      const known = record && definitionFolder(record.definition) === series ? record : undefined;
      found.push({
        ...{id: basename(folder), series, definition: known?.definition ?? series, folder},
        version: /^\d{8}(?:\.\d+)?/.exec(basename(folder))?.[0] ?? '',
        ...(known && {log: known.log}),
        bytes: await bytesOf(folder),
        ...(user !== undefined && {usedBy: `process ${user}`}),
      });
    }
  return found;
}

async function readRecord(folder: string): Promise<ArtifactRecord | undefined> {
  const text = await ifThere(readFile(join(folder, FILES.record), 'utf8'), 'ENOTDIR', 'EISDIR');
  const read = text === undefined ? undefined : readArtifactRecord(text);
  return read && 'value' in read ? read.value : undefined;
}

async function keptLogs(logs: string): Promise<readonly (Found & {readonly log: string})[]> {
  const found: (Found & {readonly log: string})[] = [];
  for (const name of (await ifThere(readdir(logs))) ?? []) {
    const read = readLogName(name);
    if (!read) continue;
    const log = join(logs, name);
    const {series, version, run} = read;
    const bytes = (await ifThere(lstat(log)))?.size ?? 0;
    found.push({id: `${version}-${run}`, series, definition: series, version, log, bytes});
  }
  return found;
}

/** Each artifact with its log where that is here, and the logs of which nothing else is left; never a file of another folder. */
function withLogs(made: readonly Found[], logs: readonly (Found & {readonly log: string})[]): readonly Found[] {
  const byName = new Map(logs.map((one) => [basename(one.log), one]));
  const artifacts = made.map(({log: path = '', ...artifact}) => {
    const log = byName.get(basename(path));
    if (log?.series !== artifact.series) return artifact;
    byName.delete(basename(path));
    return {...artifact, log: log.log, bytes: artifact.bytes + log.bytes};
  });
  return [...artifacts, ...byName.values()];
}

async function bytesOf(folder: string): Promise<number> {
  let bytes = 0;
  for (const name of (await ifThere(readdir(folder))) ?? [])
    bytes += (await ifThere(lstat(join(folder, name))))?.size ?? 0;
  return bytes;
}

/** Who builds on this host now. */
async function builderOf(folder: string): Promise<LockHolder | undefined> {
  const path = join(folder, HOST_LOCK);
  return (await isLocked({path, aside: folder})) ? lockHolder(path) : undefined;
}

/** The log of a build that goes on is one of which nothing else is there yet. */
function usedIn({definition, folder}: KeptBuild, builder: LockHolder | undefined): Pick<KeptBuild, 'usedBy'> {
  return folder === undefined && builder?.note['definition'] === definition ? {usedBy: describeHolder(builder)} : {};
}
