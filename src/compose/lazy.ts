import type {ImageBuilder} from '../ports/image-builder.ts';
import type {ImageConverter} from '../ports/image-converter.ts';
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

/** A converter that is constructed when it is first needed. */
export function lazyConverter(construct: () => Promise<ImageConverter>): ImageConverter {
  let constructed: Promise<ImageConverter> | undefined;
  const converter = (): Promise<ImageConverter> => (constructed ??= construct());
  return {
    requireTool: async (disk) => (await converter()).requireTool(disk),
    requireRoom: async (bytes) => (await converter()).requireRoom(bytes),
    convert: async (open, request) => (await converter()).convert(open, request),
    judge: async (open, request) => (await converter()).judge(open, request),
    convertFile: async (path, target, request) => (await converter()).convertFile(path, target, request),
    judgeFile: async (path, request) => (await converter()).judgeFile(path, request),
    sweep: async () => (await converter()).sweep(),
  };
}

/** A builder that is constructed when it is first needed. */
export function lazyBuilder(construct: () => Promise<ImageBuilder>): ImageBuilder {
  let constructed: Promise<ImageBuilder> | undefined;
  const builder = (): Promise<ImageBuilder> => (constructed ??= construct());
  return {
    inputs: async (request) => (await builder()).inputs(request),
    artifacts: async (definition) => (await builder()).artifacts(definition),
    build: async (request) => (await builder()).build(request),
    complete: async (artifact, digests) => (await builder()).complete(artifact, digests),
    use: async (artifact) => (await builder()).use(artifact),
    sweep: async () => (await builder()).sweep(),
    keepNewest: async (definition, keep, given) => (await builder()).keepNewest(definition, keep, given),
    close: () => void constructed?.then((made) => made.close()).catch(() => undefined),
  };
}
