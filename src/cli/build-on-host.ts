import {resolve} from 'node:path';
import type {Artifact} from '../ports/image-builder.ts';
import type {Definition} from '../core/definition/definition.ts';
import {countsOf} from '../core/counts.ts';
import {allBuildsDisabled, onlyEnabled} from '../core/definition/disabled.ts';
import type {Emit} from '../core/events.ts';
import {ImgmgrError, asImgmgrError, formatPlace} from '../errors.ts';
import {buildHere} from '../workflow/build-here.ts';
import type {CloudOutcome} from '../workflow/types.ts';
import {prepareBuilds} from './builds.ts';
import type {Context} from '../compose/context.ts';
import {deliverBuild} from './deliver-build.ts';
import type {Selection, Work} from './work-on-clouds.ts';

/** `build` without `--upload`: makes the images of the selected definitions on this host; one's failure is its own. */
export async function* buildOnHost(work: Work, context: Context, selection: Selection): AsyncGenerator<CloudOutcome> {
  const {invocation, options, emit, signal, io} = work;
  const {output} = invocation.buildOnly ?? {};
  const {definitions, disabled} = onlyEnabled(selection.definitions, options.policy.force);
  const builds = await prepareBuilds(invocation.build, context, definitions);
  const run = context.surroundings.uuid();
  emit({type: 'started', command: invocation.command, clouds: [], run, ...(builds && disabled > 0 && {disabled})});
  if (!builds) throw disabled > 0 ? allBuildsDisabled(disabled) : nothingToBuild(definitions);
  if (!options.dryRun) await Promise.all([builds.builder.sweep(), context.converter.sweep()]);
  if (options.policy.convert) await context.converter.requireTool();
  const errors: ImgmgrError[] = [];
  let built = 0;
  let unchanged = 0;
  for (const definition of definitions) {
    if (!definition.build) continue;
    const endWriting = work.beginWriting();
    try {
      const {artifact, reused} = await buildHere({
        builds,
        definition,
        baseDir: context.cwd,
        now: io.now(),
        surroundings: context.surroundings,
        emit,
        signal,
      });
      const paths =
        output === undefined
          ? artifact
          : await deliverBuild({work, context, definition, artifact, folder: resolve(context.cwd, output)});
      tell(emit, {definition, artifact: paths, reused});
      if (reused) unchanged++;
      else built++;
      // Others of the day may be newer than one that is taken again.
      await builds.builder.settle(definition.name, Math.max(1, invocation.build.keepArtifacts), artifact);
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
    ...(first && {place: formatPlace(first.place)}),
    hint: 'choose others with --filter or --images',
  });
}

function tell(
  emit: Emit,
  {
    definition,
    artifact,
    reused,
  }: {readonly definition: Definition; readonly artifact: Artifact; readonly reused: boolean},
): void {
  const {version, inputs, files, manifest, log} = artifact;
  emit({type: 'artifact', definition: definition.name, version, inputs, files, manifest, log, reused});
}
