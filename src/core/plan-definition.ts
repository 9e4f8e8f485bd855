import {ImgmgrError, formatPlace} from '../errors.ts';
import {planAdoption} from './adopt.ts';
import type {Definition, RetireWay} from './definition.ts';
import {formatDigest} from './digest.ts';
import {findDrift} from './drift.ts';
import type {ActionKind, ActionSummary} from './events.ts';
import type {Form, FormContext} from './form.ts';
import {
  applyPatch,
  candidate,
  compact,
  currentForm,
  describePatch,
  isEmptyPatch,
  ownTags,
  supersededForm,
  withOldPurpose,
} from './form.ts';
import type {Image, ImagePatch} from './image.ts';
import {bearsNameOf, freeName, nameWhenRetired, publishedName} from './naming.ts';
import type {Action, DefinitionPlan, PlanInput, PlanWarning, Step} from './plan.ts';
import type {OwnImage, Release} from './release.ts';
import {byLastPublished, currentReleases, findImage, hasOtherDigest, isOfRelease, sortReleases} from './release.ts';
import {isLonger, judgeRetention, rankSuperseded} from './retention.ts';
import type {Applied} from './stamp.ts';
import {MANAGED_TAG, formatApplied} from './stamp.ts';

/**
 * Plans one definition: pure, so that `dry-run` and `manage` cannot differ. The order of the actions is the order of the
 * laws: leftovers, an unfinished swap, new images, publication and retirement back to back, drift, hiding, deleting.
 */
export function planDefinition(input: PlanInput): DefinitionPlan {
  const planner = new Planner(input);
  return planner.plan();
}

/** The state of one planning: what is known, and what was decided so far. */
class Planner {
  readonly #input: PlanInput;
  readonly #definition: Definition;
  readonly #sorted: readonly Release[];
  readonly #current: readonly Release[];
  readonly #actions: Action[] = [];
  readonly #warnings: PlanWarning[] = [];
  readonly #decisions: string[] = [];
  readonly #publishes: string[] = [];
  readonly #taken: Set<string>;
  #images: OwnImage[];
  #unchanged = 0;
  #pending = 0;

  constructor(input: PlanInput) {
    this.#input = input;
    this.#definition = input.definition;
    this.#sorted = sortReleases(input.releases);
    this.#current = currentReleases(input.definition, this.#sorted);
    this.#images = [...input.images];
    this.#taken = new Set(input.images.filter(isFinished).flatMap((own) => own.image.name ?? []));
  }

  plan(): DefinitionPlan {
    const error = this.#findError();
    if (error) return this.#result([], error);
    if (this.#isBusy()) return {...this.#result([]), busy: true};
    this.#removeLeftovers();
    this.#adopt();
    const foreign = this.#findForeign();
    if (foreign) return this.#result([], foreign);
    if (this.#sorted.length === 0) return this.#result([]);
    this.#closeUnfinishedSwap();
    for (const release of this.#sorted) this.#planRelease(release);
    return this.#result(this.#planSuperseded());
  }

  /** Mistakes that only the listed versions and the live images together show. */
  #findError(): ImgmgrError | undefined {
    for (const release of this.#sorted) {
      const other = this.#images.find((own) => isFinished(own) && hasOtherDigest(own, release));
      if (!other || findImage(release, this.#images.filter(isFinished))) continue;
      const place = formatPlace(release.listed.place);
      if (release.listed.id !== undefined && this.#input.policy.replace)
        return new ImgmgrError(
          'USAGE',
          `--replace cannot replace ${this.#label(release)}: its id ${release.listed.id} is taken by the old image`,
          {
            place,
            hint: 'give the version a new id, or none',
          },
        );
      if (!this.#input.policy.replace)
        return new ImgmgrError(
          'DIGEST_CHANGED',
          `${this.#label(release)} is there as ${other.image.id} with ${showDigest(other)}, the definition now demands ${release.digest ? formatDigest(release.digest) : 'none'}`,
          {
            place,
            hint: 'give the new bytes a new version, or accept them under this one with --replace',
          },
        );
    }
    return undefined;
  }

  /** True when a living run works on the definition: there is nothing that could be planned honestly. */
  #isBusy(): boolean {
    const busy = this.#images.find((own) => own.stamp.state === 'importing' && this.#input.liveRuns.has(own.stamp.run));
    if (busy) this.#decide(`run ${busy.stamp.run} is working on it (image ${busy.image.id})`);
    return busy !== undefined;
  }

  /** Half-made images of dead runs, except those that can be gone on with. */
  #removeLeftovers(): void {
    const goneOn = new Set<Release>();
    for (const own of this.#images.filter((o) => o.stamp.state === 'importing')) {
      const release = this.#sorted.find((r) => isOfRelease(own, r));
      const wanted = release && this.#isWanted(release) && !findImage(release, this.#images.filter(isFinished));
      if (wanted && !goneOn.has(release) && this.#canGoOn(own, release)) {
        goneOn.add(release);
        continue;
      }
      // Glance never hands an id out again, so a record with a demanded id is kept for the next try.
      if (release?.listed.id === own.image.id) continue;
      this.#add(
        {kind: 'remove', image: own.image},
        {
          version: own.stamp.version,
          image: own.image.id,
          reason: `half-made by run ${own.stamp.run}, which is dead`,
          ...named(own.image),
        },
      );
      this.#forget(own);
    }
    for (const own of this.#images.filter((o) => o.stamp.state === 'ready' || o.stamp.state === 'pending')) {
      if (this.#sorted.length === 0 || this.#sorted.some((release) => isOfRelease(own, release))) continue;
      this.#add(
        {kind: 'remove', image: own.image},
        {
          version: own.stamp.version,
          image: own.image.id,
          reason: 'was never published and is no longer listed',
          ...named(own.image),
        },
      );
      this.#forget(own);
    }
  }

  /** A dead run's image whose bytes are complete and proven by Glance's own hash, or that nobody demanded a digest for. */
  #canGoOn({image}: OwnImage, release: Release): boolean {
    if (release.listed.id === image.id) return true;
    if (image.status !== 'active' && image.status !== 'deactivated') return false;
    return (
      release.digest === undefined ||
      (image.osHashAlgo === release.digest.algorithm && image.osHashValue === release.digest.hex)
    );
  }

  #adopt(): void {
    if (!this.#input.policy.adopt) return;
    for (const adoption of planAdoption({
      ...this.#input,
      sorted: this.#sorted,
      context: (release) => this.#context(release),
    })) {
      const {own, patch} = adoption;
      this.#add(
        {kind: 'adopt', image: adoption.before, patch},
        {
          version: own.stamp.version,
          image: own.image.id,
          reason: 'unstamped image of our project that fits the definition (--adopt)',
          changes: describePatch(adoption.before, patch),
          ...named(adoption.before),
        },
      );
      this.#images.push(own);
      this.#taken.add(own.image.name ?? '');
    }
  }

  /** Images that are not ours and bear a name that would be published. */
  #findForeign(): ImgmgrError | undefined {
    const names = this.#namesAboutToBePublished();
    const known = new Set(this.#images.map((own) => own.image.id));
    for (const image of this.#input.others) {
      if (known.has(image.id) || !names.has(image.name ?? '')) continue;
      if (image.owner !== this.#input.projectId) {
        this.#warn({
          code: 'foreign-name',
          image: image.id,
          message: `image ${image.id} of project ${image.owner ?? '(none)'} bears the name "${image.name ?? ''}" too`,
          hint: 'users who look images up by name may find either',
        });
        continue;
      }
      const stamped = image.properties['imgmgr_definition'];
      if (stamped === this.#definition.name && (image.properties['imgmgr_state'] ?? '') !== '') continue;
      return new ImgmgrError(
        'FOREIGN_IMAGE',
        stamped === undefined
          ? `image ${image.id} of this project bears the name "${image.name ?? ''}" and is not managed by imgmgr`
          : `image ${image.id} of this project bears the name "${image.name ?? ''}" and belongs to the definition "${stamped}"`,
        {
          place: formatPlace(this.#definition.place),
          hint:
            stamped === undefined
              ? 'take it over with --adopt, or rename it'
              : 'rename one of the two definitions, or the image',
        },
      );
    }
    return undefined;
  }

  #namesAboutToBePublished(): Set<string> {
    const names = new Set<string>();
    for (const release of this.#sorted) {
      const existing = findImage(release, this.#images.filter(isFinished));
      const comes = existing
        ? this.#isCurrentRelease(release) && existing.stamp.state !== 'current'
        : this.#isWanted(release);
      if (comes)
        names.add(
          this.#isCurrentRelease(release)
            ? publishedName(this.#definition, release.version)
            : supersededForm(this.#context(release)).name,
        );
    }
    for (const name of names) this.#publishes.push(name);
    return names;
  }

  /**
   * Two current images of a `multi: true` definition: a run died between publishing and retiring. The one published last
   * stays: that of the listed release, else the one that was PATCHed last.
   */
  #closeUnfinishedSwap(): void {
    const current = this.#images.filter((own) => own.stamp.state === 'current');
    if (!this.#definition.multi || current.length < 2) return;
    const [release] = this.#current;
    const listed = release && findImage(release, current);
    const last =
      listed ??
      [...current].sort((a, b) => b.image.updatedAt.localeCompare(a.image.updatedAt) || byLastPublished(a, b))[0];
    this.#retireOthers((own) => own !== last, 'an earlier run published its successor and died');
  }

  #planRelease(release: Release): void {
    const existing = findImage(release, this.#images.filter(isFinished));
    if (existing) {
      this.#planExisting(release, existing);
      return;
    }
    if (!this.#isWanted(release)) return;
    this.#planNew(release);
  }

  #planExisting(release: Release, existing: OwnImage): void {
    if (!this.#isCurrentRelease(release)) {
      if (this.#isWanted(release)) this.#unchanged++;
      return;
    }
    if (existing.stamp.state === 'retired') {
      if (this.#wantsPublication()) this.#republish(release, existing);
      return;
    }
    this.#mend(release, existing);
    if (this.#definition.multi)
      this.#retireOthers((own) => own.image.id !== existing.image.id, `superseded by ${release.version}`);
  }

  /** The catalogue went back: the image is there already, in its retired form. */
  #republish(release: Release, existing: OwnImage): void {
    const form = currentForm(this.#context(release));
    const {applied} = existing.stamp;
    if (applied && !this.#input.policy.forceState && !isAsApplied(existing.image, applied)) {
      this.#warnByHand(existing, [`it is not as imgmgr left it (${formatApplied(applied)})`]);
      return;
    }
    if (existing.image.status === 'deactivated' && form.status === 'active')
      this.#add(
        {kind: 'reactivate', target: {image: existing.image}},
        {
          version: release.version,
          image: existing.image.id,
          reason: 'is listed as the newest version again',
          ...named(existing.image),
        },
      );
    this.#publish(release, {image: existing.image}, 'current', 'is listed as the newest version again');
    this.#replace(existing, {
      ...existing,
      image: applyPatch(existing.image, {name: form.name}),
      stamp: {...existing.stamp, state: 'current'},
    });
    if (this.#definition.multi)
      this.#retireOthers((own) => own.image.id !== existing.image.id, `superseded by ${release.version}`);
  }

  /** Drift of a current image: one PATCH, status, stores. */
  #mend(release: Release, existing: OwnImage): void {
    if (!this.#input.policy.acquire) return;
    const form = currentForm(this.#context(release));
    const drift = findDrift(existing, form, this.#input.policy.forceState);
    const {image} = existing;
    const about = {version: release.version, image: image.id, ...named(image)};
    if (drift.byHand.length > 0) this.#warnByHand(existing, drift.byHand);
    if (drift.status)
      this.#add(
        {kind: drift.status === 'active' ? 'reactivate' : 'deactivate', target: {image}},
        {...about, reason: `the definition says status: ${drift.status}`},
      );
    if (!isEmptyPatch(drift.patch)) {
      this.#warnMinDisk(image, form, drift.patch);
      this.#add(
        {kind: 'update', image, patch: drift.patch},
        {...about, reason: 'differs from its definition', changes: describePatch(image, drift.patch)},
      );
    }
    const missing = this.#missingStores(image);
    if (missing.length > 0)
      this.#add({kind: 'copy', image, stores: missing}, {...about, reason: `is missing from ${missing.join(', ')}`});
    if (!drift.status && isEmptyPatch(drift.patch) && missing.length === 0) this.#unchanged++;
  }

  #planNew(release: Release): void {
    const begun = this.#images.filter((own) => isOfRelease(own, release) && !isFinished(own)).sort(byLastPublished)[0];
    if (begun?.stamp.state === 'ready') {
      this.#publishNew(release, {image: begun.image}, begun);
      return;
    }
    const about = {version: release.version, newName: candidate(this.#context(release), '', undefined).name};
    if (begun?.stamp.state === 'pending' && !this.#input.policy.wait) {
      this.#pending++;
      this.#decide(`version ${release.version} is still with the cloud (image ${begun.image.id})`);
      return;
    }
    if (begun?.stamp.state === 'quarantined') return;
    if (
      begun &&
      (begun.stamp.state === 'pending' || begun.image.status === 'active' || begun.image.status === 'deactivated')
    ) {
      this.#add(
        {kind: 'resume', release, image: begun.image},
        {
          ...about,
          image: begun.image.id,
          reason:
            begun.stamp.state === 'pending'
              ? 'was handed to the cloud by an earlier run'
              : `complete, left by run ${begun.stamp.run}`,
        },
      );
    } else {
      this.#add(
        {kind: 'acquire', release, ...(begun && {reuse: begun.image})},
        {
          ...about,
          ...(begun && {image: begun.image.id}),
          reason: begun ? 'its record with the demanded id is there, empty' : 'listed and not there',
        },
      );
    }
    this.#publishNew(release, {acquired: release}, begun);
  }

  #publishNew(release: Release, target: {image: Image} | {acquired: Release}, begun: OwnImage | undefined): void {
    const current = this.#isCurrentRelease(release);
    if (!this.#wantsPublication()) {
      this.#pending += 'image' in target ? 0 : 1;
      return;
    }
    if (this.#definition.status === 'deactivated' && begun?.image.status !== 'deactivated')
      this.#add(
        {kind: 'deactivate', target},
        {version: release.version, reason: 'the definition says status: deactivated', ...imageOf(target)},
      );
    this.#publish(
      release,
      target,
      current ? 'current' : 'retired',
      current ? 'listed and proven' : 'listed, but a newer version bears the name',
    );
    this.#forgetRelease(release);
    this.#images.push(
      foreseen(
        release,
        this.#input,
        current ? currentForm(this.#context(release)) : supersededForm(this.#context(release)),
        current,
      ),
    );
    if (current && this.#definition.multi)
      this.#retireOthers(
        (own) => !isOfRelease(own, release) || own.image.id !== FORESEEN,
        `superseded by ${release.version}`,
        release,
      );
  }

  #publish(
    release: Release,
    target: {image: Image} | {acquired: Release},
    as: 'current' | 'retired',
    reason: string,
  ): void {
    const context = this.#context(release);
    const plain = as === 'current' ? currentForm(context).name : supersededForm(context).name;
    const newName =
      as === 'retired' && this.#taken.has(plain) ? freeName(this.#definition, release.version, this.#taken) : plain;
    this.#add(
      {kind: 'publish', release, target, as, name: newName},
      {version: release.version, newName, reason, ...imageOf(target)},
    );
    this.#taken.add(newName);
  }

  /** Retires every image that is still `current` and is not the one that stays; once, by the state in its stamp. */
  #retireOthers(isOther: (own: OwnImage) => boolean, reason: string, successor?: Release): void {
    for (const own of this.#images.filter((o) => o.stamp.state === 'current' && isOther(o)))
      this.#retire(own, reason, successor);
  }

  #retire(own: OwnImage, reason: string, successor?: Release): void {
    if (!this.#definition.multi && this.#input.policy.keep) return;
    const way = this.#way();
    const earlier = this.#images.some(
      (o) => o !== own && isFinished(o) && o.stamp.version === own.stamp.version && byLastPublished(o, own) <= 0,
    );
    this.#taken.delete(own.image.name ?? '');
    if (this.#isPlainNameHeld()) this.#taken.add(this.#definition.name);
    const name = nameWhenRetired({
      definition: this.#definition,
      own,
      way: shapeOf(way),
      earlierOfSameVersion: earlier,
      taken: this.#taken,
    });
    const patch = retirePatch({own, name, way, oldPurpose: this.#input.policy.oldPurpose});
    this.#taken.add(name);
    this.#add(
      {kind: 'retire', image: own.image, patch, ...(successor && {successor})},
      {
        version: own.stamp.version,
        image: own.image.id,
        reason,
        changes: describePatch(own.image, patch),
        ...named(own.image),
        ...(name !== own.image.name && {newName: name}),
      },
    );
    this.#replace(own, {
      image: applyPatch(own.image, patch),
      stamp: {
        ...own.stamp,
        state: 'retired',
        applied: {
          visibility: patch.visibility ?? own.image.visibility,
          osHidden: patch.osHidden ?? own.image.osHidden,
          status: 'active',
          protected: own.image.protected,
        },
      },
    });
  }

  /** What happens to superseded images: retirement where it is due (`multi: false`), flags, promises, deletion. */
  #planSuperseded(): OwnImage[] {
    const superseded = this.#supersededImages();
    for (const own of superseded) if (own.stamp.state === 'current') this.#retire(own, 'no longer listed');
    const ranked = rankSuperseded(this.#supersededImages());
    const listed = new Set(
      this.#sorted.flatMap((release) => findImage(release, this.#images.filter(isFinished))?.image.id ?? []),
    );
    const deletable: OwnImage[] = [];
    ranked.forEach((own, index) => {
      const retention = judgeRetention({
        image: own.image,
        wanted: this.#definition.meta['uuid_validity'],
        rank: index + 1,
        now: this.#input.now,
        includeNone: this.#input.policy.includeNone,
        keep: this.#definition.keep || (!this.#definition.multi && this.#input.policy.keep),
      });
      const beyond = !retention.stays && !listed.has(own.image.id) && own.image.id !== FORESEEN;
      this.#decide(
        `${own.image.name ?? own.image.id}: ${beyond ? 'deletable' : 'stays'}, ${listed.has(own.image.id) ? 'its version is listed' : retention.reason}`,
      );
      if (own.image.id === FORESEEN) return;
      const deletes = beyond && this.#planDelete(own, retention.reason);
      if (beyond) deletable.push(own);
      if (!deletes) this.#reshape(own, beyond);
    });
    return deletable;
  }

  /** Flags and later promises reach images that were retired before. */
  #reshape(own: OwnImage, beyond: boolean): void {
    if (!this.#definition.multi && this.#input.policy.keep) return;
    const patch = this.#flagPatch(own);
    const about = {version: own.stamp.version, image: own.image.id, ...named(own.image)};
    if (!isEmptyPatch(patch)) {
      const kind = patch.osHidden === true ? 'hide' : 'update';
      const pending = this.#actions.findIndex((action) => action.kind === 'retire' && action.image.id === own.image.id);
      if (pending >= 0) this.#mergeIntoRetire(pending, patch);
      else
        this.#add(
          {kind, image: own.image, patch},
          {
            ...about,
            reason: kind === 'hide' ? 'superseded (--hide)' : 'superseded',
            changes: describePatch(own.image, patch),
            ...(patch.name !== undefined && {newName: patch.name}),
          },
        );
    }
    const deactivates = this.#input.policy.deactivate || this.#way() === 'deactivated';
    if (deactivates && beyond && own.image.status === 'active')
      this.#add(
        {kind: 'deactivate', target: {image: own.image}, patch: recordStatus(own)},
        {...about, reason: 'superseded and beyond its promise'},
      );
  }

  #flagPatch({image, stamp}: OwnImage): ImagePatch {
    const {policy} = this.#input;
    const promise = this.#definition.meta['uuid_validity'];
    const longer =
      policy.acquire && isLonger(image.properties['uuid_validity'], promise) && promise !== undefined
        ? {uuid_validity: promise}
        : {};
    const flag = policy.hide ? 'hidden' : policy.retireAs;
    const hidden = flag === 'hidden';
    const community = flag === 'community' && image.visibility === 'public';
    const renames =
      flag !== undefined && this.#definition.multi && !bearsNameOf(this.#definition, image, shapeOf(flag));
    const name = renames
      ? nameWhenRetired({
          definition: this.#definition,
          own: {image, stamp},
          way: shapeOf(flag),
          earlierOfSameVersion: false,
          taken: this.#taken,
        })
      : undefined;
    if (name !== undefined) this.#taken.add(name);
    const applied = stamp.applied ?? {
      visibility: image.visibility,
      osHidden: image.osHidden,
      status: 'active' as const,
      protected: image.protected,
    };
    const becomes = {...applied, ...(hidden && {osHidden: true}), ...(community && {visibility: 'community' as const})};
    const patch = compact(image, {
      ...(hidden && {osHidden: true}),
      ...(community && {visibility: 'community'}),
      ...(name !== undefined && {name}),
      set: longer,
    });
    return isEmptyPatch(patch)
      ? patch
      : compact(image, {...patch, set: {...patch.set, ...(stamp.applied && {imgmgr_applied: formatApplied(becomes)})}});
  }

  #mergeIntoRetire(index: number, patch: ImagePatch): void {
    const action = this.#actions[index];
    if (action?.kind !== 'retire') return;
    const merged = {...action.patch, ...patch, set: {...action.patch.set, ...patch.set}};
    this.#actions[index] = {
      ...action,
      patch: merged,
      summary: {...action.summary, changes: describePatch(action.image, merged)},
    };
  }

  #planDelete(own: OwnImage, reason: string): boolean {
    const {policy} = this.#input;
    if (!policy.delete) return false;
    const guardedByUs = own.stamp.applied?.protected === true;
    if (own.image.protected && !guardedByUs) {
      this.#warn({
        code: 'protected-by-hand',
        image: own.image.id,
        message: `${own.image.name ?? ''} (${own.image.id}) is protected and imgmgr did not protect it, so it stays`,
        hint: 'lift the protection yourself if it may go',
      });
      return false;
    }
    const retiring = this.#actions.findIndex((action) => action.kind === 'retire' && action.image.id === own.image.id);
    this.#add(
      {kind: 'delete', image: retiring < 0 ? own.image : this.#originalOf(own), unprotect: own.image.protected},
      {version: own.stamp.version, image: own.image.id, reason, ...named(own.image)},
    );
    return true;
  }

  #originalOf(own: OwnImage): Image {
    return this.#input.images.find((o) => o.image.id === own.image.id)?.image ?? own.image;
  }

  /** Ours, finished, not current. Where the release of the plain name is not there, the image that bears it stays current. */
  #supersededImages(): OwnImage[] {
    const finished = this.#images.filter(isFinished);
    const currentIds = new Set(this.#current.flatMap((release) => findImage(release, finished)?.image.id ?? []));
    const bears = this.#current.some((release) => findImage(release, finished)?.stamp.state === 'current');
    const nameless = this.#definition.multi && !bears;
    return finished.filter((own) => !currentIds.has(own.image.id) && !(nameless && own.stamp.state === 'current'));
  }

  #isPlainNameHeld(): boolean {
    return this.#images.some(
      (own) => isFinished(own) && own.stamp.state === 'current' && own.image.name === this.#definition.name,
    );
  }

  #way(): RetireWay {
    const {hide, retireAs} = this.#input.policy;
    return retireAs ?? (hide ? 'hidden' : (this.#definition.retireAs ?? 'renamed'));
  }

  #isCurrentRelease(release: Release): boolean {
    return this.#current.includes(release);
  }

  #isWanted(release: Release): boolean {
    const {acquire, latest} = this.#input.policy;
    return acquire && (!latest || release === this.#sorted.at(-1));
  }

  #wantsPublication(): boolean {
    return this.#input.policy.publish && this.#input.policy.wait && this.#input.policy.acquire;
  }

  #missingStores(image: Image): string[] {
    const wanted = this.#input.policy.stores ?? this.#definition.stores ?? [];
    return image.stores.length === 0 ? [] : wanted.filter((store) => !image.stores.includes(store));
  }

  #context(release: Release): FormContext {
    const {policy, adHoc} = this.#input;
    return {
      definition: this.#definition,
      release,
      oldPurpose: policy.oldPurpose,
      adHoc,
      ...(policy.tag !== undefined && {tag: policy.tag}),
    };
  }

  #add(step: Step & {kind: ActionKind}, about: Omit<ActionSummary, 'kind' | 'definition'>): void {
    this.#actions.push({...step, summary: {kind: step.kind, definition: this.#definition.name, ...about}});
  }

  #forget(own: OwnImage): void {
    this.#images = this.#images.filter((o) => o !== own);
  }

  #forgetRelease(release: Release): void {
    this.#images = this.#images.filter((own) => isFinished(own) || !isOfRelease(own, release));
  }

  #replace(own: OwnImage, by: OwnImage): void {
    this.#images = this.#images.map((o) => (o === own ? by : o));
  }

  #warn(warning: PlanWarning): void {
    this.#warnings.push(warning);
  }

  #warnByHand({image}: OwnImage, changes: readonly string[]): void {
    this.#warn({
      code: 'changed-by-hand',
      image: image.id,
      message: `${image.name ?? ''} (${image.id}) was changed on the cloud: ${changes.join('; ')}`,
      hint: 'left alone; --force-state overwrites it',
    });
  }

  #warnMinDisk(image: Image, form: Form, patch: ImagePatch): void {
    if (patch.minDisk === undefined || patch.minDisk <= form.minDisk) return;
    this.#warn({
      code: 'min-disk-raised',
      image: image.id,
      message: `min_disk of ${image.name ?? image.id} is raised from ${form.minDisk} to ${patch.minDisk} GiB, the size of its disk`,
      hint: 'raise min_disk in the definition',
    });
  }

  #decide(message: string): void {
    this.#decisions.push(message);
  }

  #label(release: Release): string {
    return `${this.#definition.name} ${release.version}`;
  }

  #result(deletable: readonly OwnImage[], error?: ImgmgrError): DefinitionPlan {
    return {
      definition: this.#definition,
      actions: error ? [] : this.#actions,
      unchanged: this.#unchanged,
      pending: this.#pending,
      warnings: this.#warnings,
      decisions: this.#decisions,
      publishes: this.#publishes,
      deletable,
      busy: false,
      currentVersions: this.#current.map((release) => release.version),
      ...(error && {error}),
    };
  }
}

/** The id of images that exist only in the plan. */
const FORESEEN = '';

/** Published once: current or retired. */
export function isFinished({stamp}: OwnImage): boolean {
  return stamp.state === 'current' || stamp.state === 'retired';
}

/** The one PATCH that retires: name, purpose, tags, state, and visibility only ever narrower. */
function retirePatch(input: {
  readonly own: OwnImage;
  readonly name: string;
  readonly way: RetireWay;
  readonly oldPurpose: string;
}): ImagePatch {
  const {own, name, way, oldPurpose} = input;
  const {image, stamp} = own;
  const tags = ownTags(stamp.keys);
  const visibility = way === 'community' && image.visibility === 'public' ? 'community' : image.visibility;
  const osHidden = way === 'hidden' ? true : image.osHidden;
  const applied = {
    visibility,
    osHidden,
    status: image.status === 'deactivated' ? 'deactivated' : 'active',
    protected: image.protected,
  } as const;
  return compact(image, {
    name,
    visibility,
    osHidden,
    tags: [...new Set([...image.tags.filter((tag) => !tags.has(tag)), MANAGED_TAG])].sort(),
    set: {
      ...withOldPurpose(pick(image.properties, 'os_purpose'), oldPurpose),
      imgmgr_state: 'retired',
      imgmgr_applied: formatApplied(applied),
    },
  });
}

/** Records that the deactivation is ours, so that nobody takes it for an operator's. */
function recordStatus({image, stamp}: OwnImage): ImagePatch {
  return stamp.applied
    ? compact(image, {set: {imgmgr_applied: formatApplied({...stamp.applied, status: 'deactivated'})}})
    : {};
}

/** A deactivation that we recorded but did not get done is no change by hand. */
function isAsApplied(image: Image, applied: Applied): boolean {
  const pulled = image.status === 'deactivated' && applied.status === 'active';
  return applied.visibility === image.visibility && applied.osHidden === image.osHidden && !pulled;
}

/** `deactivated` and `community` are renamed too; only `hidden` and `renamed-by-date` name differently. */
function shapeOf(way: RetireWay): RetireWay {
  return way === 'hidden' || way === 'renamed-by-date' ? way : 'renamed';
}

function pick(properties: Readonly<Record<string, string>>, key: string): Record<string, string> {
  const value = properties[key];
  return value === undefined ? {} : {[key]: value};
}

function named(image: Image): {name?: string} {
  return image.name === null ? {} : {name: image.name};
}

function imageOf(target: {image: Image} | {acquired: Release}): {image?: string; name?: string} {
  return 'image' in target ? {image: target.image.id, ...named(target.image)} : {};
}

function showDigest({stamp}: OwnImage): string {
  return stamp.digest ? formatDigest(stamp.digest) : 'no digest';
}

/** An image that this plan will make, so that names, ranks and promises are counted as they will be afterwards. */
function foreseen(release: Release, input: PlanInput, form: Form, current: boolean): OwnImage {
  return {
    image: {
      id: FORESEEN,
      name: form.name,
      status: 'active',
      visibility: form.visibility,
      osHidden: form.osHidden,
      protected: form.protected,
      owner: input.projectId,
      tags: form.tags,
      minDisk: form.minDisk,
      minRam: form.minRam,
      diskFormat: input.definition.format,
      containerFormat: 'bare',
      size: null,
      virtualSize: null,
      osHashAlgo: null,
      osHashValue: null,
      // Made after everything that is there, whatever the clocks say.
      createdAt: '9999-12-31T23:59:59Z',
      updatedAt: input.now.toISOString(),
      stores: [],
      properties: form.properties,
    },
    stamp: {
      definition: input.definition.name,
      version: release.version,
      state: current ? 'current' : 'retired',
      run: '',
      keys: [],
      adHoc: input.adHoc,
      ...(release.digest && {digest: release.digest}),
    },
  };
}
