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
import type {CloudWork} from './work-on-clouds.ts';
import {withOptions, workOnClouds} from './work-on-clouds.ts';

/** Say what `manage` would do. */
export interface DryRunRequest extends ManageRequest {
  /** The file that gets the plans of all clouds, and the flags that they were made with; then deletions are planned as with `--yes`. */
  readonly out?: {readonly path: string; readonly flags: PlanFile['flags']};
}

/** The audit: logs in and reads; the outcomes say whether changes are pending. */
export async function* dryRun(request: DryRunRequest, ports: AppPorts, emit: Emit): AsyncGenerator<CloudOutcome> {
  const {out, deletion, audit: choice} = request;
  const audit = choice && (await planAudit(choice, ports, emit));
  const write = out && (await ports.files.planOutput(out.path));
  const work = await manageWork(out ? {...request, deletion: {...deletion, yes: true}} : request, ports);
  const clouds: PlanFile['clouds'] = [];
  for await (const outcome of workOnClouds(withOptions(work, {dryRun: true}), ports, emit)) {
    if (outcome.plan) clouds.push(outcome.plan);
    const isWrong = audit?.cloud(outcome) === true;
    yield {...outcome, changesPending: outcome.changesPending || isWrong};
  }
  if (audit) yield {cloud: '', counts: countsOf({}), errors: [], changesPending: audit.definitions(work)};
  if (!out || !write) return;
  const missing = work.clouds.filter(({name}) => clouds.every(({cloud}) => cloud !== name));
  if (missing.length > 0) {
    const names = missing.map(({name}) => name).join(', ');
    emit({type: 'warning', code: 'plan-not-written', ...notWritten(out.path, names)});
    return;
  }
  await write({at: ports.now().toISOString(), flags: out.flags, definitions: hashesOf(work), clouds});
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
