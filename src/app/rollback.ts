import type {Definition} from '../core/definition/definition.ts';
import type {Emit, Event} from '../core/events.ts';
import {didYouMean} from '../core/nearest.ts';
import {isMarkedRevoked} from '../core/image/revocation.ts';
import type {RevocationRequest} from '../core/plan/revocation.ts';
import type {StoredPlan} from '../core/plan/stored-plan.ts';
import {changeOf, definitionLines, nextListed, planLine} from '../core/rollback.ts';
import type {RolledBack} from '../core/rollback-answer.ts';
import {ImgmgrError, formatPosition} from '../errors.ts';
import type {CloudOutcome, SeenPlan} from '../workflow/types.ts';
import type {CloudRequest} from './cloud-work.ts';
import {cloudWork} from './cloud-work.ts';
import type {PlanOutput} from './dry-run.ts';
import {writePlan} from './dry-run.ts';
import type {AppPorts} from './ports.ts';
import type {CloudChoice, DefinitionChoice, RetireSettings, RunSettings, TestSettings} from './requests.ts';
import type {Approved} from './work-by-plan.ts';
import {differing, firstEmit, openedOnce, refuseOtherInput} from './work-by-plan.ts';
import type {CloudWork} from './work-on-clouds.ts';
import {withOptions, workOnClouds} from './work-on-clouds.ts';

/** Take a version back: which one, and what bears the name then. */
export interface RollbackRequest extends CloudChoice, Pick<CloudRequest, 'ofCloud'> {
  /** The exact name of a definition. */
  readonly definition: string;
  readonly definitions: Pick<DefinitionChoice, 'images'>;
  readonly change:
    | {readonly kind: 'rollback'; readonly to?: string; readonly reason: string; readonly isPublic: boolean}
    | {readonly kind: 'pull'; readonly reason: string; readonly isPublic: boolean}
    | {readonly kind: 'undo'; readonly version: string};
  readonly run: RunSettings;
  readonly tests: TestSettings;
  readonly retire: Pick<RetireSettings, 'forceState'>;
  readonly yes: boolean;
  readonly dryRun: boolean;
  /** With `dryRun`: the file that gets the plan. */
  readonly out?: PlanOutput;
  /** Do what this plan lists, and nothing if anything differs from it; with `dryRun` only compare. */
  readonly approved?: Approved;
}

/**
 * Plans on all clouds, asks once, and does exactly that, cloud by cloud. USAGE for a definition that nobody knows, one whose versions all
 * bear names of their own, and where nobody can be asked; LIMIT where it is declined.
 */
export async function* rollback(request: RollbackRequest, ports: AppPorts, emit: Emit): AsyncGenerator<CloudOutcome> {
  const {approved: given, dryRun} = request;
  const {work, definition, date} = await workOf(request, ports);
  if (given) refuseOtherInput(work, given);
  else if (dryRun) {
    yield* planOnly({request, work, date}, ports, emit);
    return;
  }
  if (!given && !request.yes && !ports.confirm)
    throw new ImgmgrError('USAGE', 'rollback asks before it changes anything, and nobody can be asked here', {
      hint: 'look at it with --dry-run, then run it with --yes',
    });
  const held: Event[] = [];
  const outcomes: CloudOutcome[] = [];
  const first = firstEmit(work.command, {emit, held});
  for await (const outcome of workOnClouds(withOptions(work, {dryRun: true}), ports, first)) outcomes.push(outcome);
  const refused = given ? differing(outcomes, given) : [];
  for (const event of [
    ...(refused.length > 0 || dryRun ? held.splice(0) : []),
    ...refused.flatMap(({events}) => events),
  ])
    emit(event);
  if (refused.length > 0 || dryRun) {
    yield* refused.length > 0 ? refused.map(({outcome}) => outcome) : outcomes;
    return;
  }
  const ready = outcomes.filter((outcome): outcome is Ready => isReady(outcome));
  const names = new Set(ready.map(({cloud}) => cloud));
  for (const event of held)
    if (event.type !== 'planned' && 'cloud' in event && !names.has(event.cloud ?? '')) emit(event);
  for (const outcome of outcomes) if (!names.has(outcome.cloud)) yield withoutPending(outcome);
  if (ready.length === 0) return;
  if (!given && !request.yes && !(await ports.confirm?.(questionOf(request, ready))))
    throw new ImgmgrError('LIMIT', 'declined: nothing was done');
  const approved = new Map(ready.map(({cloud, plan}) => [cloud, plan]));
  const clouds = work.clouds.filter(({name}) => names.has(name));
  let lines: readonly string[] = [];
  for await (const outcome of workOnClouds({...work, clouds, approved}, ports, (event, of) => {
    if (event.type !== 'started' && event.type !== 'cloud-started') emit(event, of);
  })) {
    const seen = ready.find(({cloud}) => cloud === outcome.cloud)?.seen;
    if (seen && outcome.errors.length === 0) lines = report({request, definition, outcome, seen, said: lines}, emit);
    yield outcome;
  }
}

/** Says what would be done, and writes it to a file where one is named. */
async function* planOnly(
  {request, work, date}: {readonly request: RollbackRequest; readonly work: CloudWork; readonly date: string},
  ports: AppPorts,
  emit: Emit,
): AsyncGenerator<CloudOutcome> {
  const {out, definition, change} = request;
  const write = out && (await ports.files.planOutput(out.path));
  const clouds: StoredPlan[] = [];
  for await (const outcome of workOnClouds(withOptions(work, {dryRun: true}), ports, emit)) {
    if (outcome.plan && outcome.errors.length === 0) clouds.push(outcome.plan);
    yield outcome;
  }
  const rollback = {definition, date, ...(change.kind === 'undo' && {version: change.version})};
  if (out && write) await writePlan({work, clouds, out, write, rollback}, ports, emit);
}

type Ready = CloudOutcome & {readonly plan: StoredPlan; readonly seen: SeenPlan};

function isReady({errors, plan, seen}: CloudOutcome): boolean {
  return errors.length === 0 && plan !== undefined && seen !== undefined;
}

function withoutPending(outcome: CloudOutcome): CloudOutcome {
  return {...outcome, counts: {...outcome.counts, pending: 0}, changesPending: false};
}

interface Done {
  readonly request: RollbackRequest;
  readonly definition: Definition;
  readonly outcome: CloudOutcome;
  /** As it was before. */
  readonly seen: SeenPlan;
  /** The lines for the definition that were said for an earlier cloud. */
  readonly said: readonly string[];
}

/** Emits the answer for one cloud, and what the next run makes of it; gives the lines for the definition that were said so far. */
function report({request, definition, outcome, seen, said}: Done, emit: Emit): readonly string[] {
  const {change} = request;
  const {cloud} = outcome;
  const [plan] = seen.plans;
  const done = changeOf(plan ?? {actions: []});
  const own = seen.own.filter(({stamp}) => stamp.definition === definition.name);
  const reason = change.kind === 'undo' ? undefined : change.reason;
  // Also what an earlier rollback revoked that did not get as far as this answer.
  const revoked = own.filter(({stamp, image}) => done.versions.includes(stamp.version) || isMarkedRevoked(image));
  const lines = reason === undefined ? [] : definitionLines(definition, {revoked, reason});
  const fresh = lines.filter((line) => !said.includes(line));
  const answer: RolledBack = {
    ...{type: 'rolled-back', cloud, definition: definition.name, how: change.kind, ...done},
    ...(reason !== undefined && {reason}),
    lines: fresh.some((line) => line.startsWith('#')) ? lines : [],
  };
  emit(answer);
  const next =
    change.kind === 'rollback' && done.current !== null ? nextListed(definition, {own, change: done}) : undefined;
  if (next !== undefined)
    emit({
      type: 'warning',
      ...{cloud, definition: definition.name, code: 'rollback-not-kept'},
      message: `${definition.name}: the definition lists ${next}, which is not revoked: the next manage publishes it in place of ${done.current ?? ''}`,
      hint: 'mark that version with revoked in the definition, too, or take it out',
    });
  return [...said, ...lines];
}

function questionOf({change, definition}: RollbackRequest, ready: readonly Ready[]): string {
  const lines = ready.map(({cloud, seen}) => `  ${planLine(cloud, seen.plans[0] ?? {actions: []})}\n`).join('');
  const warning =
    change.kind === 'pull'
      ? `Nothing will bear the name "${definition}" then: users who look it up find no image, and servers on it cannot be rebuilt.\n`
      : '';
  const verb = {rollback: 'Roll back', pull: 'Pull', undo: 'Lift'}[change.kind];
  return `${lines}${warning}${verb} ${definition}?`;
}

async function workOf(
  request: RollbackRequest,
  ports: Pick<AppPorts, 'files' | 'clouds' | 'now'>,
): Promise<{readonly work: CloudWork; readonly definition: Definition; readonly date: string}> {
  const all = await ports.files.definitions(request.definitions.images);
  const names = all.map(({name}) => name);
  const definition = all.find(({name}) => name === request.definition);
  if (!definition)
    throw new ImgmgrError('USAGE', `there is no definition "${request.definition}"`, {
      hint: didYouMean(request.definition, names) ?? `names: ${names.slice(0, 10).join(', ') || 'none'}`,
    });
  if (!definition.multi)
    throw new ImgmgrError(
      'USAGE',
      `${definition.name} has multi: false: each version bears a name of its own, so there is none to go back to`,
      {
        place: formatPosition(definition.place),
        hint: 'mark the version with revoked in the definition: manage retires it and does not import it again',
      },
    );
  const selection = {definitions: [definition], allNames: new Set(names), all};
  const clouds = ports.clouds(request).map(openedOnce);
  const work = cloudWork({...request, definitions: {force: true}}, {command: 'rollback'}, {selection, clouds});
  const date = request.approved?.plan.rollback?.date ?? `${ports.now().toISOString().slice(0, 19)}Z`;
  return {work: withOptions(work, {revocation: revocationOf(request, date)}), definition, date};
}

/** The date is decided once, so that the plan is the same whenever it is made. */
function revocationOf({change}: RollbackRequest, date: string): RevocationRequest {
  return change.kind === 'undo' ? change : {...change, date};
}
