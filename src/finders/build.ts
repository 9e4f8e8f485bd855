import {buildOrder} from '../core/build/order.ts';
import {folderOf} from '../core/definition/definition.ts';
import type {ImageBuilder} from '../ports/image-builder.ts';
import type {FindRequest, FoundBuild} from '../ports/release-finder.ts';

/** What a build would be made from, and which builds are here; nothing of both without a builder. DEFINITION, UNSUPPORTED. */
export async function findBuild(
  request: Pick<FindRequest, 'definition' | 'baseDir'>,
  builder: ImageBuilder | undefined,
): Promise<FoundBuild> {
  if (!builder) return {kind: 'build', artifacts: []};
  const {definition} = request;
  const baseDir = folderOf(definition, request);
  const [inputs, artifacts] = await Promise.all([
    builder.inputs({...buildOrder(definition), baseDir}),
    builder.artifacts(definition.name),
  ]);
  return {kind: 'build', inputs, artifacts};
}
