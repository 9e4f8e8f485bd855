import type {ImageConverter} from '../ports/image-converter.ts';

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
