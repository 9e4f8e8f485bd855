import type {ImageSource} from '../ports/image-source.ts';

/** An image source that is constructed when it is first needed; a run that has nothing to import never loads it. */
export function lazySource(construct: () => Promise<ImageSource>): ImageSource {
  let constructed: Promise<ImageSource> | undefined;
  const source = (): Promise<ImageSource> => (constructed ??= construct());
  return {
    probe: async (request) => (await source()).probe(request),
    open: async (request) => (await source()).open(request),
    findDigest: async (place, signal) => (await source()).findDigest(place, signal),
    async close() {
      await (await constructed)?.close();
    },
  };
}
