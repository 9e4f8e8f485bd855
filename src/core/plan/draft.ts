import {byCharacters} from '../order.ts';
import {ImgmgrError, formatPosition} from '../../errors.ts';
import type {Definition, RetireWay} from '../definition/definition.ts';
import type {CountField} from '../counts.ts';
import type {ActionSummary} from '../events.ts';
import type {FormContext} from '../image/form.ts';
import {formContext, supersededForm} from '../image/form.ts';
import type {Image} from '../image/image.ts';
import {describePublished, nameWhenSuperseded} from '../image/naming.ts';
import {retireWay} from '../policy.ts';
import {heldWarning} from '../hold.ts';
import type {Choice} from './choose-current.ts';
import {chooseCurrent} from './choose-current.ts';
import type {Unlinked} from './depends-on.ts';
import {linkActions} from './depends-on.ts';
import {isHeld, unfinishedSwap} from './held.ts';
import type {DefinitionPlan, PlanFailure, PlanInput, PlanWarning, Step, Target} from './plan.ts';
import type {OwnImage, Release} from '../release/release.ts';
import {byLastPublished, findImage} from '../release/find-image.ts';
import type {Revoked} from '../release/revoked.ts';
import {readVerdict} from '../verdict/record.ts';
import {compareVersions} from '../release/version.ts';

/**
 * A plan while it is being made: the images as they will be after the actions so far, and the actions. Everything that plans
 * reads and changes this one thing.
 */
export class Draft {
  readonly input: PlanInput;
  readonly definition: Definition;
  /** Names that finished images bear, or will bear. */
  readonly taken: Set<string>;
  readonly actions: Unlinked[] = [];
  readonly warnings: PlanWarning[] = [];
  readonly decisions: string[] = [];
  readonly publishes: string[] = [];
  readonly failures: PlanFailure[] = [];
  /** What the hold keeps from being done, in words. */
  readonly waiting: string[] = [];
  /** Images that an earlier run left in the middle of a swap: it is finished also where the definition is held. */
  readonly swapping: ReadonlySet<string>;
  images: OwnImage[];
  /** Glance ids of wanted images that are there and need nothing. */
  readonly unchanged: string[] = [];
  pending = 0;
  #choice: Choice;

  constructor(input: PlanInput) {
    this.input = input;
    this.definition = input.definition;
    this.images = [...input.images];
    this.#choice = chooseCurrent(input, this.images);
    this.swapping = unfinishedSwap(input);
    this.taken = new Set(this.finished().flatMap((own) => own.image.name ?? []));
  }

  /** Chooses again what bears the plain name, where images came in that nobody knew of. */
  chooseAgain(): void {
    this.#choice = chooseCurrent(this.input, this.images);
  }

  /** All releases, oldest first. */
  get sorted(): readonly Release[] {
    return this.#choice.sorted;
  }

  /** Those that bear the plain name. */
  get current(): readonly Release[] {
    return this.#choice.current;
  }

  /** The newest listed release that is not revoked. */
  get newest(): Release | undefined {
    return this.#choice.open.at(-1);
  }

  /** What is revoked; as of the images before the plan. */
  get revoked(): Revoked {
    return this.#choice.revoked;
  }

  /** No entry lists it: it has its place only because those that are listed are revoked. */
  isStandIn(release: Release): boolean {
    return release === this.#choice.standIn;
  }

  /** Published once: current or retired. */
  finished(): OwnImage[] {
    return this.images.filter(({stamp}) => stamp.state === 'current' || stamp.state === 'retired');
  }

  /** The published image of a release; of one that is not revoked, none that is. */
  published(release: Release): OwnImage | undefined {
    const {revoked} = this;
    const all = this.finished();
    return findImage(release, revoked.release(release) ? all : all.filter((own) => !revoked.image(own)));
  }

  isCurrent(release: Release): boolean {
    return this.current.includes(release);
  }

  /** Wanted: listed and not revoked, and with `--latest` the newest only. Where only images that are there count, the current one alone. */
  isWanted(release: Release): boolean {
    const {acquire, latest} = this.input.policy;
    const {open} = this.#choice;
    if (this.input.revocation) return false;
    return acquire && open.includes(release) && (!latest || release === open.at(-1));
  }

  /** Wanted, and acquired now: of a held definition the newest alone, since one candidate is kept. */
  isAcquired(release: Release): boolean {
    return this.isWanted(release) && (this.input.hold === undefined || release === this.newest);
  }

  /** Flag before definition before default. */
  way(): RetireWay {
    return retireWay(this.input.policy, this.definition);
  }

  /** `--keep`: superseded images of `multi: false` definitions are neither retired nor deleted. */
  keepsSuperseded(): boolean {
    return !this.definition.multi && this.input.policy.keep;
  }

  /** Is a test server booted before an image of this definition is published? From a CD-ROM only where the definition says how. */
  verifies(): boolean {
    const {definition, input} = this;
    const mode = definition.verify?.mode ?? (definition.format === 'iso' ? 'none' : undefined);
    return input.policy.verify && input.policy.acquire && mode !== 'none';
  }

  /** The version is not to be had: it failed its verification, and nothing new is known. */
  failVerification(release: Release, {image}: OwnImage): void {
    const verdict = readVerdict(image);
    const checks = verdict && verdict.failed.length > 0 ? ` (${verdict.failed.join(', ')})` : '';
    this.failures.push({
      id: `failure ${release.version}`,
      version: release.version,
      image: image.id,
      error: new ImgmgrError(
        'VERIFICATION',
        `${this.definition.name} ${release.version} failed its verification${verdict ? ` at ${verdict.at}: ${verdict.cause}${checks}` : ''}, image ${image.id}; ${describePublished(this.definition, this.#published())}`,
        {
          place: formatPosition(release.place),
          hint: 'mend the image and list it as a new version or with its new digest, or boot this one again with --reverify',
        },
      ),
    });
  }

  /** A hold of the definition itself in every run; one of all definitions, which is said once for the cloud, where something waits. */
  #heldWarnings(): readonly PlanWarning[] {
    const {hold} = this.input;
    if (!hold || (hold.by === 'all' && this.waiting.length === 0)) return [];
    return [heldWarning(hold, this.definition.name, this.waiting)];
  }

  #published(): Image[] {
    return this.input.images.flatMap(({image, stamp}) => (stamp.state === 'current' ? [image] : []));
  }

  context(release: Release): FormContext {
    const {policy, adHoc} = this.input;
    return formContext({definition: this.definition, release, policy, adHoc});
  }

  /** Adds an action to the end of the plan; its id. What a hold forbids is not added, it waits. */
  add(step: Step & {readonly counts?: CountField}, about: Omit<ActionSummary, 'kind' | 'definition'>): string {
    const id = this.#idOf(`${step.kind} ${about.image ?? about.version ?? ''}`);
    if (this.input.hold && isHeld(step, this.swapping)) {
      this.wait(`${step.kind} ${about.version ?? about.image ?? ''}`.trim());
      return id;
    }
    this.actions.push({...step, id, summary: {kind: step.kind, definition: this.definition.name, ...about}});
    return id;
  }

  /** Two images can have the same version. */
  #idOf(subject: string): string {
    const same = this.actions.filter(({id}) => id === subject || id.startsWith(`${subject}#`)).length;
    return same === 0 ? subject : `${subject}#${same + 1}`;
  }

  /** Says what is not done because of the hold, once. */
  wait(what: string): void {
    if (!this.waiting.includes(what)) this.waiting.push(what);
  }

  warn(warning: PlanWarning): void {
    this.warnings.push(warning);
  }

  warnByHand({image}: OwnImage, changes: readonly string[]): void {
    this.warn({
      code: 'changed-by-hand',
      image: image.id,
      message: `${image.name ?? ''} (${image.id}) was changed on the cloud: ${changes.join('; ')}`,
      hint: 'left alone; --force-state overwrites it',
    });
  }

  decide(message: string): void {
    this.decisions.push(message);
  }

  forget(own: OwnImage): void {
    this.images = this.images.filter((other) => other !== own);
  }

  replace(own: OwnImage, by: OwnImage): void {
    this.images = this.images.map((other) => (other === own ? by : other));
  }

  /** The finished plan; nothing is planned where there is an error. */
  result(deletable: readonly OwnImage[], error?: ImgmgrError): DefinitionPlan {
    const currentVersions = this.current.map((release) => release.version);
    return {
      definition: this.definition,
      actions: error ? [] : linkActions(this.actions, {failures: this.failures, currentVersions}),
      unchanged: this.unchanged.length,
      unchangedImages: this.unchanged,
      pending: this.pending,
      warnings: [...this.#heldWarnings(), ...this.warnings],
      decisions: this.decisions,
      publishes: this.publishes,
      deletable: this.input.hold ? [] : deletable,
      failures: error ? [] : this.failures,
      published: this.#published(),
      quarantined: this.images
        .filter(({stamp}) => stamp.state === 'quarantined')
        .sort(newestFirst)
        .map(({image}) => image),
      busy: false,
      ...(error && {error}),
    };
  }
}

/** Glance's times are whole seconds, in which a small image can be made and fail. */
function newestFirst(a: OwnImage, b: OwnImage): number {
  return (
    byCharacters(b.image.createdAt, a.image.createdAt) ||
    compareVersions(b.stamp.version, a.stamp.version) ||
    byLastPublished(a, b)
  );
}

/** What every summary says about an image that is there. */
export function about(own: OwnImage): {version: string; image: string; name?: string} {
  return {version: own.stamp.version, image: own.image.id, ...named(own.image)};
}

/** The name, where there is one. */
function named(image: Image): {name?: string} {
  return image.name === null ? {} : {name: image.name};
}

/** Id and name of a step's image, as far as it is there already. */
export function imageOf(target: Target): {image?: string; name?: string} {
  return 'image' in target ? {image: target.image.id, ...named(target.image)} : {};
}

/** The name under which a listed version is published that a newer one supersedes. */
export function supersededName(draft: Draft, release: Release): string {
  const {definition, taken, input} = draft;
  const form = supersededForm(draft.context(release));
  const day = form.properties['image_build_date'] ?? input.now.toISOString();
  return nameWhenSuperseded({definition, version: release.version, way: shapeOf(draft.way()), day, taken});
}

/** `deactivated` and `community` are renamed too; only `hidden` and `renamed-by-date` name differently. */
export function shapeOf(way: RetireWay): RetireWay {
  return way === 'hidden' || way === 'renamed-by-date' ? way : 'renamed';
}
