import {compact, changesOf, isEmptyPatch} from '../image/patch.ts';
import type {ImagePatch} from '../image/image.ts';
import {bearsNameOf, nameWhenRetired} from '../image/naming.ts';
import type {OwnImage} from '../release/release.ts';
import type {Retention} from '../retention.ts';
import {isLonger, judgeRetention, rankSuperseded} from '../retention.ts';
import {compareVersions} from '../release/version.ts';
import {isPulled} from '../image/revocation.ts';
import {formatApplied} from '../image/stamp.ts';
import type {Draft} from './draft.ts';
import {about, shapeOf} from './draft.ts';
import {FORESEEN} from './foreseen.ts';
import {retire} from './retire.ts';

/** Retires what is no longer listed, applies flags and longer promises, deletes; returns what may be deleted. */
export function planSuperseded(draft: Draft): OwnImage[] {
  for (const own of superseded(draft))
    if (own.stamp.state === 'current')
      retire(draft, own, {reason: draft.revoked.image(own) ? 'its version is revoked' : 'no longer listed'});
  const listed = new Set(draft.sorted.flatMap((release) => draft.published(release)?.image.id ?? []));
  const deletable: OwnImage[] = [];
  let rank = 1;
  for (const own of rankSuperseded(superseded(draft))) {
    const isRevoked = draft.revoked.image(own);
    const retention = judge(draft, own, rank);
    // Revoked images take no place among the last ones.
    if (!isRevoked) rank++;
    if (own.image.id === FORESEEN) continue;
    const isListed = listed.has(own.image.id) && !draft.revoked.isListed(own);
    const remembers = isRevoked && remembersAlone(draft, own);
    const beyond = !retention.stays && !isListed && !remembers;
    const why = isListed
      ? 'its version is listed'
      : remembers
        ? 'it alone says that its version is revoked'
        : retention.reason;
    draft.decide(`${own.image.name ?? own.image.id}: ${beyond ? 'deletable' : 'stays'}, ${why}`);
    if (beyond) deletable.push(own);
    if (!(beyond && planDelete(draft, own, retention.reason))) reshape(draft, own, beyond);
  }
  return deletable;
}

/** Without the image its version could be taken for a new one: no newer version is there, and the definition does not say `revoked`. */
function remembersAlone(draft: Draft, own: OwnImage): boolean {
  if (draft.revoked.isListed(own)) return false;
  return !draft
    .finished()
    .some((other) => !draft.revoked.image(other) && compareVersions(other.stamp.version, own.stamp.version) > 0);
}

/** Ours, finished, not current. Where the release of the plain name is not there, the image that bears it stays current. */
function superseded(draft: Draft): OwnImage[] {
  const ofCurrentReleases = draft.current.flatMap((release) => draft.published(release) ?? []);
  const nameless = draft.definition.multi && !ofCurrentReleases.some((own) => own.stamp.state === 'current');
  return draft
    .finished()
    .filter((own) => !ofCurrentReleases.includes(own) && !(nameless && own.stamp.state === 'current'));
}

function judge(draft: Draft, {image}: OwnImage, rank: number): Retention {
  const {now, policy} = draft.input;
  return judgeRetention({
    image,
    wanted: draft.definition.meta['uuid_validity'],
    rank,
    now,
    includeNone: policy.includeNone,
    keep: draft.definition.keep || draft.keepsSuperseded(),
  });
}

/** Plans the deletion; false when it was not asked for, or when somebody else protects the image. */
function planDelete(draft: Draft, own: OwnImage, reason: string): boolean {
  // A version that cannot be had holds back every deletion of its definition.
  if (!draft.input.policy.delete || draft.failures.length > 0) return false;
  if (own.image.protected && own.stamp.applied?.protected !== true) {
    draft.warn({
      code: 'protected-by-hand',
      image: own.image.id,
      message: `${own.image.name ?? ''} (${own.image.id}) is protected and imgmgr did not protect it, so it stays`,
      hint: 'lift the protection yourself if it may go',
    });
    return false;
  }
  draft.add(
    {kind: 'delete', image: own.image, unprotect: own.image.protected, counts: 'deleted'},
    {...about(own), reason},
  );
  return true;
}

/** Flags and later promises reach images that were retired before. */
function reshape(draft: Draft, own: OwnImage, beyond: boolean): void {
  if (draft.keepsSuperseded()) return;
  const patch = reshapePatch(draft, own);
  if (!isEmptyPatch(patch)) {
    const kind = patch.osHidden === true ? 'hide' : 'update';
    const reason = kind === 'hide' ? 'superseded (--hide)' : 'superseded';
    const renamed = patch.name === undefined ? {} : {newName: patch.name};
    draft.add(
      {kind, image: own.image, patch, counts: kind === 'hide' ? 'retired' : 'updated'},
      {...about(own), reason, ...changesOf(own.image, patch), ...renamed},
    );
  }
  const deactivates = draft.input.policy.deactivate || draft.way() === 'deactivated';
  const pulled = isPulled(own.image);
  if (((deactivates && beyond) || pulled) && own.image.status === 'active')
    draft.add(
      {kind: 'deactivate', target: {image: own.image}, patch: recordStatus(own), counts: 'updated'},
      {...about(own), reason: pulled ? 'was pulled (rollback --pull)' : 'superseded, retention over'},
    );
}

function reshapePatch(draft: Draft, own: OwnImage): ImagePatch {
  const {image, stamp} = own;
  const {policy} = draft.input;
  const flag = policy.retireAs ?? (policy.hide ? 'hidden' : undefined);
  const osHidden = flag === 'hidden' || policy.hide;
  const community = flag === 'community' && image.visibility === 'public';
  const promise = draft.definition.meta['uuid_validity'];
  const longer = policy.acquire && promise !== undefined && isLonger(image.properties['uuid_validity'], promise);
  const changes = compact(image, {
    ...(osHidden && {osHidden: true}),
    ...(community && {visibility: 'community'}),
    ...newNameFor(draft, own),
    set: longer ? {uuid_validity: promise} : {},
  });
  const stateChanges = changes.osHidden !== undefined || changes.visibility !== undefined;
  if (!stateChanges || !stamp.applied) return changes;
  const applied = {
    ...stamp.applied,
    ...(osHidden && {osHidden: true}),
    ...(community && {visibility: 'community' as const}),
  };
  return {...changes, set: {...changes.set, imgmgr_applied: formatApplied(applied)}};
}

/** `--retire-as` renames images that were retired another way before. */
function newNameFor(draft: Draft, own: OwnImage): {name?: string} {
  const {definition, taken} = draft;
  const way = draft.input.policy.retireAs;
  if (way === undefined || !definition.multi || bearsNameOf(definition, own.image, shapeOf(way))) return {};
  const name = nameWhenRetired({definition, own, way: shapeOf(way), earlierOfSameVersion: false, taken});
  taken.add(name);
  return {name};
}

/** Records that the deactivation is ours, so that nobody takes it for an operator's. */
function recordStatus({image, stamp}: OwnImage): ImagePatch {
  return stamp.applied
    ? compact(image, {set: {imgmgr_applied: formatApplied({...stamp.applied, status: 'deactivated'})}})
    : {};
}
