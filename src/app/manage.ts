import type {Emit} from '../core/events.ts';
import type {CloudOutcome} from '../workflow/types.ts';
import type {CloudRequest} from './cloud-work.ts';
import {definitionWork} from './cloud-work.ts';
import type {AuditChoice} from './plan-audit.ts';
import {planAudit} from './plan-audit.ts';
import type {AppPorts} from './ports.ts';
import type {
  AcquireSettings,
  BuildSettings,
  CloudChoice,
  DefinitionChoice,
  DeletionSettings,
  RetireSettings,
  RunSettings,
  TestSettings,
} from './requests.ts';
import type {CloudWork} from './work-on-clouds.ts';
import type {Approved} from './work-by-plan.ts';
import {workByPlan} from './work-by-plan.ts';
import {workOnClouds} from './work-on-clouds.ts';

/** Make the clouds like the definitions. */
export interface ManageRequest extends CloudChoice, Pick<CloudRequest, 'ofCloud'> {
  readonly definitions: DefinitionChoice;
  readonly run: RunSettings;
  readonly acquire: AcquireSettings;
  /** Absent: builds are left out. */
  readonly builds?: BuildSettings;
  readonly tests: TestSettings;
  readonly retire: RetireSettings;
  readonly deletion: DeletionSettings;
  /** Do what this plan lists, and nothing if anything differs from it. */
  readonly approved?: Approved;
  /** Absent: nothing is judged by the rules of the audit. */
  readonly audit?: AuditChoice;
}

/** Everything that the definitions ask for: acquire, verify, publish, retire; deletes only what is asked for. */
export async function* manage(request: ManageRequest, ports: AppPorts, emit: Emit): AsyncGenerator<CloudOutcome> {
  const {approved, audit: choice} = request;
  const audit = choice && (await planAudit(choice, ports, emit));
  const work = {...(await manageWork(request, ports)), ...(audit && {profile: audit.profile})};
  const outcomes = approved ? workByPlan({work, approved}, ports, emit) : workOnClouds(work, ports, emit);
  for await (const outcome of outcomes) {
    audit?.after(outcome);
    yield outcome;
  }
}

/** What is to be done on which clouds; `dryRun` plans the same. */
export async function manageWork(
  request: ManageRequest,
  ports: Pick<AppPorts, 'files' | 'clouds' | 'jobIndex'>,
): Promise<CloudWork> {
  return definitionWork(request, {command: 'manage'}, ports);
}
