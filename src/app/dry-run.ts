import type {Emit} from '../core/events.ts';
import type {CloudOutcome} from '../workflow/types.ts';
import type {ManageRequest} from './manage.ts';
import {manageWork} from './manage.ts';
import type {AppPorts} from './ports.ts';
import {workOnClouds} from './work-on-clouds.ts';

/** Say what `manage` would do. */
export type DryRunRequest = ManageRequest;

/** The audit: logs in and reads; the outcomes say whether changes are pending. */
export async function* dryRun(request: DryRunRequest, ports: AppPorts, emit: Emit): AsyncGenerator<CloudOutcome> {
  const work = await manageWork(request, ports);
  yield* workOnClouds({...work, options: {...work.options, dryRun: true}}, ports, emit);
}
