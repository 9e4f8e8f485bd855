import type {Emit} from '../core/events.ts';
import type {CloudOutcome, RunOptions} from '../workflow/types.ts';
import type {AppPorts} from './ports.ts';
import type {CloudChoice, DefinitionChoice, RetireSettings, RunSettings} from './requests.ts';
import {runOptions} from './run-options.ts';
import {select} from './select.ts';
import {workOnClouds} from './work-on-clouds.ts';

/** Hide what is superseded. */
export interface HideRequest extends CloudChoice {
  readonly definitions: DefinitionChoice;
  readonly run: RunSettings;
  /** Only say what would be done. */
  readonly dryRun: boolean;
  readonly retire: Pick<RetireSettings, 'keep'>;
}

/** Hides the superseded images of the chosen definitions and acquires nothing. */
export async function* hide(request: HideRequest, ports: AppPorts, emit: Emit): AsyncGenerator<CloudOutcome> {
  const {region} = request;
  const selection = await select(request.definitions, ports);
  const clouds = ports.clouds(request);
  const options = hideOptions(request);
  yield* workOnClouds(
    {command: 'hide', clouds, selection, options, ...(region !== undefined && {region})},
    ports,
    emit,
  );
}

/** What hiding decides by itself. */
export function hideOptions(request: HideRequest): RunOptions {
  return runOptions(request, {hide: true, acquire: false});
}
