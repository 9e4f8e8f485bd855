import type {ImageBuilder} from '../ports/image-builder.ts';
import type {Definition} from '../core/definition/definition.ts';
import type {Builds} from '../workflow/types.ts';
import type {AppPorts} from './ports.ts';
import type {BuildSettings} from './requests.ts';

/** What builds of these definitions need; undefined where nothing is to be built. Looks which builds are here, writes nothing. */
export async function prepareBuilds(
  settings: BuildSettings,
  ports: Pick<AppPorts, 'builder'>,
  definitions: readonly Definition[],
): Promise<Builds | undefined> {
  const built = definitions.filter(({build}) => build !== undefined);
  if (built.length === 0) return undefined;
  const builder = ports.builder(settings);
  const newest = await Promise.all(
    built.map(async ({name}): Promise<[string, string][]> => {
      const [artifact] = await builder.artifacts(name);
      return artifact ? [[name, artifact.version]] : [];
    }),
  );
  return {builder, rebuild: settings.rebuild, before: new Map(newest.flat())};
}

/** Every cloud has the images: their builds may go. */
export async function trimBuilds(
  builder: ImageBuilder,
  definitions: readonly Definition[],
  {keepArtifacts}: BuildSettings,
): Promise<void> {
  for (const {name, build} of definitions) if (build) await builder.keepNewest(name, keepArtifacts);
}
