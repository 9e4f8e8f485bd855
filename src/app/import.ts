import type {Emit} from '../core/events.ts';
import type {CloudOutcome} from '../workflow/types.ts';
import type {CloudRequest} from './cloud-work.ts';
import {definitionWork} from './cloud-work.ts';
import type {AppPorts} from './ports.ts';
import type {
  AcquireSettings,
  BuildSettings,
  CloudChoice,
  DefinitionChoice,
  RunSettings,
  TestSettings,
} from './requests.ts';
import {workOnClouds} from './work-on-clouds.ts';

/** Bring the images of definitions into the clouds. */
export interface ImportRequest extends CloudChoice, Pick<CloudRequest, 'ofCloud'> {
  readonly definitions: DefinitionChoice;
  readonly run: RunSettings;
  /** Only say what would be done. */
  readonly dryRun: boolean;
  readonly acquire: AcquireSettings;
  readonly builds: BuildSettings;
  readonly tests: TestSettings;
}

/** Imports, or builds, what the definitions want, as `manage` does, and never deletes anything. */
export async function* importDefinitions(
  request: ImportRequest,
  ports: AppPorts,
  emit: Emit,
): AsyncGenerator<CloudOutcome> {
  yield* workOnClouds(await definitionWork(request, {command: 'import'}, ports), ports, emit);
}
