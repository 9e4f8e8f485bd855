import type {ImageBuilder} from '../ports/image-builder.ts';
import type {Definition} from '../core/definition/definition.ts';
import type {Builds} from '../workflow/types.ts';
import type {Context} from '../compose/context.ts';
import type {Flags} from './flags.ts';

/** What the flags say about building. */
export interface BuildRequest {
  /** False: `--no-build`. */
  readonly enabled: boolean;
  readonly rebuild: boolean;
  /** Builds that stay on this host when every cloud has the newest. */
  readonly keepArtifacts: number;
  /** Logs that stay per definition. */
  readonly keepLogs: number;
  /** Limit of the caches. */
  readonly cacheGib: number;
  /** How long another build of this host is waited for. */
  readonly lockWaitMs: number;
}

/** As long as a build may take when its definition says nothing. */
const DEFAULT_LOCK_WAIT_MS = 3_600_000;
const DEFAULT_KEEP_LOGS = 5;
const DEFAULT_CACHE_GIB = 20;

/** Flags into what is asked for. */
export function toBuildRequest(flags: Flags): BuildRequest {
  return {
    enabled: flags.build ?? true,
    rebuild: flags.rebuild ?? false,
    keepArtifacts: flags.keepArtifacts ?? 0,
    keepLogs: flags.keepLogs ?? DEFAULT_KEEP_LOGS,
    cacheGib: flags.cacheSize ?? DEFAULT_CACHE_GIB,
    lockWaitMs: flags.waitLock ?? DEFAULT_LOCK_WAIT_MS,
  };
}

/** What builds of these definitions need; undefined where nothing is to be built. Looks which builds are here, writes nothing. */
export async function prepareBuilds(
  request: BuildRequest,
  context: Context,
  definitions: readonly Definition[],
): Promise<Builds | undefined> {
  const built = definitions.filter(({build}) => build !== undefined);
  if (!request.enabled || built.length === 0) return undefined;
  const builder = context.builder(request);
  const newest = await Promise.all(
    built.map(async ({name}): Promise<[string, string][]> => {
      const [artifact] = await builder.artifacts(name);
      return artifact ? [[name, artifact.version]] : [];
    }),
  );
  return {builder, rebuild: request.rebuild, before: new Map(newest.flat())};
}

/** Every cloud has the images: their builds may go. */
export async function settleBuilds(
  builder: ImageBuilder,
  definitions: readonly Definition[],
  {keepArtifacts}: BuildRequest,
): Promise<void> {
  for (const {name, build} of definitions) if (build) await builder.settle(name, keepArtifacts);
}
