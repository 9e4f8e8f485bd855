import {definitionHash} from '../core/definition/definition-hash.ts';
import type {Emit, Event} from '../core/events.ts';
import {comparePlans} from '../core/plan/compare-plans.ts';
import type {PlanFile} from '../core/plan/plan-file.ts';
import type {StoredPlan} from '../core/plan/stored-plan.ts';
import {ImgmgrError} from '../errors.ts';
import {differsFromPlan} from '../workflow/run/approved-plan.ts';
import type {CloudOutcome} from '../workflow/types.ts';
import type {AppPorts, OpenCloud} from './ports.ts';
import {activeOf} from './select.ts';
import type {CloudWork} from './work-on-clouds.ts';
import {withOptions, withPolicy, workOnClouds} from './work-on-clouds.ts';

/** A plan that was read, and how messages call its file. */
export interface Approved {
  readonly path: string;
  readonly plan: PlanFile;
}

/** Work, and the plan that alone may be carried out. */
export interface PlannedWork {
  readonly work: CloudWork;
  readonly approved: Approved;
}

/**
 * Plans afresh on all clouds, without a lease, and compares; only where nothing differs anywhere is anything done, definition by definition
 * after one more comparison under its lease. USAGE where definitions or clouds are not those of the plan.
 */
export async function* workByPlan(planned: PlannedWork, ports: AppPorts, emit: Emit): AsyncGenerator<CloudOutcome> {
  const {work, outcomes, differs} = await compare(planned, ports, emit);
  if (differs) {
    yield* outcomes;
    return;
  }
  const plans = new Map(planned.approved.plan.clouds.map((plan) => [plan.cloud, plan]));
  yield* workOnClouds({...work, approved: plans}, ports, (event, of) => {
    if (event.type !== 'started' && event.type !== 'cloud-started') emit(event, of);
  });
}

/** Only compares: the outcomes have what differs, or what the plan would do. USAGE as {@link workByPlan}. */
export async function* compareByPlan(planned: PlannedWork, ports: AppPorts, emit: Emit): AsyncGenerator<CloudOutcome> {
  const {outcomes, held, differs} = await compare(planned, ports, emit);
  if (!differs) for (const event of held) emit(event);
  yield* outcomes;
}

/** What differs is emitted, and is in the outcomes; what was planned is held back. */
async function compare(
  {work: given, approved}: PlannedWork,
  ports: AppPorts,
  emit: Emit,
): Promise<{
  readonly work: CloudWork;
  readonly outcomes: readonly CloudOutcome[];
  readonly held: readonly Event[];
  readonly differs: boolean;
}> {
  refuseOtherInput(given, approved);
  // The deletions that the plan lists were approved with it, and no other passes the comparison.
  const work = withPolicy({...given, clouds: given.clouds.map(openedOnce)}, {yes: true});
  const held: Event[] = [];
  const outcomes: CloudOutcome[] = [];
  const first = firstEmit(work.command, {emit, held});
  for await (const outcome of workOnClouds(withOptions(work, {dryRun: true}), ports, first)) outcomes.push(outcome);
  const refused = differing(outcomes, approved);
  if (refused.length === 0) return {work, outcomes, held, differs: false};
  for (const event of [...held, ...refused.flatMap(({events}) => events)]) emit(event);
  return {work, outcomes: refused.map(({outcome}) => outcome), held: [], differs: true};
}

/** Definitions and clouds have to be those of the plan; its flags were compared when the request was made. */
export function refuseOtherInput({selection, options, clouds}: CloudWork, {path, plan}: Approved): void {
  const now = new Map(activeOf(selection, options).map((one) => [one.name, definitionHash(one)]));
  const then = new Map(plan.definitions.map(({name, hash}) => [name, hash]));
  const changed = [...new Set([...then.keys(), ...now.keys()])].flatMap((name) => {
    if (then.get(name) === now.get(name)) return [];
    return [`${name} (${then.has(name) ? (now.has(name) ? 'changed' : 'not there now') : 'not there then'})`];
  });
  if (changed.length > 0)
    throw new ImgmgrError('USAGE', `the definitions are not those of the plan ${path}: ${listOf(changed)}`, {
      hint: 'look at the changes, then make a new plan',
    });
  const names = ({length}: readonly unknown[], list: readonly string[]): string =>
    length === 0 ? 'none' : listOf(list);
  const [planned, chosen] = [plan.clouds.map(({cloud}) => cloud), clouds.map(({name}) => name)];
  if ([...planned].sort().join('\n') !== [...chosen].sort().join('\n'))
    throw new ImgmgrError(
      'USAGE',
      `the plan ${path} is for other clouds: ${names(planned, planned)}, not ${names(chosen, chosen)}`,
      {hint: 'leave --cloud out, the plan names its clouds; or make a new plan with dry-run --out'},
    );
}

/** How many definitions or clouds a message names. */
const MOST_NAMED = 10;

function listOf(names: readonly string[]): string {
  const more = names.length - MOST_NAMED;
  return `${names.slice(0, MOST_NAMED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/** The same session for both times that a cloud is planned. */
export function openedOnce(cloud: OpenCloud): OpenCloud {
  let opened: ReturnType<OpenCloud['open']> | undefined;
  return {name: cloud.name, open: () => (opened ??= cloud.open())};
}

/** The first time, everything but the course of the run is held back: it is reported only if the run ends there. */
export function firstEmit(command: string, {emit, held}: {readonly emit: Emit; readonly held: Event[]}): Emit {
  return (event, of) => {
    if (event.type === 'started') emit({...event, command}, of);
    else if (LIVE.has(event.type)) emit(event, of);
    else held.push(event);
  };
}

const LIVE: ReadonlySet<Event['type']> = new Set(['cloud-started', 'http', 'waiting', 'interrupted']);

/** What each cloud says where any of them differs from the plan; none where all are as it was made for. */
export function differing(outcomes: readonly CloudOutcome[], approved: Approved): readonly Compared[] {
  const compared = outcomes.map((outcome) => compareWithPlan(outcome, approved));
  return compared.some(({differs}) => differs) ? compared : [];
}

interface Compared {
  readonly outcome: CloudOutcome;
  readonly events: readonly Event[];
  readonly differs: boolean;
}

/** The outcome of planning a cloud anew, with an error for each definition that differs. */
function compareWithPlan(outcome: CloudOutcome, {path, plan}: Approved): Compared {
  const {cloud} = outcome;
  const stored = plan.clouds.find((one) => one.cloud === cloud);
  const fresh = outcome.plan;
  const shown = {...outcome, counts: {...outcome.counts, pending: 0}, changesPending: false};
  if (!fresh || !stored) return {outcome: shown, events: [], differs: true};
  if (stored.project !== fresh.project) return otherProject(shown, {stored, fresh, path});
  const found = [...comparePlans(stored, fresh)].map(
    ([definition, differences]) => [definition, differsFromPlan(definition, differences)] as const,
  );
  const errors = found.map(([, error]) => error);
  return {
    outcome: {
      ...shown,
      errors: [...shown.errors, ...errors],
      counts: {...shown.counts, failed: shown.counts.failed + errors.length},
    },
    events: found.map(([definition, error]) => ({type: 'definition-failed', cloud, definition, error})),
    differs: errors.length > 0,
  };
}

function otherProject(
  outcome: CloudOutcome,
  {stored, fresh, path}: {readonly stored: StoredPlan; readonly fresh: StoredPlan; readonly path: string},
): Compared {
  const {cloud} = outcome;
  const error = new ImgmgrError(
    'USAGE',
    `the login to ${cloud} leads to the project ${fresh.project}, the plan ${path} was made for ${stored.project}`,
    {hint: 'use the clouds.yaml that the plan was made with, or make a new plan with dry-run --out'},
  );
  return {
    outcome: {...outcome, errors: [...outcome.errors, error]},
    events: [{type: 'cloud-failed', cloud, error}],
    differs: true,
  };
}
