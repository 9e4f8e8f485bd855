import type {ErrorCode} from '../../errors.ts';
import type {ActionKind, ActionSummary, Event} from '../events.ts';
import {atEnd, atFailure, atStage, atStart, atVerdict, bringsBytes, isDeletion} from './of-event.ts';
import type {ImagePhaseEvent, ImagePhaseRow, PhaseAndReason, PhaseReason} from './phase.ts';
import {TransferProgress} from './transfer-progress.ts';

type Of<Type extends Event['type']> = Extract<Event, {type: Type}>;

const LOST: PhaseAndReason = {phase: 'ImageLost', reason: 'BytesMissing'};
const ACTIVE: PhaseAndReason = {phase: 'Ready', reason: 'Active'};
const PRESENT: PhaseAndReason = {phase: 'Ready', reason: 'Present'};

/** One image of the run. */
interface Subject {
  readonly cloud: string;
  readonly definition: string;
  readonly version: string | undefined;
  image: string | undefined;
  /** Of the action that works on it, or did. */
  kind: ActionKind | undefined;
  now: PhaseAndReason | undefined;
  progress: TransferProgress | undefined;
}

/** Which image an event is about. */
type About = Pick<Subject, 'cloud' | 'definition' | 'version' | 'image'>;

/**
 * Follows the images of one run: the one place that knows phases and progress. Progress is given its share of the whole and its speeds, the end of
 * the run the last phase of each image, and each new phase or reason is an event of its own behind the one that brought it.
 */
export class PhaseFollower {
  readonly #subjects = new Set<Subject>();
  readonly #byImage = new Map<string, Subject>();
  readonly #byVersion = new Map<string, Subject>();
  readonly #monotonic: () => number;
  #isDry = false;
  readonly #handlers: {readonly [Type in Event['type']]?: (event: Of<Type>) => readonly Event[]} = {
    started: (event) => {
      this.#isDry = event.command === 'dry-run';
      return [event];
    },
    planned: (event) => [event, ...this.#planned(event)],
    'action-started': (event) => [event, ...this.#begun(event)],
    progress: (event) => this.#progress(event),
    'action-done': (event) => [event, ...this.#done(event)],
    'action-failed': (event) => [event, ...this.#failed(event)],
    verdict: (event) => [event, ...this.#enter(this.#subject(aboutOf(event)), atVerdict(event.verdict.kind))],
    warning: (event) => [event, ...this.#warned(event)],
    'bytes-verified': (event) => [event, ...this.#enter(this.#subject(aboutOf(event)), PRESENT)],
    presence: (event) => [event, ...this.#enter(this.#subject(aboutOf(event)), event.present ? PRESENT : LOST)],
    'definition-failed': (event) => [event, ...this.#definitionFailed(event)],
    'cloud-failed': (event) => [event, ...this.#failAll(event.error.code, ({cloud}) => cloud === event.cloud)],
    'run-failed': (event) => [event, ...this.#failAll(event.error.code, () => true)],
    finished: (event) => this.#finished(event),
  };

  constructor(monotonic: () => number) {
    this.#monotonic = monotonic;
  }

  /** The event as sinks get it, then what follows from it. */
  follow(event: Event): readonly Event[] {
    const handle = this.#handlers[event.type] as ((event: Event) => readonly Event[]) | undefined;
    return handle ? handle(event) : [event];
  }

  #planned({cloud, actions}: Of<'planned'>): readonly Event[] {
    // Under its lease a run plans once more.
    for (const subject of this.#subjects)
      if (subject.cloud === cloud && subject.now?.reason === 'Planned') this.#forget(subject);
    if (this.#isDry) return [];
    return actions
      .filter(({kind}) => bringsBytes(kind))
      .flatMap((action) => this.#enter(this.#ofAction(cloud, action), {phase: 'Pending', reason: 'Planned'}));
  }

  #begun({cloud, action}: Of<'action-started'>): readonly Event[] {
    const subject = this.#ofAction(cloud, action);
    subject.kind = action.kind;
    if (bringsBytes(action.kind)) subject.progress ??= new TransferProgress();
    return this.#enter(subject, atStart(action.kind));
  }

  #progress(event: Of<'progress'>): readonly Event[] {
    const subject = this.#subject(aboutOf(event));
    const {phase: stage, bytes, total} = event;
    if (stage === 'reading' || stage === 'copying') subject.progress ??= new TransferProgress();
    const measured = subject.progress?.see({
      stage,
      nowMs: this.#monotonic(),
      ...(bytes !== undefined && {bytes}),
      ...(total !== undefined && {total}),
    });
    const carriesBytes = stage !== 'waiting' && stage !== 'booting';
    const next = subject.kind !== undefined || event.image !== undefined ? atStage(stage, subject.kind) : undefined;
    return [{...event, ...(carriesBytes && measured)}, ...(next ? this.#enter(subject, next) : [])];
  }

  /** An image that was to be deleted stays as it was. */
  #warned({cloud, image, code}: Of<'warning'>): readonly Event[] {
    const reason = STAYS[code];
    const subject = cloud !== undefined && image !== undefined ? this.#byImage.get(key(cloud, image)) : undefined;
    return reason && subject ? this.#enter(subject, {phase: 'Ready', reason}) : [];
  }

  #done({cloud, action, image, pending}: Of<'action-done'>): readonly Event[] {
    const subject = this.#ofAction(cloud, action);
    if (image !== undefined) this.#name(subject, image);
    if (isDeletion(action.kind) && subject.now?.phase === 'Ready') return [];
    return this.#enter(subject, atEnd(action.kind, pending === true));
  }

  #failed({cloud, action, error}: Of<'action-failed'>): readonly Event[] {
    const subject = this.#ofAction(cloud, action);
    // A verdict has said it already.
    if (error.code === 'VERIFICATION' && subject.now?.reason === 'VerificationFailed') return [];
    return this.#enter(subject, atFailure(error.code, action.kind, subject.now));
  }

  #definitionFailed(event: Of<'definition-failed'>): readonly Event[] {
    const {cloud, definition, image, error} = event;
    if (cloud === undefined || image === undefined)
      return this.#failAll(error.code, (subject) => isSame(subject, event));
    const subject = this.#subject({cloud, definition, version: undefined, image}, true);
    return this.#enter(subject, atFailure(error.code, subject.kind, subject.now ?? ACTIVE));
  }

  /** What is still under way, among these. */
  #failAll(code: ErrorCode, which: (subject: Subject) => boolean): readonly Event[] {
    return [...this.#subjects]
      .filter((subject) => isUnderWay(subject.now) && which(subject))
      .flatMap((subject) => this.#enter(subject, atFailure(code, subject.kind, subject.now)));
  }

  #finished(event: Of<'finished'>): readonly Event[] {
    const isInterrupted = event.exitCode === 130 || event.exitCode === 143;
    const ends = isInterrupted ? this.#failAll('INTERRUPTED', ({now}) => now?.reason !== 'Importing') : [];
    const images = [...this.#subjects].flatMap((subject) => (subject.now ? [rowOf(subject, subject.now)] : []));
    return [...ends, {...event, ...(images.length > 0 && {images})}];
  }

  #enter(subject: Subject, next: PhaseAndReason): readonly ImagePhaseEvent[] {
    const {now} = subject;
    subject.now = next;
    if (now?.phase === next.phase && now.reason === next.reason) return [];
    return [{type: 'image-phase', ...rowOf(subject, next)}];
  }

  /** An action that brings bytes works on what its version becomes; any other on the image that it names. */
  #ofAction(cloud: string, action: ActionSummary): Subject {
    const {kind, definition, version, image} = action;
    return this.#subject({cloud, definition, version, image}, !bringsBytes(kind));
  }

  #subject(about: About, isThere = false): Subject {
    const {cloud, image} = about;
    const known = image === undefined ? undefined : this.#byImage.get(key(cloud, image));
    if (known) return known;
    const sibling = this.#byVersion.get(versionKey(about));
    if (sibling && (image === undefined || (sibling.image === undefined && !isThere))) {
      if (image !== undefined) this.#name(sibling, image);
      return sibling;
    }
    const subject: Subject = {...about, kind: undefined, now: undefined, progress: undefined};
    this.#subjects.add(subject);
    if (image !== undefined) this.#byImage.set(key(cloud, image), subject);
    if (image === undefined || !sibling) this.#byVersion.set(versionKey(about), subject);
    return subject;
  }

  #name(subject: Subject, image: string): void {
    subject.image = image;
    this.#byImage.set(key(subject.cloud, image), subject);
  }

  #forget(subject: Subject): void {
    this.#subjects.delete(subject);
    if (this.#byVersion.get(versionKey(subject)) === subject) this.#byVersion.delete(versionKey(subject));
    if (subject.image !== undefined) this.#byImage.delete(key(subject.cloud, subject.image));
  }
}

function aboutOf(event: {
  readonly cloud: string;
  readonly definition: string;
  readonly version?: string | undefined;
  readonly image?: string | undefined;
}): About {
  const {cloud, definition, version, image} = event;
  return {cloud, definition, version, image};
}

function isSame(subject: Subject, event: Of<'definition-failed'>): boolean {
  const {cloud, definition} = event;
  return subject.definition === definition && (cloud === undefined || subject.cloud === cloud);
}

/** Why an image was not deleted, by the warning that says so. */
const STAYS: {readonly [Code in Of<'warning'>['code']]?: PhaseReason} = {
  'in-use': 'InUse',
  'use-unknown': 'UseUnknown',
  'delete-refused': 'InUse',
};

const UNDER_WAY: ReadonlySet<string> = new Set(['Reading', 'Verifying', 'Copying', 'Changing', 'Deleting']);

/** Something is going on: what is only planned, or done, is not touched by a failure elsewhere. */
function isUnderWay(now: PhaseAndReason | undefined): boolean {
  if (!now) return false;
  return now.phase === 'Provisioning' || now.phase === 'WaitingForUpload' || UNDER_WAY.has(now.reason);
}

function rowOf({cloud, definition, version, image, kind, progress}: Subject, now: PhaseAndReason): ImagePhaseRow {
  const isActive = now.phase === 'Ready' && now.reason !== 'Reading' && now.reason !== 'Copying';
  return {
    cloud,
    definition,
    ...(version !== undefined && version !== '' && {version}),
    ...(image !== undefined && {image}),
    ...now,
    ...(progress && kind !== undefined && {percent: isActive ? 100 : progress.percent}),
  };
}

function key(...parts: readonly string[]): string {
  return JSON.stringify(parts);
}

function versionKey({cloud, definition, version}: Pick<About, 'cloud' | 'definition' | 'version'>): string {
  return key(cloud, definition, version ?? '');
}
