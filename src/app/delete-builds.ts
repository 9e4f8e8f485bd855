import type {DeletableBuild} from '../core/build/events.ts';
import {countsOf} from '../core/counts.ts';
import type {Emit} from '../core/events.ts';
import {didYouMean} from '../core/nearest.ts';
import {ImgmgrError, asImgmgrError} from '../errors.ts';
import type {BuildArchive, KeptBuild} from '../ports/build-archive.ts';
import type {HistoryReader} from '../ports/history.ts';
import type {CloudOutcome} from '../workflow/types.ts';
import type {AppPorts} from './ports.ts';

/** Delete builds of this host: their images, manifests and logs. */
export interface DeleteBuildsRequest {
  /** Exact names of definitions, ids of builds, and the beginnings of ids of runs. */
  readonly targets: readonly string[];
  readonly yes: boolean;
  readonly dryRun: boolean;
}

/**
 * Lists what would go, asks, and deletes it; where nobody can be asked, it is listed alone. Nothing is deleted where a target names no build
 * (USAGE, with what is near), or another run uses one of them (LOCKED).
 */
export async function* deleteBuilds(
  request: DeleteBuildsRequest,
  ports: Pick<AppPorts, 'builds' | 'history' | 'run' | 'signal' | 'beginWriting' | 'confirm'>,
  emit: Emit,
): AsyncGenerator<CloudOutcome> {
  emit({type: 'started', command: 'build', clouds: [], run: ports.run});
  const archive = await ports.builds();
  const chosen = await choose(request.targets, archive, ports);
  const used = chosen.find(({usedBy}) => usedBy !== undefined);
  if (used)
    throw new ImgmgrError(
      'LOCKED',
      `the build ${used.id} of ${used.definition} is used by ${used.usedBy ?? ''}: nothing was deleted`,
      {hint: 'run again when that run has ended'},
    );
  if (request.dryRun || (!request.yes && !ports.confirm)) {
    emit({type: 'deletable-builds', builds: chosen.map(shownBuild)});
    yield outcomeOf(0, []);
    return;
  }
  if (!request.yes && !(await ports.confirm?.(questionOf(chosen))))
    throw new ImgmgrError('LIMIT', 'declined: nothing was deleted');
  const errors: ImgmgrError[] = [];
  for (const build of chosen) {
    ports.signal.throwIfAborted();
    const endWriting = ports.beginWriting();
    try {
      await archive.remove(build);
      emit({type: 'build-deleted', ...shownBuild(build)});
    } catch (thrown) {
      const error = asImgmgrError(thrown);
      errors.push(error);
      emit({type: 'definition-failed', definition: build.definition, error});
    } finally {
      endWriting();
    }
  }
  yield outcomeOf(chosen.length - errors.length, errors);
}

function outcomeOf(deleted: number, errors: readonly ImgmgrError[]): CloudOutcome {
  return {cloud: 'this host', counts: countsOf({deleted, failed: errors.length}), errors, changesPending: false};
}

function shownBuild({id, definition, version, folder, log, bytes}: KeptBuild): DeletableBuild {
  return {id, definition, version, bytes, ...(folder !== undefined && {folder}), ...(log !== undefined && {log})};
}

const MIB = 1024 ** 2;

function questionOf(builds: readonly KeptBuild[]): string {
  const lines = builds.map(
    ({id, definition, folder, bytes}) =>
      `  ${id}  ${definition}, ${folder === undefined ? 'its log alone' : `${Math.ceil(bytes / MIB)} MiB`}\n`,
  );
  const count = builds.length === 1 ? 'This build' : `These ${builds.length} builds`;
  return `${count} of this host will be deleted, with files and logs:\n${lines.join('')}Delete?`;
}

/** The builds that the targets name, each once, in the order in which they are kept. */
async function choose(
  targets: readonly string[],
  archive: BuildArchive,
  ports: Pick<AppPorts, 'history'>,
): Promise<readonly KeptBuild[]> {
  const history = await ports.history();
  try {
    const builds = await archive.list(history?.definitions() ?? []);
    const named = targets.map((target) => {
      const direct = builds.filter(({id, definition}) => id === target || definition === target);
      const found = direct.length > 0 ? direct : ofRun(target, builds, history);
      if (found.length > 0) return found;
      throw unknown(target, builds);
    });
    const wanted = new Set(named.flat());
    return builds.filter((build) => wanted.has(build));
  } finally {
    history?.close();
  }
}

/** What is left of the builds of a run, by the paths that the history has of them. */
function ofRun(target: string, builds: readonly KeptBuild[], history: HistoryReader | undefined): readonly KeptBuild[] {
  const found = history?.find(target);
  if (found?.kind === 'several')
    throw new ImgmgrError('USAGE', `several runs begin with "${target}": ${found.ids.join(', ')}`, {
      hint: 'give more of the id',
    });
  const details = found?.kind === 'found' ? history?.details(found.id) : undefined;
  if (!details) return [];
  const paths = new Set([...details.builds.map(({manifest}) => manifest ?? ''), ...details.logs.map(({path}) => path)]);
  return builds.filter(
    ({folder, log}) =>
      (log !== undefined && paths.has(log)) || (folder !== undefined && [...paths].some((path) => isIn(path, folder))),
  );
}

function isIn(path: string, folder: string): boolean {
  return path.startsWith(`${folder}/`);
}

function unknown(target: string, builds: readonly KeptBuild[]): ImgmgrError {
  const names = [...new Set(builds.map(({definition}) => definition))];
  const known =
    names.length === 0 ? 'this host keeps no builds' : `builds are here of: ${names.slice(0, MOST_NAMES).join(', ')}`;
  return new ImgmgrError('USAGE', `this host keeps no build of "${target}"`, {
    hint: didYouMean(target, [...names, ...builds.map(({id}) => id)]) ?? known,
  });
}

const MOST_NAMES = 10;
