import {diffManifests, renderDiff} from '../core/build/manifest-diff.ts';
import type {Emit} from '../core/events.ts';
import type {CloudOutcome} from '../workflow/types.ts';
import type {AppPorts} from './ports.ts';

/** Compare two builds by their manifests. */
export interface CompareManifestsRequest {
  readonly old: string;
  readonly new: string;
}

/** Emits what changed from the one to the other; works on no cloud. USAGE when one of them cannot be read. */
export async function* compareManifests(
  request: CompareManifestsRequest,
  {files}: Pick<AppPorts, 'files'>,
  emit: Emit,
): AsyncGenerator<CloudOutcome> {
  const [before, after] = await Promise.all([files.manifest(request.old), files.manifest(request.new)]);
  emit({type: 'difference', ...request, lines: renderDiff(diffManifests(before, after))});
  yield* [];
}
