import {countsOf} from '../core/counts.ts';
import type {Definition} from '../core/definition/definition.ts';
import {filterDefinitions} from '../core/definition/filter.ts';
import type {Emit} from '../core/events.ts';
import {MANAGED_TAG} from '../core/image/stamp.ts';
import {didYouMean} from '../core/nearest.ts';
import {FORECAST_MS} from '../core/rules/forecast.ts';
import {auditLive} from '../core/rules/live-audit.ts';
import {otherSubject} from '../core/rules/live-subject.ts';
import type {Profile} from '../core/rules/profile.ts';
import type {Severity} from '../core/rules/rule-text.ts';
import type {Subject} from '../core/rules/subject.ts';
import {builtOn} from '../core/status/image-facts.ts';
import {byWorst, numbersOf} from '../core/status/order.ts';
import type {StatusRow} from '../core/status/row.ts';
import {ofNewerFormat, otherRow, rowsOf, unreachableRow} from '../core/status/rows.ts';
import type {Scale} from '../core/status/scale.ts';
import {isBroken, isDue} from '../core/status/scale.ts';
import {ImgmgrError} from '../errors.ts';
import {interruptible} from '../workflow/interruptible.ts';
import {logInTo} from '../workflow/log-in.ts';
import {pool} from '../workflow/pool.ts';
import {viewOf} from '../workflow/run/observe.ts';
import type {CloudOutcome} from '../workflow/types.ts';
import type {ProfileChoice} from './audit-profile.ts';
import {chosenProfile} from './audit-profile.ts';
import type {AppPorts, OpenCloud} from './ports.ts';
import {observation} from './observed.ts';
import type {CloudChoice, DefinitionChoice} from './requests.ts';
import {orFailed} from './work-on-clouds.ts';

/** Say what is live, what is wrong with it, and what will be. */
export interface StatusRequest extends CloudChoice {
  /** Definitions by their exact names, read or gone; empty: all. */
  readonly names: readonly string[];
  readonly definitions: Pick<DefinitionChoice, 'images' | 'filter'>;
  readonly profile: ProfileChoice;
  /** Findings of this severity and worse are changes pending; absent: none are. */
  readonly failOn?: Severity;
  /** So are those that appear within this time, milliseconds. */
  readonly dueWithinMs?: number;
  /** Also judge what the cloud offers and is not ours. */
  readonly all: boolean;
}

/** As many clouds are looked at side by side. */
const CLOUDS_AT_ONCE = 4;

/** Logs in and reads listings, nothing else; emits the rows, the worst first (of images that are not ours, as they come), then the summary. */
export async function* status(request: StatusRequest, ports: AppPorts, emit: Emit): AsyncGenerator<CloudOutcome> {
  const at = ports.now();
  const {definitions: choice, failOn = 'error', dueWithinMs} = request;
  const profile = await chosenProfile(request.profile, ports, at);
  const definitions = await ports.files.definitions(choice.images);
  const selected = new Set(filterDefinitions(definitions, choice.filter).map(({name}) => name));
  const clouds = ports.clouds(request);
  emit({type: 'started', command: 'status', clouds: clouds.map(({name}) => name), run: ports.run});
  const now = at.getTime();
  const scale = {now, failOn, ...(dueWithinMs !== undefined && {due: now + dueWithinMs})};
  const totals = {rows: 0, offending: 0, due: 0};
  const emitRow = (row: StatusRow): boolean => {
    const due = isDue(row, scale);
    totals.rows += 1;
    totals.offending += Number(row.offending);
    totals.due += Number(due);
    emit({type: 'status-row', ...row});
    return due || (request.failOn !== undefined && isBroken(row, scale));
  };
  const until = now + Math.max(FORECAST_MS, dueWithinMs ?? 0);
  const look: Look = {request, ports, emit, profile, definitions, selected, scale, until, emitRow};
  const looks = new Map<string, Looked>();
  await pool(CLOUDS_AT_ONCE, clouds, async (cloud) => void looks.set(cloud.name, await lookAt(cloud, look)));
  requireNames(request.names, definitions, [...looks.values()]);
  const rows = [...looks.values()].flatMap((looked) => looked.rows.map((row) => ({row, looked})));
  const ranked = rows.map((one) => ({...one, ...one.row, ...numbersOf(one.row)})).sort(byWorst);
  for (const {row, looked} of ranked) if (emitRow(row)) looked.pending = true;
  const unreachable = rows.filter(({row}) => row.state === 'unreachable').length;
  const {due, ...numbers} = totals;
  const range = {asOf: at.toISOString(), until: new Date(until).toISOString()};
  emit({type: 'status', ...range, ...numbers, unreachable, ...(dueWithinMs !== undefined && {due})});
  for (const {outcome, pending} of looks.values()) yield {...outcome, changesPending: pending};
}

interface Look {
  readonly request: StatusRequest;
  readonly ports: AppPorts;
  readonly emit: Emit;
  readonly profile: Profile;
  readonly definitions: readonly Definition[];
  /** Names of the definitions that the filter lets through. */
  readonly selected: ReadonlySet<string>;
  readonly scale: Scale;
  readonly until: number;
  /** Emits a row; true where it is to be exit 3. */
  readonly emitRow: (row: StatusRow) => boolean;
}

/** What was seen on one cloud. */
interface Looked {
  readonly outcome: CloudOutcome;
  readonly rows: readonly StatusRow[];
  /** Names of the definitions that images of ours have. */
  readonly names: readonly string[];
  pending: boolean;
}

async function lookAt(cloud: OpenCloud, look: Look): Promise<Looked> {
  const seen: {rows: readonly StatusRow[]; names: readonly string[]; pending: boolean} = {
    ...{rows: [], names: [], pending: false},
  };
  const {ports, emit} = look;
  const outcome = await orFailed({cloud, signal: ports.signal, emit}, async () => {
    Object.assign(seen, await readCloud(cloud, look));
    return {cloud: cloud.name, counts: countsOf({}), errors: [], changesPending: false};
  });
  const [error] = outcome.errors;
  return {...seen, outcome, ...(error && {rows: [unreachableRow(cloud.name, error.message)]})};
}

async function readCloud(cloud: OpenCloud, look: Look): Promise<Omit<Looked, 'outcome'>> {
  const {request, ports, emit, profile, definitions, scale, until, emitRow} = look;
  const {store} = interruptible(await cloud.open(), ports.signal);
  const {projectId} = await logInTo(store, emit);
  const view = viewOf(await store.listTagged(MANAGED_TAG), projectId, store.now());
  const own = [...view.own, ...ofNewerFormat(view.images, projectId)];
  const ours = new Set(own.map(({image}) => image.id));
  const others: Other[] = [];
  if (request.all)
    for await (const page of store.listOffered()) {
      ports.signal.throwIfAborted();
      for (const image of page)
        if (!ours.has(image.id)) others.push({owner: image.owner, subject: otherSubject(image)});
    }
  const audit = auditLive({
    ...{own, definitions, whole: request.all, profile, now: scale.now, until},
    others: others.map(({subject}) => subject),
  });
  const asked = askedOf(look);
  let pending = false;
  for (const {subject, owner} of asked.isWhole ? others : []) {
    const {name, image = null, properties} = subject;
    const judged = audit.judgeOther(subject);
    const about = audit.byImage.get(image ?? '');
    const row = otherRow({cloud: store.cloud, scale}, {image, name, owner, built: builtOn(properties)}, [
      judged,
      ...(about ? [about] : []),
    ]);
    pending = emitRow(row) || pending;
  }
  ports.observe?.(store.cloud, await observation({store, view, definitions, profile, now: ports.now()}));
  const rows = rowsOf({cloud: store.cloud, own, held: view, definitions, audit, scale, ...asked});
  return {rows, names: own.map(({stamp}) => stamp.definition), pending};
}

interface Other {
  readonly subject: Subject;
  readonly owner: string | null;
}

/** A definition is asked about when it is named, or no name is given, and when the filter lets it through; one that is gone, when it is named. */
function askedOf({request, selected, definitions}: Look): {
  readonly isAsked: (definition: string) => boolean;
  readonly isWhole: boolean;
} {
  const {names, definitions: choice} = request;
  const read = new Set(definitions.map(({name}) => name));
  const isFiltered = choice.filter !== undefined;
  return {
    isWhole: names.length === 0 && !isFiltered,
    isAsked: (name) =>
      (names.length === 0 || names.includes(name)) &&
      (!isFiltered || selected.has(name) || (!read.has(name) && names.length > 0)),
  };
}

/** USAGE for a name that neither a file nor a cloud has; one that could not be looked at may have it. */
function requireNames(names: readonly string[], definitions: readonly Definition[], looks: readonly Looked[]): void {
  if (looks.some(({outcome}) => outcome.errors.length > 0)) return;
  const known = [...new Set([...definitions.map(({name}) => name), ...looks.flatMap((looked) => looked.names)])];
  const unknown = names.find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new ImgmgrError('USAGE', `there is no definition "${unknown}"`, {
    hint: didYouMean(unknown, known) ?? `names: ${known.slice(0, 10).join(', ') || 'none'}`,
  });
}
