import type {Emit} from '../core/events.ts';
import type {CloudOutcome} from '../workflow/types.ts';
import type {CloudRequest, Verb} from './cloud-work.ts';
import {definitionWork} from './cloud-work.ts';
import type {AppPorts} from './ports.ts';
import type {CloudChoice, DefinitionChoice, RetireSettings, RunSettings} from './requests.ts';
import {workOnClouds} from './work-on-clouds.ts';

/** Hide what is superseded. */
export interface HideRequest extends CloudChoice, Pick<CloudRequest, 'ofCloud'> {
  readonly definitions: DefinitionChoice;
  readonly run: RunSettings;
  /** Only say what would be done. */
  readonly dryRun: boolean;
  readonly retire: Pick<RetireSettings, 'keep'>;
}

/** What hiding decides by itself. */
export const HIDE = {command: 'hide', policy: {hide: true, acquire: false}} as const satisfies Verb;

/** Hides the superseded images of the chosen definitions and acquires nothing. */
export async function* hide(request: HideRequest, ports: AppPorts, emit: Emit): AsyncGenerator<CloudOutcome> {
  yield* workOnClouds(await definitionWork(request, HIDE, ports), ports, emit);
}
