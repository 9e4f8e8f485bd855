import type {Event} from '../../core/events.ts';
import type {ImgmgrError} from '../../errors.ts';
import {asImgmgrError, isRetryable} from '../../errors.ts';
import type {Identity} from '../access/identity.ts';
import type {CloudPlan, PlanDifference} from '../contract/plans.ts';
import type {PlanRequest} from '../contract/verbs.ts';
import {CallError, errorTextOf} from '../errors.ts';
import type {ServerParts} from '../parts.ts';
import type {Answered} from '../reading/ask.ts';
import {ask} from '../reading/ask.ts';
import {Flight, Gate} from '../reading/flights.ts';
import {approvedLine, planLine} from '../verbs/command-line.ts';
import {noticedBy} from './noticed.ts';
import type {KeptPlan} from './store.ts';
import {PlanStore} from './store.ts';

/** Making or comparing a plan takes this long at most. */
const LIMIT_MS = 120_000;
/** As many are made side by side, and wait for that. */
const AT_ONCE = 2;
const MOST_WAITING = 8;
/** The clouds are looked at for a comparison so often at most. */
const COMPARE_MS = 10_000;

/** Makes plans, keeps them for their approval, and compares them with the clouds as they are. */
export class Plans {
  readonly store: PlanStore;
  readonly #parts: ServerParts;
  readonly #gate = new Gate(AT_ONCE);
  readonly #comparisons = new Map<string, Flight<PlanDifference>>();
  #waiting = 0;

  constructor(parts: ServerParts & {readonly plansFolder: string}) {
    this.#parts = parts;
    this.store = new PlanStore(parts.plansFolder, parts.now);
  }

  /** Plans on the clouds in this process, as the command line would, and keeps the plan. The error of the first cloud that could not be planned. */
  async make(request: PlanRequest, identity: Identity): Promise<KeptPlan> {
    const {flags, now} = this.#parts;
    const {id, path} = this.store.reserve();
    const answered = await this.#asking(planLine(request, flags, path));
    if (!answered.events.some(({type}) => type === 'plan-written')) {
      await this.store.drop(id);
      throw notMade(answered);
    }
    const clouds = cloudPlans(answered);
    const plan: KeptPlan = structuredClone({
      ...{version: 1 as const, id, by: identity.user, at: now().toISOString(), request, clouds, run: null},
    }) as KeptPlan;
    await this.store.keep(plan);
    return plan;
  }

  /** What differs now between the plan and the clouds; looks at them at most every ten seconds. */
  async compare(plan: KeptPlan): Promise<PlanDifference | undefined> {
    const {now} = this.#parts;
    const rules = {now, freshMs: COMPARE_MS, leastMs: COMPARE_MS};
    const flight =
      this.#comparisons.get(plan.id) ?? new Flight(async () => ({value: await this.#compare(plan)}), rules);
    this.#comparisons.set(plan.id, flight);
    for (const id of this.#comparisons.keys()) if (!this.store.find(id)) this.#comparisons.delete(id);
    return (await flight.get({now: true, waitMs: LIMIT_MS})).value;
  }

  /** The latest comparison. */
  compared({id}: KeptPlan): PlanDifference | undefined {
    return this.#comparisons.get(id)?.peek().value;
  }

  async #compare(plan: KeptPlan): Promise<PlanDifference> {
    const {flags, now} = this.#parts;
    const line = [...approvedLine(plan.request, this.store.path(plan.id), flags), '--dry-run'];
    const answered = await this.#asking(line);
    const differences = differencesIn(answered);
    return {at: now().toISOString(), moved: differences.length > 0, differences};
  }

  async #asking(line: readonly string[]): Promise<Answered> {
    if (this.#waiting >= MOST_WAITING)
      throw new CallError(429, {code: 'LIMIT', message: 'too many plans are being made', retryS: 10});
    this.#waiting += 1;
    try {
      return await this.#gate.through(async () => ask(line, LIMIT_MS, this.#parts));
    } finally {
      this.#waiting -= 1;
    }
  }
}

/** Why no plan came of it. */
function notMade({failure, outcomes}: Answered): ImgmgrError {
  const failed = outcomes.find(({errors}) => errors.length > 0);
  const [error] = failed?.errors ?? [];
  if (failure) return failure;
  if (!failed || !error) return asImgmgrError(new Error('no plan was written'));
  const {code, message, hint} = error;
  // What the cloud has is no fault of the request, unless it says so itself.
  const status = code === 'USAGE' ? 400 : isRetryable(code) ? 503 : 409;
  return new CallError(status, {code, message: `${failed.cloud}: ${message}`}, hint === undefined ? {} : {hint});
}

function cloudPlans({events, outcomes}: Answered): readonly CloudPlan[] {
  return outcomes.flatMap(({cloud, errors: [error]}) => {
    if (cloud === '') return [];
    const planned = events.find((event) => event.type === 'planned' && event.cloud === cloud);
    return [cloudPlanOf(cloud, planned as Extract<Event, {type: 'planned'}> | undefined, error)];
  });
}

function cloudPlanOf(
  cloud: string,
  planned: Extract<Event, {type: 'planned'}> | undefined,
  error: ImgmgrError | undefined,
): CloudPlan {
  const {
    actions = [],
    users = [],
    costs = {transfers: 0, bytes: 0, unknown: 0, boots: 0},
    definitions = [],
  } = planned ?? {};
  const usersOf = new Map(users.map((one) => [one.image, one]));
  const kinds = Map.groupBy(actions, ({kind}) => kind);
  return {
    ...{cloud, costs, users, definitions},
    error: error ? errorTextOf(error) : null,
    kinds: Object.fromEntries([...kinds].map(([kind, of]) => [kind, of.length])),
    changes: actions.map((action) => ({...action, noticed: noticedBy(action, usersOf.get(action.image ?? ''))})),
  };
}

type Difference = PlanDifference['differences'][number];

function differencesIn({events, outcomes, failure}: Answered): readonly Difference[] {
  const found = events.flatMap((event) => differenceIn(event) ?? []);
  const named = new Set(found.map(({cloud}) => cloud));
  const others = outcomes.filter(({cloud, errors}) => errors.length > 0 && !named.has(cloud));
  return [
    ...found,
    ...others.map(({cloud, errors}) => ({cloud, definition: null, texts: errors.map(({message}) => message)})),
    ...(failure ? [{cloud: '', definition: null, texts: [failure.message]}] : []),
  ];
}

function differenceIn(event: Event): Difference | undefined {
  if (event.type === 'definition-failed')
    return {cloud: event.cloud ?? '', definition: event.definition, texts: [event.error.message]};
  if (event.type === 'cloud-failed') return {cloud: event.cloud, definition: null, texts: [event.error.message]};
  return undefined;
}
