import type {ImageStore} from '../../ports/image-store.ts';
import type {Definition} from '../../core/definition/definition.ts';
import type {Emit} from '../../core/events.ts';
import {actionEmit} from '../../core/events.ts';
import {compact, isEmptyPatch} from '../../core/image/patch.ts';
import type {Image, ImagePatch} from '../../core/image/image.ts';
import type {Action, DefinitionPlan, Target} from '../../core/plan/plan.ts';
import type {Release} from '../../core/release/release.ts';
import {ImgmgrError} from '../../errors.ts';
import {acquireImage} from '../acquire/acquire-image.ts';
import {acquireTwin} from '../acquire/acquire-twin.ts';
import {discardImage} from '../acquire/make-record.ts';
import {resumeImage} from '../acquire/resume-image.ts';
import type {AcquireContext, Acquired} from '../acquire/types.ts';
import {importWait, waitForImport} from '../acquire/wait-for-import.ts';
import {deleteImage, mayDelete} from '../publish/delete-image.ts';
import type {Publication} from '../publish/publish-image.ts';
import {publishImage} from '../publish/publish-image.ts';
import {shareImage} from '../publish/share-image.ts';
import {retireOrUndo} from '../publish/swap.ts';
import {copySurely} from '../sure-writes.ts';
import type {CloudPorts} from '../types.ts';
import type {PassedVerification} from '../verification/verify-candidate.ts';
import {verifyCandidate} from '../verification/verify-candidate.ts';
import type {Verifier} from '../verification/verifier.ts';
import type {ImageCounts} from './image-counts.ts';

/** What applying a plan works with. */
export interface ApplyContext {
  readonly acquire: AcquireContext;
  readonly ports: CloudPorts;
  readonly imageCounts: ImageCounts;
  readonly errors: ImgmgrError[];
  /** Absent where nothing is verified. */
  readonly verifier?: Verifier;
  /** Throws LOCKED when the run may no longer write. */
  readonly assertMayWrite: () => void;
  /** Why nothing may be published here, asked before the first byte travels; undefined: allowed or not known. */
  readonly publishObstacle: (definition: Definition) => Promise<ImgmgrError | undefined>;
}

/** What came of an action; `pending`: the image waits for the cloud or for the next run. */
export interface Done {
  readonly image?: string;
  readonly detail?: string;
  readonly pending?: boolean;
}

interface Made {
  readonly release: Release;
  readonly acquired: Acquired;
}

type Of<Kind extends Action['kind']> = Extract<Action, {kind: Kind}>;

/** The work on one definition: does single actions, and remembers what they made for those that come later. */
export class PlanWork {
  readonly #context: ApplyContext;
  readonly #plan: DefinitionPlan;
  readonly #store: ImageStore;
  /** What acquisitions made, by their id. */
  readonly #made = new Map<string, Made>();
  /** Ids of the acquisitions whose image an interruption has to remove. */
  readonly #unpublished = new Set<string>();
  /** What publications changed, by their id. */
  readonly #publications = new Map<string, Publication>();
  /** What verifications found out, by the id of the image. */
  readonly #passed = new Map<string, PassedVerification>();
  /** Live images that this run changed, by id. */
  readonly #live = new Map<string, Image>();

  constructor(context: ApplyContext, plan: DefinitionPlan) {
    this.#context = context;
    this.#plan = plan;
    this.#store = context.ports.store;
  }

  /** Gives what was published just now to its members, or retires its predecessor: no Ctrl-C may come in between. */
  closesSwap(action: Action): boolean {
    const publication =
      action.kind === 'retire' ? action.replacedBy : action.kind === 'share' ? action.published : undefined;
    return publication !== undefined && this.#publications.has(publication);
  }

  /** Removes what was made and not published. */
  async discardUnpublished(): Promise<void> {
    for (const [id, {release, acquired}] of this.#made)
      if (this.#unpublished.has(id)) {
        const context = this.#acquireContext(actionEmit(this.#context.acquire.emit, id));
        await discardImage(context, {definition: this.#plan.definition, release}, acquired.image.id);
      }
  }

  /** Does one action, whose events go to `emit`; undefined when it turned out that the image stays as it is. */
  async perform(action: Action, emit: Emit): Promise<Done | undefined> {
    const context = this.#acquireContext(emit);
    switch (action.kind) {
      case 'remove':
        await this.#store.delete(action.image.id);
        return {image: action.image.id};
      case 'acquire':
      case 'resume':
        return this.#acquire(action, context);
      case 'verify':
        return this.#verify(action, context);
      case 'publish':
        return this.#publish(action, context);
      case 'retire':
        return this.#retire(action, context);
      case 'revoke':
      case 'lift':
      case 'adopt':
      case 'update':
      case 'hide':
        return this.#patch(action.image, action.patch);
      case 'deactivate':
      case 'reactivate': {
        const image = this.#resolve(action.target);
        if (action.patch) await this.#patch(image, action.patch);
        await this.#store.setActive(image.id, action.kind === 'reactivate');
        return {image: image.id};
      }
      case 'share':
        return this.#share(action);
      case 'copy':
        return this.#copy(action, context);
      case 'delete':
        return this.#delete(action, context);
    }
  }

  /** What all images of this cloud share, with the events of one action apart. */
  #acquireContext(emit: Emit): AcquireContext {
    return {...this.#context.acquire, emit};
  }

  async #acquire(action: Of<'acquire' | 'resume'>, context: AcquireContext): Promise<Done> {
    const {definition} = this.#plan;
    const {publish, wait} = context.options.policy;
    const {release} = action;
    const task = {definition, release, ...(publish && {permitted: this.#permitted(definition)})};
    const acquired =
      action.kind === 'resume'
        ? await resumeImage(context, {...task, image: action.image})
        : action.twin
          ? await acquireTwin(context, {...task, twin: action.twin})
          : await acquireImage(context, {...task, ...(action.reuse && {reuse: action.reuse})});
    const {image, detail, pending, marks} = acquired;
    if (pending) return {image: image.id, detail, pending};
    if (action.next === 'ready') {
      await this.#patch(image, {set: {imgmgr_state: 'ready', ...marks}});
      return {image: image.id, detail, pending: !wait};
    }
    this.#made.set(action.id, {release, acquired});
    this.#unpublished.add(action.id);
    return {image: image.id, detail};
  }

  async #permitted(definition: Definition): Promise<void> {
    const obstacle = await this.#context.publishObstacle(definition);
    if (obstacle) throw obstacle;
  }

  async #verify(action: Of<'verify'>, context: AcquireContext): Promise<Done> {
    const {verifier} = this.#context;
    const {definition, quarantined, published} = this.#plan;
    if (!verifier) throw new ImgmgrError('INTERNAL', 'verification was planned, but nothing was prepared for it');
    const {target, release, next} = action;
    const image = this.#resolve(target);
    const wasPublished = ['current', 'retired'].includes(image.properties['imgmgr_state'] ?? '');
    try {
      const task = {definition, release, image, quarantined, published, wasPublished};
      const passed = await verifyCandidate(context, verifier, task);
      this.#passed.set(image.id, passed);
      const set = {...passed.properties, ...this.#marksOf(target), imgmgr_state: 'ready'};
      if (next === 'ready') await this.#patch(image, {set});
      return {image: image.id, detail: passed.verdict.message};
    } catch (error) {
      // What failed is dealt with: an interrupted run must not take it for something that it left half-made.
      if (!context.signal.aborted && 'made' in target) this.#unpublished.delete(target.made);
      throw error;
    }
  }

  async #publish(action: Of<'publish'>, context: AcquireContext): Promise<Done> {
    const {target} = action;
    const live = this.#resolve(target);
    const publication = await publishImage(context, {
      ...action,
      definition: this.#plan.definition.name,
      live,
      known: {...this.#passed.get(live.id)?.properties, ...this.#marksOf(target)},
    });
    const {after} = publication;
    this.#live.set(after.id, after);
    this.#publications.set(action.id, publication);
    if ('made' in target) this.#unpublished.delete(target.made);
    return {image: after.id, detail: `${after.name ?? ''} is ${after.visibility}`};
  }

  async #retire({image, patch, replacedBy}: Of<'retire'>, context: AcquireContext): Promise<Done> {
    const undo = replacedBy === undefined ? undefined : this.#publications.get(replacedBy);
    const after = await retireOrUndo(context, {
      image: this.#current(image),
      patch,
      ...(undo && {undo}),
    });
    this.#live.set(after.id, after);
    return {image: after.id};
  }

  async #patch(image: Image, patch: ImagePatch): Promise<Done> {
    const live = this.#current(image);
    const rest = compact(live, patch);
    if (isEmptyPatch(rest)) return {image: live.id};
    const after = await this.#store.update(live, rest);
    this.#live.set(after.id, after);
    return {image: after.id};
  }

  async #share(action: Of<'share'>): Promise<Done> {
    const {sharing, store} = this.#context.ports;
    const {runtime} = this.#context.acquire;
    if (!sharing) throw new ImgmgrError('INTERNAL', 'sharing was planned, but this cloud has one project only');
    const {image, detail} = await shareImage({store, runtime, sharing}, this.#resolve(action.target), action);
    this.#live.set(image.id, image);
    return {image: image.id, detail};
  }

  async #copy({image, stores}: Of<'copy'>, context: AcquireContext): Promise<Done> {
    const deadlineMs = context.runtime.monotonic() + context.options.importTimeoutMs;
    await copySurely(context, {id: image.id, stores, deadlineMs});
    const after = await waitForImport({
      ...importWait(context, {
        definition: this.#plan.definition,
        release: {version: image.properties['imgmgr_version'] ?? ''},
      }),
      id: image.id,
      stores: [...image.stores, ...stores],
      bytes: image.size ?? undefined,
      deadlineMs,
      phase: 'copying',
    });
    return {image: image.id, detail: `stores ${after.stores.join(',')}`};
  }

  async #delete(action: Of<'delete'>, {emit, options}: AcquireContext): Promise<Done | undefined> {
    const {ports} = this.#context;
    const context = {ports, emit, deleteInUse: options.policy.deleteInUse};
    const image = this.#current(action.image);
    if (!(await mayDelete(context, image))) return undefined;
    return (await deleteImage(context, image, action.unprotect)) ? {image: image.id} : undefined;
  }

  #resolve(target: Target): Image {
    if ('image' in target) return this.#current(target.image);
    const made = this.#made.get(target.made);
    if (!made) throw new ImgmgrError('INTERNAL', `${target.made} was to be done before what depends on it`);
    return this.#current(made.acquired.image);
  }

  /** As this run left it. */
  #current(image: Image): Image {
    return this.#live.get(image.id) ?? image;
  }

  #marksOf(target: Target): Acquired['marks'] {
    return 'made' in target ? this.#made.get(target.made)?.acquired.marks : undefined;
  }
}
