import type {Machine} from '../core/build/spec.ts';
import type {Emit} from '../core/events.ts';
import type {CloudOutcome} from '../workflow/types.ts';
import type {AppPorts} from './ports.ts';
import type {
  AcquireSettings,
  BuildSettings,
  CloudChoice,
  DefinitionChoice,
  RunSettings,
  TestSettings,
} from './requests.ts';
import {runOptions} from './run-options.ts';
import {onlyBuilt, select} from './select.ts';
import {workOnClouds} from './work-on-clouds.ts';

/** Build images and bring them into the clouds. */
export interface BuildAndUploadRequest extends CloudChoice {
  readonly definitions: DefinitionChoice;
  /** Only those of this architecture. */
  readonly arch?: Machine;
  readonly run: RunSettings;
  /** Only say what would be done. */
  readonly dryRun: boolean;
  readonly acquire: AcquireSettings;
  readonly builds: BuildSettings;
  readonly tests: TestSettings;
}

/** Goes on after the builds as `manage` does: upload, verify, publish. */
export async function* buildAndUpload(
  request: BuildAndUploadRequest,
  ports: AppPorts,
  emit: Emit,
): AsyncGenerator<CloudOutcome> {
  const {arch, region, builds, tests} = request;
  const selection = onlyBuilt(await select(request.definitions, ports), arch);
  yield* workOnClouds(
    {
      command: 'build',
      clouds: ports.clouds(request),
      selection,
      options: runOptions(request),
      builds,
      ...(region !== undefined && {region}),
      ...(tests.verify && {boot: tests.boot}),
    },
    ports,
    emit,
  );
}
