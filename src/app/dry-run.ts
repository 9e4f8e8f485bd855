import {countsOf} from '../core/counts.ts';
import type {Emit} from '../core/events.ts';
import {definitionHash} from '../core/definition/definition-hash.ts';
import type {PlanFile} from '../core/plan/plan-file.ts';
import type {CloudOutcome} from '../workflow/types.ts';
import type {ManageRequest} from './manage.ts';
import {manageWork} from './manage.ts';
import {planAudit} from './plan-audit.ts';
import type {AppPorts} from './ports.ts';
import {activeOf} from './select.ts';
import {compareByPlan} from './work-by-plan.ts';
import type {CloudWork} from './work-on-clouds.ts';
import {withOptions, workOnClouds} from './work-on-clouds.ts';

/** Say what `manage` would do; with `approved`, whether it would do what that plan lists. */
export interface DryRunRequest extends ManageRequest {
  /** The file that gets the plans of all clouds, and the flags that they were made with; then deletions are planned as with `--yes`. */
  readonly out?: PlanOutput;
}

/** The audit: logs in and reads; the outcomes say whether changes are pending. */
export async function* dryRun(request: DryRunRequest, ports: AppPorts, emit: Emit): AsyncGenerator<CloudOutcome> {
  const {out, deletion, audit: choice, approved} = request;
  const audit = choice && (await planAudit(choice, ports, emit));
  const write = out && (await ports.files.planOutput(out.path));
  const work = await manageWork(out ? {...request, deletion: {...deletion, yes: true}} : request, ports);
  const clouds: PlanFile['clouds'] = [];
  const planned = approved
    ? compareByPlan({work, approved}, ports, emit)
    : workOnClouds(withOptions(work, {dryRun: true}), ports, emit);
  for await (const outcome of planned) {
    if (outcome.plan) clouds.push(outcome.plan);
    const isWrong = audit?.cloud(outcome) === true;
    yield {...outcome, changesPending: outcome.changesPending || isWrong};
  }
  if (audit) yield {cloud: '', counts: countsOf({}), errors: [], changesPending: audit.definitions(work)};
  if (!out || !write) return;
  await writePlan({work, clouds, out, write}, ports, emit);
}

/** Where the plans of all clouds go. */
export interface PlanOutput {
  /** As it was given. */
  readonly path: string;
  readonly flags: PlanFile['flags'];
}

/** Writes the plans of all clouds to the file; one warning, and no file, where a cloud could not be planned. `rollback`: its arguments. */
export async function writePlan(
  plan: {
    readonly work: CloudWork;
    readonly clouds: PlanFile['clouds'];
    readonly out: PlanOutput;
    readonly write: (plan: PlanFile) => Promise<void>;
    readonly rollback?: NonNullable<PlanFile['rollback']>;
  },
  {now}: Pick<AppPorts, 'now'>,
  emit: Emit,
): Promise<void> {
  const {work, clouds, out, write, rollback} = plan;
  const missing = work.clouds.filter(({name}) => clouds.every(({cloud}) => cloud !== name));
  if (missing.length > 0) {
    const names = missing.map(({name}) => name).join(', ');
    emit({type: 'warning', code: 'plan-not-written', ...notWritten(out.path, names)});
    return;
  }
  const content = {at: now().toISOString(), flags: out.flags, definitions: hashesOf(work), clouds};
  await write({...content, ...(rollback && {rollback})});
  const actions = clouds.flatMap(({leftovers, definitions}) => [
    ...leftovers,
    ...definitions.flatMap((one) => one.actions),
  ]);
  emit({type: 'plan-written', path: out.path, clouds: clouds.map(({cloud}) => cloud), actions: actions.length});
}

function notWritten(path: string, clouds: string): {readonly message: string; readonly hint: string} {
  return {
    message: `the plan was not written to ${path}: it would lack ${clouds}`,
    hint: 'run again when every cloud can be planned, or name those that can with --cloud',
  };
}

/** The definitions that a plan is made from, each with its hash. */
function hashesOf({selection, options}: Pick<CloudWork, 'selection' | 'options'>): PlanFile['definitions'] {
  return activeOf(selection, options).map((one) => ({name: one.name, hash: definitionHash(one)}));
}
