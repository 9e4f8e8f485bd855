import type {ImageBuilder} from '../ports/image-builder.ts';

/** A builder that is constructed when it is first needed. */
export function lazyBuilder(construct: () => Promise<ImageBuilder>): ImageBuilder {
  let constructed: Promise<ImageBuilder> | undefined;
  const builder = (): Promise<ImageBuilder> => (constructed ??= construct());
  return {
    inputs: async (request) => (await builder()).inputs(request),
    artifacts: async (definition) => (await builder()).artifacts(definition),
    build: async (request) => (await builder()).build(request),
    complete: async (artifact, digests) => (await builder()).complete(artifact, digests),
    sweep: async () => (await builder()).sweep(),
    settle: async (definition, keep, given) => (await builder()).settle(definition, keep, given),
  };
}
