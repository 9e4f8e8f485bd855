import type {Artifact} from '../ports/image-builder.ts';
import type {Machine} from '../core/build/spec.ts';
import {countsOf} from '../core/counts.ts';
import type {Definition} from '../core/definition/definition.ts';
import {allBuildsDisabled, onlyEnabled} from '../core/definition/disabled.ts';
import type {Emit} from '../core/events.ts';
import type {ShardChoice} from '../core/shard.ts';
import {resolveShard} from '../core/shard.ts';
import {ImgmgrError, asImgmgrError, formatPosition} from '../errors.ts';
import {buildHere} from '../workflow/build-here.ts';
import type {Builds, CloudOutcome} from '../workflow/types.ts';
import {prepareBuilds} from './builds.ts';
import type {AppPorts} from './ports.ts';
import type {AcquireSettings, BuildSettings, DefinitionChoice} from './requests.ts';
import {onlyBuilt, select} from './select.ts';
import {ofShard} from './work-on-clouds.ts';

/** Build images on this host alone. */
export interface BuildRequest {
  readonly definitions: DefinitionChoice;
  /** The part of them that this run builds; absent: all of them. */
  readonly shard?: ShardChoice;
  /** Only those of this architecture. */
  readonly arch?: Machine;
  readonly builds: BuildSettings;
  /** Folder that gets copies of the files. */
  readonly output?: string;
  /** How the copies are made. */
  readonly copy: Pick<AcquireSettings, 'convert' | 'limits' | 'importTimeoutMs'>;
}

/** Makes the images of the chosen definitions; one's failure is its own. USAGE where none of them has a section `build`. */
export async function* build(request: BuildRequest, ports: AppPorts, emit: Emit): AsyncGenerator<CloudOutcome> {
  const {run, signal, converter} = ports;
  const shard = request.shard && resolveShard(request.shard, ports.jobIndex);
  const chosen = onlyBuilt(await select(request.definitions, ports), request.arch).definitions;
  const {definitions, disabled} = onlyEnabled(chosen, request.definitions.force);
  const builds = await prepareBuilds(request.builds, ports, definitions);
  emit({type: 'started', command: 'build', clouds: [], run, ...(builds && disabled > 0 && {disabled})});
  const mine = ofShard(definitions, shard);
  if (!builds) throw disabled > 0 ? allBuildsDisabled(disabled) : nothingToBuild(definitions);
  await Promise.all([builds.builder.sweep(), converter.sweep()]);
  if (request.copy.convert) await converter.requireTool();
  const errors: ImgmgrError[] = [];
  let built = 0;
  let unchanged = 0;
  for (const definition of mine) {
    const endWriting = ports.beginWriting();
    try {
      const reused = await buildOne({request, ports, emit, builds, definition});
      if (reused) unchanged++;
      else built++;
    } catch (thrown) {
      if (signal.aborted) throw thrown;
      const error = asImgmgrError(thrown);
      errors.push(error);
      emit({type: 'definition-failed', definition: definition.name, error});
    } finally {
      endWriting();
    }
  }
  const counts = countsOf({built, unchanged, failed: errors.length});
  yield {cloud: 'this host', counts, errors, changesPending: false};
}

function nothingToBuild([first]: readonly Definition[]): ImgmgrError {
  return new ImgmgrError('USAGE', 'none of the selected definitions has a section "build"', {
    ...(first && {place: formatPosition(first.place)}),
    hint: 'choose others with --filter or --images',
  });
}

interface OneBuild {
  readonly request: BuildRequest;
  readonly ports: AppPorts;
  readonly emit: Emit;
  readonly builds: Builds;
  readonly definition: Definition;
}

/** True where the build was here already. */
async function buildOne({request, ports, emit, builds, definition}: OneBuild): Promise<boolean> {
  const {signal, runtime} = ports;
  const finder = ports.finder(builds.builder);
  const host = {builds, finder, definition, baseDir: ports.cwd, now: ports.now(), runtime, emit, signal};
  const {artifact, reused} = await buildHere(host);
  const {importTimeoutMs: limitMs, ...how} = request.copy;
  const delivery = {definition, artifact, ...how, limitMs, emit, signal};
  const {output: folder} = request;
  const delivered = folder === undefined ? artifact : await ports.files.deliverBuild({...delivery, folder});
  reportBuild(emit, {definition, artifact: delivered, reused});
  // Others of the day may be newer than one that is taken again.
  await builds.builder.keepNewest(definition.name, Math.max(1, request.builds.keepArtifacts), artifact);
  return reused;
}

interface BuildOutcome {
  readonly definition: Definition;
  readonly artifact: Artifact;
  readonly reused: boolean;
}

function reportBuild(emit: Emit, {definition, artifact, reused}: BuildOutcome): void {
  const {version, inputs, files, manifest, log} = artifact;
  emit({type: 'artifact', definition: definition.name, version, inputs, files, manifest, log, reused});
}
