import type {ImageStore} from '../../ports/image-store.ts';
import type {Definition} from '../../core/definition/definition.ts';
import {compact, currentForm, formContext, isEmptyPatch, publishPatch, supersededForm} from '../../core/image/form.ts';
import type {Digest} from '../../core/release/digest.ts';
import type {FormContext} from '../../core/image/form.ts';
import type {Image, ImagePatch} from '../../core/image/image.ts';
import type {Action, DefinitionPlan, Target} from '../../core/plan/plan.ts';
import type {Release} from '../../core/release/release.ts';
import {compareBytes} from '../../core/release/same-bytes.ts';
import {readStamp} from '../../core/image/stamp.ts';
import {readVerdict} from '../../core/verdict/record.ts';
import {ImgmgrError, asImgmgrError} from '../../errors.ts';
import type {AcquireContext, Acquired} from '../acquire/types.ts';
import {acquireImage} from '../acquire/acquire-image.ts';
import {resumeImage} from '../acquire/resume-image.ts';
import {acquireTwin} from '../acquire/acquire-twin.ts';
import {discardImage} from '../acquire/make-record.ts';
import {deleteImage, mayDelete} from '../publish/delete-image.ts';
import type {Tally} from './tally.ts';
import type {CloudPorts} from '../types.ts';
import type {Proof} from '../verification/prove-image.ts';
import {proveImage} from '../verification/prove-image.ts';
import {retireOrUndo} from '../publish/swap.ts';
import {copySurely, patchSurely} from '../sure-writes.ts';
import type {Verifier} from '../verification/verifier.ts';
import {waitForImport} from '../acquire/wait-for-import.ts';

/** What applying a plan works with. */
export interface ApplyContext {
  readonly acquire: AcquireContext;
  readonly ports: CloudPorts;
  readonly tally: Tally;
  readonly errors: ImgmgrError[];
  /** Absent where nothing is verified. */
  readonly verifier?: Verifier;
  /** Throws LOCKED when the run may no longer write. */
  readonly assertMayWrite: () => void;
  /** Why nothing may be published here, asked before the first byte travels; undefined: allowed or not known. */
  readonly publishObstacle: (definition: Definition) => Promise<ImgmgrError | undefined>;
}

/** The demanded digest, where the image has none on record and is known to have these bytes. */
function digestToRecord(image: Image, release: Release): {readonly digest?: Digest} {
  const stamp = readStamp(image);
  if (!release.digest || !stamp || stamp.digest) return {};
  return compareBytes({image, stamp}, release).kind === 'same' ? {digest: release.digest} : {};
}

/** Carries out one definition's plan in its order; a failure ends only what depends on it. */
export async function applyPlan(context: ApplyContext, plan: DefinitionPlan): Promise<void> {
  const work = new DefinitionWork(context, plan);
  await work.run();
}

class DefinitionWork {
  readonly #context: ApplyContext;
  readonly #plan: DefinitionPlan;
  readonly #store: ImageStore;
  readonly #acquired = new Map<Release, Acquired>();
  /** Live images that this run changed, by id. */
  readonly #live = new Map<string, Image>();
  readonly #failed = new Set<string>();
  readonly #published = new Set<Release>();
  /** Images that passed in this run, and those that must not be published. */
  readonly #proofs = new Map<string, Proof>();
  readonly #unproven = new Set<string>();
  #lastPublished: {readonly before: Image; readonly after: Image} | undefined;

  constructor(context: ApplyContext, plan: DefinitionPlan) {
    this.#context = context;
    this.#plan = plan;
    this.#store = context.ports.store;
    for (const {version} of plan.failures) this.#failed.add(version);
  }

  async run(): Promise<void> {
    try {
      await this.#work();
    } catch (error) {
      if (this.#context.acquire.signal.aborted) await this.#discardUnpublished();
      throw error;
    }
  }

  async #work(): Promise<void> {
    const {acquire} = this.#context;
    for (const action of this.#plan.actions) {
      if (!this.#closesSwap(action)) acquire.signal.throwIfAborted();
      const obstacle = this.#obstacle(action);
      if (obstacle !== undefined) {
        acquire.emit({
          type: 'decision',
          cloud: this.#store.cloud,
          definition: this.#plan.definition.name,
          message: `${action.kind} left out: ${obstacle}`,
        });
        continue;
      }
      await this.#perform(action);
    }
  }

  /** Retires the predecessor of what was published just now: neither a failure nor a Ctrl-C may come in between. */
  #closesSwap(action: Action): boolean {
    return action.kind === 'retire' && action.successor !== undefined && this.#published.has(action.successor);
  }

  /** An interrupted run leaves nothing behind: what was made and not published goes. */
  async #discardUnpublished(): Promise<void> {
    for (const [release, {image}] of this.#acquired)
      if (!this.#published.has(release))
        await discardImage(this.#context.acquire, {definition: this.#plan.definition, release}, image.id);
  }

  /** Why an action is left out after a failure; undefined when it can go ahead. */
  #obstacle(action: Action): string | undefined {
    if (this.#failed.size === 0 || this.#closesSwap(action)) return undefined;
    if ('target' in action && 'acquired' in action.target && !this.#acquired.has(action.target.acquired))
      return 'its image could not be acquired';
    if ('target' in action && this.#unproven.has(this.#resolve(action.target).id)) return 'its image is not proven';
    if (action.kind === 'delete') return 'something of this definition failed';
    const currentFailed = this.#plan.currentVersions.some((version) => this.#failed.has(version));
    const shrinks =
      action.kind === 'retire' || action.kind === 'hide' || (action.kind === 'deactivate' && 'image' in action.target);
    return shrinks && currentFailed ? 'the current image could not be had, so nothing is retired' : undefined;
  }

  async #perform(action: Action): Promise<void> {
    const {acquire, tally, errors} = this.#context;
    const cloud = this.#store.cloud;
    const startMs = acquire.surroundings.monotonic();
    acquire.emit({type: 'action-started', cloud, action: action.summary});
    try {
      this.#context.assertMayWrite();
      const done = await this.#do(action);
      const ms = acquire.surroundings.monotonic() - startMs;
      if (done === undefined) {
        tally.kept(action);
        return;
      }
      if (done.pending) tally.left(action);
      else tally.did(this.#plan.actions, action);
      acquire.emit({
        type: 'action-done',
        cloud,
        action: action.summary,
        ms,
        ...(done.image !== undefined && {image: done.image}),
        ...(done.detail !== undefined && {detail: done.detail}),
      });
    } catch (error) {
      if (acquire.signal.aborted && !this.#closesSwap(action)) throw error;
      const reason = asImgmgrError(error);
      errors.push(reason);
      tally.failed(action, reason, {keepsFailed: acquire.options.policy.quarantine > 0});
      // A leftover that stays is private and hidden; the version itself can still be had.
      if (action.kind !== 'remove') this.#failed.add(action.summary.version ?? '');
      acquire.emit({
        type: 'action-failed',
        cloud,
        action: action.summary,
        error: reason,
        ms: acquire.surroundings.monotonic() - startMs,
      });
    }
  }

  /** Does one action; undefined when it turned out that the image stays as it is. */
  async #do(
    action: Action,
  ): Promise<{readonly image?: string; readonly detail?: string; readonly pending?: boolean} | undefined> {
    switch (action.kind) {
      case 'remove':
        await this.#store.delete(action.image.id);
        return {image: action.image.id};
      case 'acquire':
      case 'resume':
        return this.#acquire(action);
      case 'verify':
        return this.#verify(action);
      case 'publish':
        return this.#publish(action);
      case 'retire':
        return this.#retire(action);
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
      case 'copy':
        return this.#copy(action.image, action.stores);
      case 'delete':
        return this.#delete(action);
    }
  }

  async #acquire(
    action: Extract<Action, {kind: 'acquire' | 'resume'}>,
  ): Promise<{image: string; detail: string; pending: boolean}> {
    const {definition} = this.#plan;
    const {acquire} = this.#context;
    const {policy} = acquire.options;
    const task = {
      definition,
      release: action.release,
      ...(policy.publish && {permitted: this.#permitted(definition)}),
    };
    const acquired =
      action.kind === 'resume'
        ? await resumeImage(acquire, {...task, image: action.image})
        : action.twin
          ? await acquireTwin(acquire, {...task, twin: action.twin})
          : await acquireImage(acquire, {...task, ...(action.reuse && {reuse: action.reuse})});
    const isVerified = this.#plan.actions.some((other) => other.kind === 'verify' && other.release === action.release);
    const waitsForPublication = !acquired.pending && !isVerified && !(policy.publish && policy.wait);
    if (waitsForPublication) await this.#patch(acquired.image, {set: {imgmgr_state: 'ready', ...acquired.marks}});
    else if (!acquired.pending) this.#acquired.set(action.release, acquired);
    return {
      image: acquired.image.id,
      detail: acquired.detail,
      pending: acquired.pending || (waitsForPublication && !policy.wait),
    };
  }

  async #verify(action: Extract<Action, {kind: 'verify'}>): Promise<{image: string; detail: string}> {
    const {acquire, verifier} = this.#context;
    if (!verifier) throw new ImgmgrError('INTERNAL', 'verification was planned, but nothing was prepared for it');
    const image = this.#resolve(action.target);
    try {
      const proof = await proveImage(acquire, verifier, {
        definition: this.#plan.definition,
        release: action.release,
        image,
        quarantined: this.#plan.quarantined,
        published: this.#plan.published,
        wasPublished: ['current', 'retired'].includes(image.properties['imgmgr_state'] ?? ''),
      });
      this.#proofs.set(image.id, proof);
      const isPublished = this.#plan.actions.some(
        (other) => other.kind === 'publish' && other.release === action.release,
      );
      const marks = this.#acquired.get(action.release)?.marks;
      if (!isPublished) await this.#patch(image, {set: {...proof.properties, ...marks, imgmgr_state: 'ready'}});
      return {image: image.id, detail: proof.verdict.message};
    } catch (error) {
      this.#unproven.add(image.id);
      // What failed is dealt with: an interrupted run must not take it for something that it left half-made.
      if (!acquire.signal.aborted) this.#acquired.delete(action.release);
      throw error;
    }
  }

  async #permitted(definition: Definition): Promise<void> {
    const obstacle = await this.#context.publishObstacle(definition);
    if (obstacle) throw obstacle;
  }

  async #publish(action: Extract<Action, {kind: 'publish'}>): Promise<{image: string; detail: string}> {
    const {acquire} = this.#context;
    const live = this.#resolve(action.target);
    const context = this.#formContext(action.release);
    const form = {...(action.as === 'current' ? currentForm(context) : supersededForm(context)), name: action.name};
    const patch = publishPatch({
      live,
      form,
      state: action.as,
      run: acquire.run,
      ...digestToRecord(live, action.release),
      proof: {...this.#proofs.get(live.id)?.properties, ...this.#acquired.get(action.release)?.marks},
    });
    const after = await patchSurely(acquire, live, patch);
    // The record may have been created with the larger size already, where the source told it.
    if (after.minDisk > form.minDisk) this.#warnMinDisk(after, form.minDisk, after.minDisk);
    this.#live.set(after.id, after);
    this.#published.add(action.release);
    this.#lastPublished = {before: live, after};
    if (!acquire.options.silenceNotVerified && readVerdict(after)?.kind !== 'pass')
      acquire.emit({
        type: 'warning',
        code: 'not-verified',
        cloud: this.#store.cloud,
        definition: this.#plan.definition.name,
        image: after.id,
        message: `${after.name ?? after.id} is published, but not verified: no VM was booted from it`,
        hint: '--no-verify silences this',
      });
    return {image: after.id, detail: `${after.name ?? ''} is ${after.visibility}`};
  }

  async #retire(action: Extract<Action, {kind: 'retire'}>): Promise<{image: string}> {
    const undo = action.successor ? this.#lastPublished : undefined;
    const after = await retireOrUndo(this.#context.acquire, {
      image: this.#current(action.image),
      patch: action.patch,
      ...(undo && {undo}),
    });
    this.#live.set(after.id, after);
    return {image: after.id};
  }

  async #patch(image: Image, patch: ImagePatch): Promise<{image: string}> {
    const live = this.#current(image);
    const rest = compact(live, patch);
    if (isEmptyPatch(rest)) return {image: live.id};
    const after = await this.#store.update(live, rest);
    this.#live.set(after.id, after);
    return {image: after.id};
  }

  async #copy(image: Image, stores: readonly string[]): Promise<{image: string; detail: string}> {
    const {acquire} = this.#context;
    await copySurely(this.#store, image.id, stores);
    const {surroundings, emit, signal, options} = acquire;
    const after = await waitForImport({
      store: this.#store,
      id: image.id,
      stores: [...image.stores, ...stores],
      definition: this.#plan.definition.name,
      version: image.properties['imgmgr_version'] ?? '',
      bytes: image.size ?? undefined,
      deadlineMs: surroundings.monotonic() + options.importTimeoutMs,
      phase: 'copying',
      surroundings,
      emit,
      signal,
    });
    return {image: image.id, detail: `stores ${after.stores.join(',')}`};
  }

  async #delete(action: Extract<Action, {kind: 'delete'}>): Promise<{image: string} | undefined> {
    const {ports, acquire} = this.#context;
    const context = {ports, emit: acquire.emit, deleteInUse: acquire.options.policy.deleteInUse};
    const image = this.#current(action.image);
    if (!(await mayDelete(context, image))) return undefined;
    return (await deleteImage(context, image, action.unprotect)) ? {image: image.id} : undefined;
  }

  #resolve(target: Target): Image {
    if ('image' in target) return this.#current(target.image);
    const acquired = this.#acquired.get(target.acquired);
    if (!acquired) throw new Error('a step came before the acquisition it depends on');
    return this.#current(acquired.image);
  }

  #current(image: Image): Image {
    return this.#live.get(image.id) ?? image;
  }

  #formContext(release: Release): FormContext {
    const {options, adHoc} = this.#context.acquire;
    return formContext({definition: this.#plan.definition, release, policy: options.policy, adHoc});
  }

  #warnMinDisk(image: Image, from: number, to: number): void {
    this.#context.acquire.emit({
      type: 'warning',
      code: 'min-disk-raised',
      cloud: this.#store.cloud,
      definition: this.#plan.definition.name,
      image: image.id,
      message: `min_disk is raised from ${from} to ${to} GiB, the size of the disk`,
      hint: 'raise min_disk in the definition',
    });
  }
}
