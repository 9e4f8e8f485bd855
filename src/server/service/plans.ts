import type {Identity} from '../access/identity.ts';
import {seesAll} from '../access/identity.ts';
import type {PlanAnswer, PlansAnswer} from '../contract/plans.ts';
import type {ApprovalRequest} from '../contract/verbs.ts';
import {CallError, notFound} from '../errors.ts';
import {confirmation, planAnswer, planRow, refusalOf} from '../plans/answer.ts';
import type {KeptPlan} from '../plans/store.ts';
import type {OwnRun} from '../runs/own-run.ts';
import {approvedLine} from '../verbs/command-line.ts';
import {requireKnown, requirePermission} from '../verbs/permit.ts';
import {readPlanRequest} from '../verbs/read-body.ts';
import type {ServiceContext} from './context.ts';
import {knownTo} from './context.ts';

/** The plans that are kept and that this user sees, the newest first. */
export function listPlans(identity: Identity, {plans, parts}: ServiceContext): PlansAnswer {
  const seen = plans.store.all().filter(({request}) => seesAll(identity, request.clouds));
  return {asOf: parts.now().toISOString(), plans: seen.map((plan) => planRow(plan))};
}

/** Makes the plan that the body asks for, without changing anything, and keeps it. USAGE, FORBIDDEN, CONFLICT, LIMIT, UNAVAILABLE. */
export async function makePlan(body: unknown, identity: Identity, context: ServiceContext): Promise<PlanAnswer> {
  const request = readPlanRequest(body);
  requirePermission(request, identity, {...context.permissions, allowWrite: true});
  requireKnown(request, await knownTo(context, identity));
  return answer(await context.plans.make(request, identity), identity, context);
}

/** The plan; `compare`: after a look at the clouds. NOT_FOUND. */
export async function getPlan(
  {id, compare}: {readonly id: string; readonly compare: boolean},
  identity: Identity,
  context: ServiceContext,
): Promise<PlanAnswer> {
  const plan = findPlan(id, identity, context);
  // What is carried out, or was, differs from its plan by what was done.
  if (compare && plan.run === null) await context.plans.compare(plan);
  return answer(plan, identity, context);
}

/** Starts the run that carries the plan out; that compares it once more, definition by definition, and does nothing else. NOT_FOUND, USAGE, CONFLICT. */
export async function approvedRun(
  {verb, plan: id, confirm}: ApprovalRequest,
  identity: Identity,
  context: ServiceContext,
): Promise<OwnRun> {
  const {plans, runs, parts} = context;
  const plan = findPlan(id, identity, context);
  const {request} = plan;
  if (request.verb !== verb)
    throw new CallError(400, {code: 'USAGE', message: `the plan is one of ${request.verb}, not of ${verb}`});
  requirePermission(request, identity, context.permissions);
  const refused = refusalOf(plan, plans.compared(plan), {identity, allowWrite: true, flags: parts.flags});
  if (refused !== null)
    throw new CallError(409, {code: 'CONFLICT', message: refused, ...(plan.run !== null && {run: plan.run})});
  const wanted = confirmation(plan);
  if (wanted && confirm !== wanted.text)
    throw new CallError(
      400,
      {code: 'USAGE', message: `confirm has to be "${wanted.text}", since ${wanted.why}`},
      {hint: 'type it as it stands'},
    );
  const line = approvedLine(request, plans.store.path(plan.id), parts.flags);
  const {definitions, clouds} = request;
  const run = await runs.start({verb, definitions, clouds, line, plan: plan.id, by: identity.user}, ({clouds: of}) =>
    seesAll(identity, of),
  );
  await plans.store.keep({...plan, run: run.id});
  return run;
}

function findPlan(id: string, identity: Identity, {plans}: ServiceContext): KeptPlan {
  const plan = plans.store.find(id);
  if (plan && seesAll(identity, plan.request.clouds)) return plan;
  throw notFound(`plan ${id}`, 'it is over after a day: make it again');
}

function answer(plan: KeptPlan, identity: Identity, {plans, permissions, parts}: ServiceContext): PlanAnswer {
  const {allowWrite} = permissions;
  return planAnswer(plan, plans.compared(plan), {identity, allowWrite, flags: parts.flags});
}
