import type {Artifact, BuildProgress, ImageBuilder} from '../../ports/image-builder.ts';
import type {FoundBuild} from '../../ports/release-finder.ts';
import type {BuildChoice} from '../../core/build/choose-build.ts';
import {chooseBuild} from '../../core/build/choose-build.ts';
import {buildOrder} from '../../core/build/order.ts';
import {folderOf} from '../../core/definition/definition.ts';
import type {Definition} from '../../core/definition/definition.ts';
import type {BuildRelease, OwnImage} from '../../core/release/release.ts';
import {compareVersions} from '../../core/release/version.ts';
import {ImgmgrError} from '../../errors.ts';
import type {AcquireContext, AcquireTask} from './types.ts';
import type {CloudRun} from '../types.ts';

/** The build that a definition wants on one cloud. */
export function chooseOne(
  {builds}: Pick<CloudRun, 'builds'>,
  input: {
    readonly definition: Definition;
    readonly build: FoundBuild;
    readonly images: readonly OwnImage[];
    readonly now: Date;
  },
): BuildChoice {
  const {definition, build, images, now} = input;
  const before = [builds?.before.get(definition.name), ...images.map(({stamp}) => stamp.version)]
    .filter((version) => version !== undefined)
    .sort(compareVersions)
    .at(-1);
  return chooseBuild({
    definition,
    inputs: build.inputs?.hash,
    images,
    artifacts: build.artifacts,
    now,
    ...(builds?.rebuild === true && {rebuild: {after: before}}),
  });
}

/** The task with the file of its build, which is made where it is not here; other tasks as they are. */
export async function withArtifact(context: AcquireContext, task: AcquireTask): Promise<AcquireTask> {
  const {builder} = context;
  const {release, stored} = task;
  if (stored || release.kind !== 'build' || !builder) return task;
  return {...task, artifact: await artifactOf(context, builder, {...task, release})};
}

/** The absolute path of a build's file in the definition's format. BUILD_FAILED where it has none. */
export function fileOf({version, files}: Artifact, {name, format}: Definition): string {
  const file = files.find((one) => one.format === format);
  if (file) return file.path;
  throw new ImgmgrError('BUILD_FAILED', `the build ${version} of ${name} has no ${format}`, {
    hint: 'build it again with --rebuild',
  });
}

/** The build of a release: the one that is here, else made now. */
export async function artifactOf(
  context: Pick<AcquireContext, 'emit' | 'signal' | 'runtime' | 'baseDir'>,
  builder: ImageBuilder,
  {definition, release}: {readonly definition: Definition; readonly release: BuildRelease},
): Promise<Artifact> {
  const here = await artifactHere(builder, {definition, release});
  if (here) return here;
  const {emit, signal, runtime} = context;
  const baseDir = folderOf(definition, context);
  const {spec, machine} = buildOrder(definition);
  const inputs = await builder.inputs({spec, machine, baseDir});
  const about = {definition: definition.name, version: release.version};
  const startMs = runtime.monotonic();
  emit({type: 'build-started', ...about, reason: release.build.why});
  const artifact = await builder.build({
    ...about,
    spec,
    machine,
    baseDir,
    inputs,
    signal,
    progress: phaseReporter((progress) => emit({type: 'build-progress', ...about, ...progress})),
  });
  const {files, manifest, log} = artifact;
  emit({type: 'built', ...about, files, manifest, log, ms: runtime.monotonic() - startMs});
  await builder.use(artifact);
  return artifact;
}

/** The build of a release, where it is on this host; it stays there until the run is over. */
export async function artifactHere(
  builder: ImageBuilder,
  {definition, release}: Pick<AcquireTask, 'definition' | 'release'>,
): Promise<Artifact | undefined> {
  const {build, version} = release;
  if (!build) return undefined;
  const artifacts = await builder.artifacts(definition.name);
  const found = artifacts.find((artifact) => artifact.version === version && artifact.inputs === build.inputs);
  return found && (await builder.use(found)) ? found : undefined;
}

/** Each new phase by itself, and every line. */
function phaseReporter(report: (progress: BuildProgress) => void): (progress: BuildProgress) => void {
  let phase = '';
  return (progress) => {
    const {line, ...rest} = progress;
    if (rest.phase !== phase) report(rest);
    phase = rest.phase;
    if (line !== undefined) report(progress);
  };
}
