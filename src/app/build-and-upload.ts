import type {Machine} from '../core/build/spec.ts';
import type {Emit} from '../core/events.ts';
import type {CloudOutcome} from '../workflow/types.ts';
import {definitionWork} from './cloud-work.ts';
import type {ImportRequest} from './import.ts';
import type {AppPorts} from './ports.ts';
import type {Selection} from './select.ts';
import {onlyBuilt} from './select.ts';
import {workOnClouds} from './work-on-clouds.ts';

/** Build images and bring them into the clouds. */
export interface BuildAndUploadRequest extends ImportRequest {
  /** Only those of this architecture. */
  readonly arch?: Machine;
}

/** Goes on after the builds as `manage` does: upload, verify, publish. */
export async function* buildAndUpload(
  request: BuildAndUploadRequest,
  ports: AppPorts,
  emit: Emit,
): AsyncGenerator<CloudOutcome> {
  const narrow = (selection: Selection): Selection => onlyBuilt(selection, request.arch);
  yield* workOnClouds(await definitionWork(request, {command: 'build', narrow}, ports), ports, emit);
}
