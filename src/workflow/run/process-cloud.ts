import {countDefinition, numbersOf} from '../../core/counts.ts';
import {costsOf} from '../../core/plan/costs.ts';
import type {DefinitionPlan} from '../../core/plan/plan.ts';
import {storePlan} from '../../core/plan/store-plan.ts';
import {MANAGED_TAG} from '../../core/image/stamp.ts';
import type {Image} from '../../core/image/image.ts';
import {ImgmgrError} from '../../errors.ts';
import {logInTo} from '../log-in.ts';
import {applyPlan} from './apply-plan.ts';
import {asApproved} from './approved-plan.ts';
import {ImportRefusals} from '../acquire/import-refusals.ts';
import type {Claim} from '../lease/lease-keeper.ts';
import {LeaseKeeper} from '../lease/lease-keeper.ts';
import type {CloudPlan, Listings, View} from './observe.ts';
import {describePlan, planCloud, readListings, viewOf} from './observe.ts';
import {allowedActions, guardDeletions, listDeletable, warnOfTooMany, withoutKept} from './deletions.ts';
import {readSharings} from './sharing.ts';
import {imageUsers} from './image-users.ts';
import {removeLeftovers, sweepDeadServers} from './leftovers.ts';
import type {CloudResult} from './outcome-of.ts';
import {outcomeOf} from './outcome-of.ts';
import {publishObstacle} from '../publish/publish-obstacle.ts';
import {pool} from '../pool.ts';
import type {CloudOutcome, CloudRun} from '../types.ts';
import {withEvidence} from '../verification/with-evidence.ts';
import {Verifier} from '../verification/verifier.ts';

/** The tag by which the peer marks its images; `--adopt` looks among them. */
const PEER_TAG = 'managed_by_osism';
/** How long a lost definition is waited for when nothing else is said: a dead holder's lease is over by then. */
const DEFAULT_WAIT_MS = 65_000;

/**
 * One run on one cloud: look, plan, and, where something is to be done, take the lease, look and plan again, and do it.
 * Never throws for what one image or this cloud did wrong: that stands in the outcome.
 */
export async function processCloud(run: CloudRun): Promise<CloudOutcome> {
  return outcomeOf(run, {work: async (result) => new CloudRunner(run, result).work()});
}

class CloudRunner {
  readonly #run: CloudRun;
  readonly #result: CloudResult;
  readonly #verifier: Verifier | undefined;
  /** Who bore the names that the first plan would publish; the lease is taken a moment later. */
  #bearers: {readonly names: ReadonlySet<string>; readonly images: readonly Image[]} | undefined;

  constructor(run: CloudRun, result: CloudResult) {
    this.#run = run;
    this.#result = result;
    const {ports, verification} = run;
    if (verification)
      this.#verifier = new Verifier({...run, store: ports.store, tests: ports.tests, parts: verification});
  }

  async work(): Promise<void> {
    const {ports, options, emit} = this.#run;
    const selected = this.#run.definitions.filter((definition) => definition.enabled || options.policy.force);
    const listings = readListings(this.#run, selected);
    // Where the login fails first, this promise is never awaited.
    listings.catch(() => undefined);
    const account = await logInTo(ports.store, emit);
    const images = await ports.store.listTagged(MANAGED_TAG);
    const view = viewOf(images, account.projectId, ports.store.now());
    const read = await listings;
    // A list that was let go is no failure of its definition.
    this.#run.signal.throwIfAborted();
    const plan = await this.#plan(read, view);
    if (plan.definitions.some((one) => one.actions.some(({kind}) => kind === 'verify')))
      await this.#verifier?.require({readsOnly: options.dryRun});
    if (options.dryRun) return this.#report(plan, view);
    const writes = this.#definitionsWithWrites(plan);
    this.#see(view, plan.definitions);
    if (writes.length === 0 && plan.leftovers.length === 0) return this.#report(plan, view);
    await guardDeletions(this.#run, plan);
    const endWriting = this.#run.beginWriting?.();
    try {
      await this.#underLease({plan, writes, listings: read, view});
    } finally {
      endWriting?.();
    }
  }

  /** The plan, as far as it may be carried out. */
  async #plan(listings: Listings, view: View, ownLease?: string): Promise<CloudPlan> {
    return asApproved(this.#run, await this.#fullPlan(listings, view, ownLease));
  }

  /** Plans, looks up the names that would be published, and plans again knowing who bears them. */
  async #fullPlan(listings: Listings, view: View, ownLease?: string): Promise<CloudPlan> {
    const sharings = await readSharings(this.#run, [...listings.keys()], view);
    const request = {run: this.#run, listings, view, sharings, ...(ownLease !== undefined && {ownLease})};
    const first = await planCloud({...request, others: []});
    const names = [...new Set(first.definitions.flatMap((plan) => plan.publishes))];
    const {adopt} = this.#run.options.policy;
    const findEvidence = this.#run.verification?.findEvidence;
    if (names.length === 0 && !adopt) return withEvidence(first, findEvidence);
    const {store} = this.#run.ports;
    const [named, tagged] = await Promise.all([this.#bearersOf(names), adopt ? store.listTagged(PEER_TAG) : []]);
    return withEvidence(await planCloud({...request, others: uniqueById([...named, ...tagged])}), findEvidence);
  }

  async #bearersOf(names: readonly string[]): Promise<readonly Image[]> {
    const known = this.#bearers;
    if (known && names.every((name) => known.names.has(name))) return known.images;
    if (names.length === 0) return [];
    const images = await this.#run.ports.store.listNamed(names);
    this.#bearers = {names: new Set(names), images};
    return images;
  }

  /** Says what is planned and what needs nothing; the answer of `dry-run`, and all that a run without writes does. */
  async #report(plan: CloudPlan, view: View): Promise<void> {
    const {options, emit, ports} = this.#run;
    const {cloud} = ports.store;
    const definitions = await withoutKept(this.#run, plan.definitions);
    this.#warnAll(plan);
    for (const one of definitions) this.#countQuiet(one);
    const actions = [...plan.leftovers, ...definitions.flatMap((one) => one.actions)];
    const users = options.dryRun ? await imageUsers(this.#run, actions) : [];
    const costs = options.dryRun ? costsOf(definitions) : undefined;
    emit({
      ...{type: 'planned', cloud, ...describePlan(actions, definitions)},
      ...(users.length > 0 && {users}),
      ...(costs && {costs}),
    });
    listDeletable(this.#run, plan);
    if (!options.dryRun) return;
    this.#see(view, definitions);
    warnOfTooMany(this.#run, definitions);
    this.#result.imageCounts.add({pending: actions.length});
    this.#result.changesPending = actions.length > 0;
    this.#result.plan = storePlan({cloud, project: view.projectId, leftovers: plan.leftovers, definitions});
  }

  #see({own}: View, plans: readonly DefinitionPlan[]): void {
    this.#result.seen = {own, plans: plans.map((one) => ({...one, actions: allowedActions(this.#run, one)}))};
  }

  #definitionsWithWrites(plan: CloudPlan): string[] {
    return plan.definitions
      .filter((one) => one.busy || allowedActions(this.#run, one).length > 0)
      .map((one) => one.definition.name);
  }

  async #underLease(input: {
    plan: CloudPlan;
    writes: readonly string[];
    listings: Listings;
    view: View;
  }): Promise<void> {
    const {plan, writes, listings, view} = input;
    const {run, ports, runtime, emit, signal, options} = this.#run;
    await sweepDeadServers(this.#run, {plan, view});
    await removeLeftovers(this.#run, plan);
    this.#warnAll(plan);
    const quiet = plan.definitions.filter((one) => !writes.includes(one.definition.name));
    for (const one of quiet) this.#countQuiet(one);
    listDeletable(this.#run, plan);
    if (writes.length === 0) return;
    const keeper = new LeaseKeeper({store: ports.store, projectId: view.projectId, run, runtime, emit, signal});
    const shared = {keeper, listings, projectId: view.projectId};
    try {
      let claim = await keeper.take(writes);
      if (claim.held.size > 0) await this.#applyClaim({...shared, claim, quiet});
      while (claim.lost.size > 0) {
        claim = await keeper.waitFor(options.waitLockMs ?? DEFAULT_WAIT_MS);
        this.#bearers = undefined;
        if (claim.held.size === 0) {
          this.#reportLocked(claim, keeper);
          return;
        }
        await this.#applyClaim({...shared, claim, quiet: []});
      }
    } finally {
      // The lease goes last, after the servers that it stands for.
      await this.#verifier?.close();
      await keeper.release();
    }
  }

  /** `quiet`: definitions that need no lease, for the plan that is reported. */
  async #applyClaim(input: {
    keeper: LeaseKeeper;
    claim: Claim;
    listings: Listings;
    projectId: string;
    quiet: readonly DefinitionPlan[];
  }): Promise<void> {
    const {keeper, claim, listings, projectId, quiet} = input;
    const {ports, options, emit} = this.#run;
    const mine = new Map([...listings].filter(([definition]) => claim.held.has(definition.name)));
    const view = viewOf(claim.images, projectId, ports.store.now());
    const plan = await this.#plan(mine, view, keeper.record?.id);
    // The run that held what we waited for may have died and left its lease.
    await removeLeftovers(this.#run, plan);
    const actions = plan.definitions.flatMap((one) => allowedActions(this.#run, one));
    emit({type: 'planned', cloud: ports.store.cloud, ...describePlan(actions, [...quiet, ...plan.definitions])});
    const context = {
      acquire: {
        ...this.#run,
        store: ports.store,
        ...(ports.objects && {objects: ports.objects}),
        ...(this.#run.builds && {builder: this.#run.builds.builder}),
        glanceAlgorithm: hashAlgorithm(view),
        quota: once(() => ports.store.quota()),
        offer: once(() => ports.store.offer()),
        imports: new ImportRefusals(ports.store, async () => !keeper.record || ports.store.mayImport(keeper.record.id)),
      },
      ports,
      imageCounts: this.#result.imageCounts,
      errors: this.#result.errors,
      ...(this.#verifier && {verifier: this.#verifier}),
      assertMayWrite: () => keeper.assertAlive(),
      publishObstacle: publishObstacle(ports.store, keeper),
    };
    await pool(options.jobs, plan.definitions, async (one) => {
      this.#countQuiet(one);
      await applyPlan(context, {...one, actions: allowedActions(this.#run, one)});
    });
  }

  #warnAll(plan: CloudPlan): void {
    const {emit, ports} = this.#run;
    for (const warning of plan.warnings) emit({type: 'warning', cloud: ports.store.cloud, ...warning});
  }

  /** Counts and says what a definition's plan knows besides its actions. */
  #countQuiet(plan: DefinitionPlan): void {
    const {emit, ports} = this.#run;
    const about = {cloud: ports.store.cloud, definition: plan.definition.name};
    this.#result.imageCounts.add(numbersOf(countDefinition(plan.definition.name, plan)));
    for (const warning of plan.warnings) emit({type: 'warning', ...about, ...warning});
    for (const message of plan.decisions) emit({type: 'decision', ...about, message});
    for (const {error} of plan.failures) {
      this.#result.errors.push(error);
      emit({type: 'definition-failed', ...about, error});
    }
    if (!plan.error) return;
    this.#result.errors.push(plan.error);
    emit({type: 'definition-failed', ...about, error: plan.error});
  }

  #reportLocked({lost}: Claim, keeper: LeaseKeeper): void {
    for (const name of lost) {
      const error = new ImgmgrError('LOCKED', `${name} is locked by ${keeper.holderOf(name)}`, {
        hint: 'run again when that run has ended, or wait longer with --wait-lock',
      });
      this.#result.fail(error);
      this.#run.emit({type: 'definition-failed', cloud: this.#run.ports.store.cloud, definition: name, error});
    }
  }
}

/** What this Glance hashes new bytes with, as an image of ours there shows; sha512 where there is none. */
function hashAlgorithm(view: View): string {
  return view.own.find(({image}) => image.osHashAlgo !== null)?.image.osHashAlgo ?? 'sha512';
}

function uniqueById(images: readonly Image[]): Image[] {
  return [...new Map(images.map((image) => [image.id, image])).values()];
}

/** The same answer for everybody who asks in this run. */
function once<T>(ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined;
  return () => (answer ??= ask());
}
