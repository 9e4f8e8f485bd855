import type {SeenAction, SeenError} from './run-event.ts';
import type {StepName} from './run-steps.ts';
import {inOrder} from './run-steps.ts';

/** How far a step is. `stopped`: it is not reached any more. */
export type StepState = 'waiting' | 'now' | 'done' | 'failed' | 'stopped';

/** A step of the line of one image. */
export interface Step {
  readonly name: StepName;
  state: StepState;
  detail: string;
  /** Since when it goes on, ISO 8601. */
  since?: string;
  /** The part of it that is done, 0 to 1, where that is known. */
  share?: number;
}

/** What became of an image, said in one sentence. */
export interface Outcome {
  readonly tone: 'good' | 'bad' | 'warn';
  readonly text: string;
  readonly detail?: string;
  readonly hint?: string;
}

/** Something that is done besides the line: retire, update, delete, …. */
export interface Extra {
  readonly id: string;
  readonly kind: string;
  readonly version?: string;
  readonly reason?: string;
  state: StepState;
}

/** One definition on one cloud, or a build on this host. */
export interface Subject {
  /** Empty: a build, which serves all clouds. */
  readonly cloud: string;
  readonly definition: string;
  version?: string;
  image?: string;
  /** Of the image, and why: `Provisioning (Uploading)`. */
  phase?: string;
  readonly steps: Step[];
  readonly extras: Extra[];
  outcome?: Outcome;
  /** The number of the last event about it. */
  changed: number;
}

/** Adds steps that are not there yet, in the order of the line. */
export function addSteps(subject: Subject, names: readonly StepName[]): void {
  for (const name of names)
    if (!subject.steps.some((step) => step.name === name)) subject.steps.push({name, state: 'waiting', detail: ''});
  subject.steps.sort((one, other) => inOrder(one.name, other.name));
}

/** The action besides the line with that id; a new one where it is the first time. */
export function addExtra({extras}: Subject, {id = '', kind = '', version, reason}: SeenAction): Extra {
  const known = extras.find((extra) => extra.id === id);
  if (known) return known;
  const extra: Extra = {
    id,
    kind,
    state: 'waiting',
    ...(version !== undefined && {version}),
    ...(reason !== undefined && {reason}),
  };
  extras.push(extra);
  return extra;
}

/** The step goes on, and those before it are done. */
export function enter(
  subject: Subject,
  name: StepName,
  {at, detail, share}: {readonly at: string; readonly detail: string; readonly share?: number},
): void {
  const index = subject.steps.findIndex((step) => step.name === name);
  subject.steps.forEach((step, place) => {
    if (place < index) step.state = 'done';
    if (place !== index) return;
    if (step.state !== 'now') step.since = at;
    step.state = 'now';
    step.detail = detail;
    if (share === undefined) delete step.share;
    else step.share = share;
  });
}

/** The step and those before it are done. */
export function finish(subject: Subject, name: StepName, detail: string | undefined): void {
  const index = subject.steps.findIndex((step) => step.name === name);
  subject.steps.forEach((step, place) => {
    if (place > index || step.state === 'failed') return;
    step.state = 'done';
    delete step.share;
    if (place === index && detail !== undefined) step.detail = detail;
  });
}

/** The step failed: what is behind it is not reached. */
export function stopAt(subject: Subject, failed: Step | undefined, detail: string): void {
  const index = subject.steps.findIndex((step) => step === failed);
  subject.steps.forEach((step, place) => {
    delete step.share;
    if (place < index) step.state = 'done';
    if (place > index) step.state = 'stopped';
    if (step !== failed) return;
    step.state = 'failed';
    step.detail = detail;
  });
}

/** The outcome of an error. */
export function failure({code = 'INTERNAL', message, hint, place}: SeenError, after: string): Outcome {
  const detail = [message, place].filter((part) => part !== undefined).join(', ');
  return {tone: 'bad', text: `FAILED ${code}; ${after}`, detail, ...(hint !== undefined && {hint})};
}

/** What users find now that the new image is not published. */
export function standing({steps, extras}: Subject): string {
  if (steps.some(({name, state}) => name === 'published' && state === 'done')) return 'it is public';
  if (extras.some(({kind}) => kind === 'retire')) return 'predecessor still public';
  return steps.some(({name}) => name === 'published') ? 'nothing was published' : 'nothing was changed';
}
