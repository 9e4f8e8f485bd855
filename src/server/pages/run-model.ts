import type {SeenEvent} from './run-event.ts';
import type {StepName} from './run-steps.ts';
import {BUILD_STEPS, STEPS_OF, stepsOf} from './run-steps.ts';
import type {Subject} from './run-subject.ts';
import {addExtra, addSteps, enter, failure, finish, standing, stopAt} from './run-subject.ts';
import type {Said} from './run-said.ts';
import {saidOf} from './run-said.ts';
import {bytesText} from './text.ts';

/** What a page knows of a run by its events. */
export interface RunModel {
  /** By cloud and definition; several where several versions of one are worked on. */
  readonly subjects: Map<string, readonly Subject[]>;
  readonly said: Said[];
  readonly unchanged: Set<string>;
  /** What goes on before anything is worked on. */
  stage: string;
  seq: number;
}

export function newRun(): RunModel {
  return {subjects: new Map(), said: [], unchanged: new Set(), stage: 'starting', seq: 0};
}

/** Takes in one event. */
export function takeEvent(model: RunModel, event: SeenEvent): void {
  model.seq = event.seq;
  const {type, cloud = ''} = event;
  if (type === 'started') model.stage = `logging in to ${(event.clouds ?? []).join(', ') || 'no cloud'}`;
  if (type === 'cloud-started') model.stage = `comparing ${cloud} with the definitions`;
  if (type === 'waiting') model.stage = event.message ?? 'waiting';
  if (type === 'planned') plan(model, event);
  if (type.startsWith('build-') || type === 'built' || type === 'artifact') build(model, event);
  if (type === 'action-started') begin(subjectOf(model, event), event);
  if (type === 'image-phase') enterPhase(model, event);
  if (type === 'progress') progress(subjectOf(model, event), event);
  if (type === 'verdict') judge(subjectOf(model, event), event);
  if (type === 'action-done') end(subjectOf(model, event), event);
  if (type === 'action-failed') fail(subjectOf(model, event), event);
  if (type === 'interrupted') model.stage = 'cleaning up';
  const said = saidOf(event);
  if (said) model.said.push(said);
}

/** No step goes on any more, as when the run is over. */
export function closeRun(model: RunModel): void {
  for (const {steps, extras} of [...model.subjects.values()].flat())
    for (const step of [...steps, ...extras])
      if (step.state === 'now' || step.state === 'waiting') step.state = 'stopped';
}

function plan(model: RunModel, event: SeenEvent): void {
  // A cloud is planned again when its lease is taken: what was not begun is planned anew.
  for (const subject of [...model.subjects.values()].flat())
    if (subject.cloud === event.cloud && [...subject.steps, ...subject.extras].every(({state}) => state === 'waiting'))
      subject.steps.length = subject.extras.length = 0;
  for (const name of event.unchanged ?? []) model.unchanged.add(`${event.cloud ?? ''}/${name}`);
  for (const action of event.actions ?? []) {
    const subject = subjectOf(model, {...event, action});
    addSteps(subject, stepsOf(action.kind));
    if (stepsOf(action.kind).length === 0) addExtra(subject, action);
  }
}

function build(model: RunModel, event: SeenEvent): void {
  const subject = subjectOf(model, event);
  addSteps(subject, BUILD_STEPS);
  if (event.type === 'build-progress') enter(subject, 'build', {at: event.at, detail: event.phase ?? ''});
  if (event.type === 'build-started') enter(subject, 'build', {at: event.at, detail: event.reason ?? ''});
  if (event.type !== 'built' && event.type !== 'artifact') return;
  finish(subject, 'files', (event.files ?? []).map(({format, size}) => `${format} ${bytesText(size)}`).join(', '));
  subject.outcome =
    event.reused === true
      ? {tone: 'good', text: 'unchanged: what it is built from is the same'}
      : {tone: 'good', text: 'built'};
}

function begin(subject: Subject, {at, action = {}}: SeenEvent): void {
  const [first] = stepsOf(action.kind);
  if (first === undefined) addExtra(subject, action).state = 'now';
  else {
    addSteps(subject, stepsOf(action.kind));
    enter(subject, first, {at, detail: action.built === true ? 'built on this host' : ''});
  }
}

const UPLOADS: ReadonlySet<string> = new Set(['uploading', 'importing', 'copying']);

function progress(subject: Subject, event: SeenEvent): void {
  const {at, phase = '', bytes, total, image, percent, currentBps = 0} = event;
  if (image !== undefined) subject.image = image;
  const step: StepName = phase === 'booting' ? 'boot' : UPLOADS.has(phase) ? 'upload' : 'candidate';
  // Without a plan, as of `verify`, or where it was too large to be stored.
  if (phase !== 'waiting') addSteps(subject, phase === 'booting' ? STEPS_OF.verify : STEPS_OF.acquire);
  const amount = total === undefined ? '' : ` ${bytesText(bytes ?? 0)} of ${bytesText(total)}`;
  const known = phase === 'waiting' ? subject.steps.find(({state}) => state === 'now')?.name : undefined;
  enter(subject, known ?? step, {
    at,
    detail: `${phase}${amount || (bytes === undefined ? '' : ` ${bytesText(bytes)}`)}${currentBps > 0 ? `, ${bytesText(currentBps)}/s` : ''}`,
    ...(percent !== undefined && {share: Math.min(percent, 99) / 100}),
  });
}

/** Of an image that has a line; what became of its predecessors is no matter of the line. */
function enterPhase({subjects}: RunModel, event: SeenEvent): void {
  const {cloud = '', definition, version, image, phase = '', reason = ''} = event;
  const subject = (subjects.get(`${cloud}/${definition ?? ''}`) ?? []).find(
    (one) => one.version === version && (one.image === undefined || image === undefined || one.image === image),
  );
  if (!subject) return;
  subject.phase = `${phase} (${reason})`;
  subject.changed = event.seq;
}

function judge(subject: Subject, {at, verdict = {}, image}: SeenEvent): void {
  const {kind, cause = '', message, hint, checks = [], failed = []} = verdict;
  if (image !== undefined) subject.image = image;
  addSteps(subject, STEPS_OF.verify);
  enter(subject, 'checks', {at, detail: ''});
  const passed = checks.filter(({outcome}) => outcome === 'pass').length;
  const counts =
    checks.length === 0 ? cause : `${passed} passed${failed.length > 0 ? `, ${failed.length} failed` : ''}`;
  if (kind === 'pass') {
    finish(subject, 'checks', counts);
    return;
  }
  const step = subject.steps.find(({name}) => name === (checks.length > 0 ? 'checks' : 'boot'));
  stopAt(subject, step, checks.length > 0 ? counts : cause);
  const who = kind === 'environment' ? 'cloud or host' : 'image';
  const word = kind === 'environment' ? 'NOT VERIFIED' : 'FAILED';
  subject.outcome = {
    tone: 'bad',
    text: `${word} ${cause} (${who}); ${standing(subject)}`,
    ...(message !== undefined && {detail: message}),
    ...(hint !== undefined && {hint}),
  };
}

function end(subject: Subject, {action = {}, image, detail}: SeenEvent): void {
  if (image !== undefined) subject.image = image;
  const steps = stepsOf(action.kind);
  const last = steps.at(-1);
  if (last === undefined) addExtra(subject, action).state = 'done';
  else if (subject.steps.find(({name}) => name === last)?.state !== 'failed')
    finish(subject, last, last === 'upload' ? (detail ?? '') : undefined);
  if (action.kind === 'publish')
    subject.outcome = {tone: 'good', text: `published${action.newName === undefined ? '' : ` as ${action.newName}`}`};
  else if (subject.steps.every(({state}) => state === 'done')) subject.outcome ??= {tone: 'good', text: 'done'};
}

function fail(subject: Subject, {action = {}, error = {}}: SeenEvent): void {
  const steps = stepsOf(action.kind);
  if (steps.length === 0) addExtra(subject, action).state = 'failed';
  const step = subject.steps.find(({state}) => state === 'now') ?? subject.steps.find(({name}) => steps.includes(name));
  if (steps.length > 0 && step && step.state !== 'failed') stopAt(subject, step, step.detail);
  // A verdict has said why already, and better.
  if (subject.outcome?.tone !== 'bad') subject.outcome = failure(error, standing(subject));
}

/**
 * The subject that an event is about: the version of the definition on the cloud. What is about no version of the line (retire, delete, …) goes
 * to the first one of the definition.
 */
function subjectOf({subjects}: RunModel, event: SeenEvent): Subject {
  const {action, cloud = ''} = event;
  const definition = action?.definition ?? event.definition ?? '';
  const isExtra = action !== undefined && stepsOf(action.kind).length === 0;
  const version = isExtra ? undefined : (action?.version ?? event.version);
  const key = `${cloud}/${definition}`;
  const siblings = subjects.get(key) ?? [];
  const known =
    version === undefined
      ? siblings[0]
      : (siblings.find((subject) => subject.version === version) ??
        siblings.find((subject) => subject.version === undefined));
  const subject = known ?? {cloud, definition, steps: [], extras: [], changed: event.seq};
  if (version !== undefined) subject.version = version;
  subject.changed = event.seq;
  if (!known) subjects.set(key, [...siblings, subject]);
  return subject;
}
