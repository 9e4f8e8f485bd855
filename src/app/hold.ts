import {countsOf} from '../core/counts.ts';
import type {Definition} from '../core/definition/definition.ts';
import type {Emit} from '../core/events.ts';
import {heldWarning, holdOfAll, inForce, latestHold} from '../core/hold.ts';
import {MANAGED_TAG} from '../core/image/stamp.ts';
import {didYouMean} from '../core/nearest.ts';
import {momentText} from '../core/time-text.ts';
import {ImgmgrError} from '../errors.ts';
import type {HoldChange, HoldContext} from '../workflow/hold/hold-cloud.ts';
import {liftHold, setHold, waitForRuns} from '../workflow/hold/hold-cloud.ts';
import {interruptible} from '../workflow/interruptible.ts';
import {logInTo} from '../workflow/log-in.ts';
import type {View} from '../workflow/run/observe.ts';
import {viewOf} from '../workflow/run/observe.ts';
import type {CloudOutcome} from '../workflow/types.ts';
import type {AppPorts, OpenCloud} from './ports.ts';
import type {CloudChoice, DefinitionChoice} from './requests.ts';
import {orFailed} from './work-on-clouds.ts';

/** Lift a hold. */
export interface UnholdRequest extends CloudChoice {
  /** The exact name; absent: the hold of every definition. */
  readonly definition?: string;
  readonly definitions: Pick<DefinitionChoice, 'images'>;
}

/** Let nothing of a definition be published or taken out of use for a time. */
export interface HoldRequest extends UnholdRequest {
  /** The end, milliseconds since 1970. */
  readonly untilMs: number;
  readonly reason?: string;
  /** The reason also stands on the cloud, where everybody who sees images of the project may read it. */
  readonly publicReason: boolean;
  /** How long runs that began before are waited for; absent: until their leases can be over. */
  readonly waitLockMs?: number;
}

/** Sets the hold on each cloud, when every one was looked at. USAGE for an end that is over, and for a definition that nobody knows. */
export async function* hold(request: HoldRequest, ports: AppPorts, emit: Emit): AsyncGenerator<CloudOutcome> {
  const {untilMs, reason, publicReason, waitLockMs, definition} = request;
  refusePast(untilMs, ports.now());
  const choice = {untilMs, ...(publicReason && reason !== undefined && {publicReason: reason})};
  const said = {until: new Date(untilMs).toISOString(), ...(reason !== undefined && {reason})};
  yield* onEach({request, ports, emit, command: 'hold', wantsFiles: false}, async ({context, view}) => {
    const done = await setHold(context, choice, {definition, records: view.holds});
    emit({type: 'hold', cloud: context.store.cloud, definition: definition ?? null, ...done, ...said});
    await waitForRuns(context, {definition, ...(waitLockMs !== undefined && {limitMs: waitLockMs})});
    return done;
  });
}

/** Lifts the hold on each cloud; what else holds it is said. USAGE for a definition that nobody knows. */
export async function* unhold(request: UnholdRequest, ports: AppPorts, emit: Emit): AsyncGenerator<CloudOutcome> {
  const {definition} = request;
  const work = {request, ports, emit, command: 'unhold', wantsFiles: true} as const;
  yield* onEach(work, async ({context, view, known}) => {
    const done = await liftHold(context, {definition, records: view.holds});
    const {cloud} = context.store;
    emit({type: 'hold', cloud, definition: definition ?? null, until: null, ...done});
    const rest = view.holds.filter((record) => record.definition !== definition);
    if (definition === undefined) {
      for (const name of new Set(rest.flatMap((record) => record.definition ?? []))) {
        const left = inForce(latestHold({name}, rest), view.now);
        if (left) emit({type: 'warning', cloud, definition: name, ...heldWarning(left, name)});
      }
      return done;
    }
    const own = known?.find(({name}) => name === definition);
    const left = inForce(own ? latestHold(own, rest) : holdOfAll(rest), view.now);
    if (left)
      emit({type: 'warning', cloud, definition, ...heldWarning(left, left.by === 'all' ? undefined : definition)});
    return done;
  });
}

function refusePast(untilMs: number, now: Date): void {
  if (untilMs > now.getTime()) return;
  throw new ImgmgrError('USAGE', `--until ended at ${momentText(untilMs)}, it is ${momentText(now.getTime())}`, {
    hint: 'give a day or a moment that is still to come; a day lasts until its end (UTC)',
  });
}

interface Work {
  readonly request: UnholdRequest & Partial<Pick<HoldRequest, 'untilMs'>>;
  readonly ports: AppPorts;
  readonly emit: Emit;
  readonly command: string;
  /** What definition files say is wanted, where they can be read, also about a name that is on a cloud. */
  readonly wantsFiles: boolean;
}

/** A cloud that was looked at. */
interface Looked {
  readonly context: HoldContext;
  readonly view: View;
  /** What the definition files say; absent: they were not needed, or not there. */
  readonly known?: readonly Definition[];
}

/** Looks at all clouds before anything is written on one; then the work, cloud by cloud. */
async function* onEach(work: Work, change: (looked: Looked) => Promise<HoldChange>): AsyncGenerator<CloudOutcome> {
  const {request, ports, emit, command} = work;
  const {signal, beginWriting} = ports;
  const clouds = ports.clouds(request);
  emit({type: 'started', command, clouds: clouds.map(({name}) => name), run: ports.run});
  const looks: {readonly cloud: OpenCloud; readonly looked?: Looked; readonly outcome: CloudOutcome}[] = [];
  for (const cloud of clouds) {
    const seen: {looked?: Looked} = {};
    const outcome = await orFailed({cloud, signal, emit}, async () => {
      seen.looked = await lookAt(cloud, work);
      return {cloud: cloud.name, counts: countsOf({}), errors: [], changesPending: false};
    });
    looks.push({cloud, outcome, ...seen});
  }
  const views = looks.flatMap(({looked}) => looked?.view ?? []);
  const known = await knownDefinitions(work, views);
  for (const {now} of views) if (request.untilMs !== undefined) refusePast(request.untilMs, now);
  for (const {cloud, looked, outcome} of looks) {
    if (!looked) yield outcome;
    else
      yield await orFailed({cloud, signal, emit}, async () => {
        const endWriting = beginWriting();
        try {
          await change({...looked, ...(known && {known})});
        } finally {
          endWriting();
        }
        return outcome;
      });
  }
}

async function lookAt(cloud: OpenCloud, {ports, emit}: Work): Promise<Looked> {
  const {run, runtime, signal} = ports;
  const {store} = interruptible(await cloud.open(), signal);
  const {projectId} = await logInTo(store, emit);
  const view = viewOf(await store.listTagged(MANAGED_TAG), projectId, store.now());
  return {context: {store, projectId, run, runtime, emit, signal}, view};
}

/**
 * The definitions in files, so far as they can be read. A definition is known where an image or a hold on a cloud has its name, or a file;
 * USAGE with the nearest names else: a hold of a name that nothing has would hold nothing.
 */
async function knownDefinitions(work: Work, views: readonly View[]): Promise<readonly Definition[] | undefined> {
  const {definition, definitions} = work.request;
  if (definition === undefined) return undefined;
  const onClouds = views.flatMap(({own, holds}) => [
    ...own.map(({stamp}) => stamp.definition),
    ...holds.flatMap((record) => record.definition ?? []),
  ]);
  const isOnCloud = onClouds.includes(definition);
  const isOptional = isOnCloud && definitions.images.length === 0;
  const read = isOptional && !work.wantsFiles ? undefined : await readIfThere(work, isOptional);
  const names = [...onClouds, ...(read ?? []).map(({name}) => name)];
  if (names.includes(definition)) return read;
  throw new ImgmgrError('USAGE', `there is no definition "${definition}"`, {
    hint: didYouMean(definition, names) ?? `names: ${[...new Set(names)].slice(0, 10).join(', ') || 'none'}`,
  });
}

/** On a host without definition files, or with broken ones, what is on the clouds is enough. */
async function readIfThere({ports, request}: Work, isOptional: boolean): Promise<readonly Definition[] | undefined> {
  try {
    return await ports.files.definitions(request.definitions.images);
  } catch (error) {
    if (isOptional) return undefined;
    throw error;
  }
}
