import type {Emit} from '../core/events.ts';
import type {CloudOutcome} from '../workflow/types.ts';
import type {Verb} from './cloud-work.ts';
import {definitionWork} from './cloud-work.ts';
import type {HideRequest} from './hide.ts';
import type {AppPorts} from './ports.ts';
import type {DeletionSettings} from './requests.ts';
import {workOnClouds} from './work-on-clouds.ts';

/** Delete what is deletable, which is found as what `hide` hides. */
export interface DeleteRequest extends HideRequest {
  readonly deletion: DeletionSettings;
}

/** What deleting decides by itself. */
export const DELETE = {command: 'delete', policy: {delete: true, acquire: false}} as const satisfies Verb;

/** Deletes what is superseded, not listed and need not be kept any more, and acquires nothing. */
export async function* deleteImages(request: DeleteRequest, ports: AppPorts, emit: Emit): AsyncGenerator<CloudOutcome> {
  yield* workOnClouds(await definitionWork(request, DELETE, ports), ports, emit);
}
