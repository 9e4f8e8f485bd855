import type {Artifact} from '../ports/image-builder.ts';
import type {ReleaseFinder} from '../ports/release-finder.ts';
import type {Definition} from '../core/definition/definition.ts';
import type {Emit} from '../core/events.ts';
import {ImgmgrError, formatPosition} from '../errors.ts';
import {artifactOf, chooseOne} from './acquire/make-build.ts';
import type {Builds, Runtime} from './types.ts';

/** One definition to be built, for no cloud. */
export interface HostBuild {
  readonly builds: Builds;
  readonly finder: ReleaseFinder;
  readonly definition: Definition;
  readonly baseDir: string;
  readonly now: Date;
  readonly runtime: Runtime;
  readonly emit: Emit;
  readonly signal: AbortSignal;
}

/** The build that a definition wants, made where it is not here; `reused` where it was. */
export async function buildHere(host: HostBuild): Promise<{readonly artifact: Artifact; readonly reused: boolean}> {
  const {builds, definition, now, emit} = host;
  const [build] = await host.finder.find(host);
  if (build?.kind !== 'build') throw new ImgmgrError('INTERNAL', `${definition.name} has no section build`);
  const {release, reason} = chooseOne(host, {definition, build, images: [], now});
  emit({type: 'decision', definition: definition.name, message: reason});
  if (!release)
    throw new ImgmgrError('INTERNAL', `no build was chosen for ${definition.name}`, {
      place: formatPosition(definition.place),
    });
  const before = build.artifacts.some(
    ({version, inputs}) => version === release.version && inputs === release.build.inputs,
  );
  return {artifact: await artifactOf(host, builds.builder, {definition, release}), reused: before};
}
