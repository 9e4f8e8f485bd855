import type {Emit} from '../core/events.ts';
import type {CloudOutcome, RunOptions} from '../workflow/types.ts';
import type {AppPorts} from './ports.ts';
import type {CloudChoice, DefinitionChoice, DeletionSettings, RetireSettings, RunSettings} from './requests.ts';
import {runOptions} from './run-options.ts';
import {select} from './select.ts';
import {workOnClouds} from './work-on-clouds.ts';

/** Delete what is deletable. */
export interface DeleteRequest extends CloudChoice {
  readonly definitions: DefinitionChoice;
  readonly run: RunSettings;
  /** Only say what would be done. */
  readonly dryRun: boolean;
  readonly retire: Pick<RetireSettings, 'keep'>;
  readonly deletion: DeletionSettings;
}

/** Deletes what is superseded, not listed and need not be kept any more, and acquires nothing. */
export async function* deleteImages(request: DeleteRequest, ports: AppPorts, emit: Emit): AsyncGenerator<CloudOutcome> {
  const {region} = request;
  const selection = await select(request.definitions, ports);
  const clouds = ports.clouds(request);
  const options = deleteOptions(request);
  yield* workOnClouds(
    {command: 'delete', clouds, selection, options, ...(region !== undefined && {region})},
    ports,
    emit,
  );
}

/** What deleting decides by itself. */
export function deleteOptions(request: DeleteRequest): RunOptions {
  return runOptions(request, {delete: true, acquire: false});
}
