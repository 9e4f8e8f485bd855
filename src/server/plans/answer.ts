import type {Identity} from '../access/identity.ts';
import {mayAs} from '../access/identity.ts';
import type {PlanAnswer, PlanDifference, PlanRow} from '../contract/plans.ts';
import type {ServerFlags} from '../verbs/command-line.ts';
import {commandText, planLine} from '../verbs/command-line.ts';
import type {KeptPlan} from './store.ts';
import {PLAN_LIFE_MS} from './store.ts';

/** A plan in a list. */
export function planRow({id, by, at, request, clouds, run}: KeptPlan): PlanRow {
  const changes = clouds.flatMap((one) => one.changes);
  return {
    ...{id, by, at, run, verb: request.verb, definitions: request.definitions, clouds: request.clouds},
    flags: request.flags,
    expiresAt: new Date(Date.parse(at) + PLAN_LIFE_MS).toISOString(),
    actions: changes.length,
    deletions: changes.filter(({kind}) => kind === 'delete').length,
  };
}

/** What has to be typed to approve the plan, and why; null: nothing has to be. */
export function confirmation(plan: KeptPlan): PlanAnswer['confirm'] {
  const {request} = plan;
  const [definition = ''] = request.definitions;
  if (request.verb === 'rollback') return {text: definition, why: 'it changes what users find under this name'};
  const deletions = plan.clouds.flatMap(({changes}) => changes.filter(({kind}) => kind === 'delete'));
  if (deletions.length === 0) return null;
  const names = [...new Set(deletions.map((one) => one.definition))];
  const images = `${deletions.length} ${deletions.length === 1 ? 'image is' : 'images are'} deleted`;
  const [name = ''] = names;
  return {text: names.length === 1 ? name : `delete ${deletions.length} images`, why: images};
}

/** What the server allows. */
export interface Allowed {
  readonly allowWrite: boolean;
  readonly flags: ServerFlags;
}

/** Why this user cannot approve the plan here and now; null: it can be approved. */
export function refusalOf(
  plan: KeptPlan,
  difference: PlanDifference | undefined,
  {identity, allowWrite, flags}: Allowed & {readonly identity: Identity},
): string | null {
  const changes = plan.clouds.flatMap((one) => one.changes);
  if (plan.run !== null) return 'it was approved already: a plan is carried out once';
  if (changes.length === 0) return 'there is nothing to do';
  if (!allowWrite) return 'the server is read-only: it was started without --allow-write';
  if (!mayAs(identity.role, 'operator')) return 'the role of this login is not operator';
  if (!flags.allowBuild && changes.some(({built}) => built === true))
    return 'it builds an image, and the server was started without --allow-build';
  return difference?.moved === true ? 'what it was made for has changed: make a new plan' : null;
}

/** A plan with everything that it changes. */
export function planAnswer(
  plan: KeptPlan,
  difference: PlanDifference | undefined,
  about: Allowed & {readonly identity: Identity},
): PlanAnswer {
  const confirm = confirmation(plan);
  const line = planLine(plan.request, about.flags);
  return {
    ...{plan: planRow(plan), clouds: plan.clouds, confirm, difference: difference ?? null},
    refused: refusalOf(plan, difference, about),
    command: commandText(confirm ? [...line, '--yes'] : line),
  };
}
