import type {FoundRelease} from '../../ports/release-finder.ts';
import {ImgmgrError} from '../../errors.ts';
import type {Definition} from '../../core/definition/definition.ts';
import {countDefinition} from '../../core/counts.ts';
import type {ActionSummary, Event} from '../../core/events.ts';
import type {HoldRecord} from '../../core/hold.ts';
import {heldWarning, holdOfAll, inForce, isHoldRecord, latestHold, readHolds} from '../../core/hold.ts';
import type {Image} from '../../core/image/image.ts';
import type {Lease} from '../../core/lease.ts';
import {readLeases} from '../../core/lease.ts';
import type {Action, DefinitionPlan, PlanWarning} from '../../core/plan/plan.ts';
import {originOf} from '../../core/object-reference.ts';
import {planRevocation} from '../../core/plan/revocation.ts';
import {releasesThere} from '../../core/release/releases-there.ts';
import {planDefinition} from '../../core/plan/plan-definition.ts';
import type {OwnImage} from '../../core/release/release.ts';
import {isFirstShard} from '../../core/shard.ts';
import {isNewerSchema} from '../../core/image/record.ts';
import {MANAGED_TAG, isCopyOfOurs, isSnapshot, readStamp} from '../../core/image/stamp.ts';
import {asImgmgrError} from '../../errors.ts';
import {digestOfImage, storeOf} from '../acquire/image-origin.ts';
import {isLeaseAlive} from '../lease/lease-keeper.ts';
import {newerFormat} from './newer-format.ts';
import type {Sharings} from './sharing.ts';
import {resolveReleases} from './resolve-releases.ts';
import type {CloudRun} from '../types.ts';

/** The cloud as one listing shows it. */
export interface View {
  readonly images: readonly Image[];
  readonly own: readonly OwnImage[];
  readonly leases: readonly Lease[];
  readonly holds: readonly HoldRecord[];
  readonly projectId: string;
  readonly now: Date;
}

/** A plan for one cloud: what dead runs left, then definition by definition. */
export interface CloudPlan {
  readonly leftovers: readonly Action[];
  readonly definitions: readonly DefinitionPlan[];
  readonly warnings: readonly PlanWarning[];
}

/** What each definition offers, or why that could not be found out. */
export type Listings = ReadonlyMap<Definition, readonly FoundRelease[] | ImgmgrError>;

/** Asks what the definitions offer; one definition's failure is its own. */
export async function readListings(run: CloudRun, definitions: readonly Definition[]): Promise<Listings> {
  const {finder, baseDir, options, signal} = run;
  const {limits} = options;
  // Images that are there change their place: nobody upstream is asked.
  if (options.revocation) return new Map(definitions.map((definition) => [definition, []]));
  const entries = await Promise.all(
    definitions.map(async (definition): Promise<[Definition, readonly FoundRelease[] | ImgmgrError]> => {
      try {
        const found = await finder.find({definition, baseDir, signal, ...(limits && {limits})});
        return [definition, await Promise.all(found.map((one) => withImageDigest(one, run)))];
      } catch (error) {
        return [definition, asImgmgrError(error)];
      }
    }),
  );
  return new Map(entries);
}

/** What its Glance computed is the demanded digest of an image of a cloud that has no other; it is no failure that the image is gone. */
async function withImageDigest(found: FoundRelease, {ports, otherStore}: CloudRun): Promise<FoundRelease> {
  if (found.kind !== 'listed' || found.digest || found.listed.revoked !== undefined) return found;
  const origin = originOf(found.listed.url);
  if (origin.kind !== 'object' || origin.object.kind !== 'image') return found;
  const store = await storeOf(origin.object, {store: ports.store, ...(otherStore && {otherStore})});
  const digest = await digestOfImage(origin.object, store);
  return digest ? {...found, digest} : found;
}

/** Sorts a listing into ours, leases, holds and the rest. */
export function viewOf(images: readonly Image[], projectId: string, now: Date): View {
  const ours = images.filter((image) => image.owner === projectId);
  const own = ours.flatMap((image) => {
    const stamp = readStamp(image);
    return stamp && stamp.state !== 'lease' ? [{image, stamp}] : [];
  });
  return {images, own, leases: readLeases(images, projectId), holds: readHolds(images, projectId), projectId, now};
}

/** What a plan of one cloud is made from. */
export interface PlanRequest {
  readonly run: CloudRun;
  readonly listings: Listings;
  readonly view: View;
  /** Images with names that are about to be published, of any project. */
  readonly others: readonly Image[];
  readonly sharings?: Sharings;
  /** The lease of this run, which is no leftover. */
  readonly ownLease?: string;
}

/** Plans every definition; reads nothing from the cloud. */
export async function planCloud(request: PlanRequest): Promise<CloudPlan> {
  const {run, listings, view, ownLease} = request;
  const dead = view.leases.filter(
    (lease) =>
      lease.image.id !== ownLease &&
      !isLeaseAlive(lease, view.now, run.runtime) &&
      // What a later version wrote into a lease is not understood here.
      !isNewerSchema(lease.image),
  );
  const liveRuns = new Set(view.leases.filter((lease) => !dead.includes(lease)).map((lease) => lease.holder.run));
  liveRuns.delete(run.run);
  const definitions = await Promise.all(
    [...listings.keys()].map((definition) => planOne(request, definition, liveRuns)),
  );
  if (!isFirstShard(run.shard)) return {leftovers: [], definitions, warnings: []};
  const all = inForce(holdOfAll(view.holds), view.now);
  const warnings = [...(all ? [heldWarning(all, undefined)] : []), ...findStrays(run, view)];
  return {leftovers: dead.map(removeLease), definitions, warnings};
}

/** A plan as it is reported; the definitions with nothing to do are those without an action, an error or anything that waits. */
export function describePlan(
  actions: readonly Action[],
  plans: readonly DefinitionPlan[],
): Pick<Extract<Event, {type: 'planned'}>, 'actions' | 'unchanged' | 'definitions'> {
  const definitions = plans.map((plan) => countDefinition(plan.definition.name, plan));
  const idle = definitions.filter(
    ({pending, reasons}, index) => pending === 0 && reasons.length === 0 && plans[index]?.actions.length === 0,
  );
  return {
    actions: actions.map(({id, summary}) => ({id, ...summary})),
    unchanged: idle.map(({name}) => name),
    definitions,
  };
}

async function planOne(
  request: PlanRequest,
  definition: Definition,
  liveRuns: ReadonlySet<string>,
): Promise<DefinitionPlan> {
  const {run, listings, view, others} = request;
  const own = view.own.filter(({stamp}) => stamp.definition === definition.name);
  const found = listings.get(definition) ?? [];
  try {
    if (found instanceof ImgmgrError) throw found;
    const sharing = request.sharings?.get(definition);
    if (sharing instanceof ImgmgrError) throw sharing;
    refuseNewer(view, definition);
    const {policy, revocation} = run.options;
    const about = {definition, policy, now: view.now};
    const revoking = revocation && planRevocation({...about, images: own}, revocation);
    const images = revoking?.images ?? own;
    const {releases, decisions} = revoking
      ? {releases: releasesThere(definition, images, view.now), decisions: []}
      : await resolveReleases(found, {...run, definition, images, now: view.now});
    // What an operator asks for by name is done under a hold, too.
    const hold = revoking ? undefined : inForce(latestHold(definition, view.holds), view.now);
    const plan = planDefinition({
      ...about,
      releases,
      images,
      others,
      projectId: view.projectId,
      liveRuns,
      adHoc: run.adHoc,
      ...(revoking && {revocation: revoking.revocation}),
      ...(sharing && {sharing}),
      ...(hold && {hold}),
    });
    return {...plan, decisions: [...decisions, ...plan.decisions]};
  } catch (error) {
    return failedPlan(definition, asImgmgrError(error));
  }
}

/** Throws NEWER_FORMAT where an image of the definition is described in a format that a later version brought. */
function refuseNewer(view: View, definition: Definition): void {
  const newer = view.images.find(
    (image) =>
      image.owner === view.projectId &&
      image.properties['imgmgr_definition'] === definition.name &&
      image.properties['imgmgr_state'] !== 'lease' &&
      isNewerSchema(image) &&
      !isSnapshot(image),
  );
  if (newer) throw newerFormat(newer, definition.name);
}

function failedPlan(definition: Definition, error: ImgmgrError): DefinitionPlan {
  return {
    definition,
    actions: [],
    unchanged: 0,
    unchangedImages: [],
    pending: 0,
    warnings: [],
    decisions: [],
    publishes: [],
    deletable: [],
    failures: [],
    published: [],
    quarantined: [],
    busy: false,
    error,
  };
}

function removeLease({image, holder}: Lease): Action {
  const summary: ActionSummary = {
    kind: 'remove',
    definition: image.properties['imgmgr_definition'] ?? '',
    image: image.id,
    name: image.name ?? '',
    reason: `lease of run ${holder.run} on ${holder.hostName}, which is dead`,
  };
  return {kind: 'remove', image, id: `remove ${image.id}`, dependsOn: [], summary};
}

/** `--adopt` takes no image with a part of a stamp, and others only where name and version fit a definition. */
function incompleteHint({id, properties}: Image): string {
  const unset = `openstack image unset --tag ${MANAGED_TAG}`;
  const traces = Object.keys(properties).filter((key) => key.startsWith('imgmgr_'));
  if (traces.length === 0)
    return `left alone; take the tag off: ${unset} ${id}; --adopt takes it over only where its name and internal_version are those of a definition`;
  return `left alone, also by --adopt; take the tag and its properties off: ${unset} ${traces.map((key) => `--property ${key}`).join(' ')} ${id}`;
}

/** Images with our tag that are not as we leave them, and images whose definition is gone. */
function findStrays(run: CloudRun, view: View): PlanWarning[] {
  const warnings: PlanWarning[] = [];
  for (const image of view.images) {
    if (image.owner !== view.projectId)
      warnings.push({
        code: 'foreign-tag',
        image: image.id,
        message: `image ${image.id} ("${image.name ?? ''}") of project ${image.owner ?? '(none)'} carries the tag managed_by_imgmgr`,
        hint: 'it is not of this project, so it is left alone',
      });
    else if (isSnapshot(image) || isCopyOfOurs(image))
      warnings.push({
        code: 'copied-tag',
        image: image.id,
        message: `image ${image.id} ("${image.name ?? ''}") carries the tag managed_by_imgmgr, but is a snapshot of a server or a copy of an image of imgmgr`,
        hint: `left alone; take the tag off: openstack image unset --tag managed_by_imgmgr ${image.id}`,
      });
    else if (!readStamp(image) && !isNewerSchema(image) && !isHoldRecord(image))
      warnings.push({
        code: 'incomplete-stamp',
        image: image.id,
        message: `image ${image.id} ("${image.name ?? ''}") carries the tag managed_by_imgmgr but no complete stamp`,
        hint: incompleteHint(image),
      });
  }
  if (run.adHoc) return warnings;
  const gone = new Map<string, number>();
  for (const {stamp} of view.own)
    if (!stamp.adHoc && !run.allNames.has(stamp.definition))
      gone.set(stamp.definition, (gone.get(stamp.definition) ?? 0) + 1);
  for (const [name, count] of gone)
    warnings.push({
      code: 'definition-gone',
      message: `the definition "${name}" is in no file that was read; its ${count} image(s) stay as they are`,
      hint: 'put the definition back, or delete the images yourself',
    });
  return warnings;
}
