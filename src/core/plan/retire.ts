import {byCharacters} from '../order.ts';
import type {RetireWay} from '../definition/definition.ts';
import {ownTags, withOldPurpose} from '../image/form.ts';
import {applyPatch, compact, changesOf} from '../image/patch.ts';
import type {ImagePatch} from '../image/image.ts';
import {nameWhenRetired} from '../image/naming.ts';
import type {OwnImage} from '../release/release.ts';
import {byLastPublished} from '../release/find-image.ts';
import {isLonger} from '../retention.ts';
import {MANAGED_TAG, formatApplied} from '../image/stamp.ts';
import type {Draft} from './draft.ts';
import {about, shapeOf} from './draft.ts';
import {lacksMembers} from './share.ts';

/**
 * Two current images of a `multi: true` definition: a run died between publishing and retiring. The one published last
 * stays: that of the listed release, else the one that was PATCHed last.
 */
export function closeUnfinishedSwap(draft: Draft): void {
  const current = draft.images.filter((own) => own.stamp.state === 'current');
  if (!draft.definition.multi || current.length < 2) return;
  const [release] = draft.current;
  const listed = release && draft.published(release);
  const newest = [...current].sort(
    (a, b) => byCharacters(b.image.updatedAt, a.image.updatedAt) || byLastPublished(a, b),
  )[0];
  const stays = listed?.stamp.state === 'current' ? listed : newest;
  // Its members come first, so that each of them has an image of that name at any time; it is retired behind them.
  if (stays && stays === listed && lacksMembers(draft, stays)) return;
  for (const own of current)
    if (own !== stays && !(stays && draft.revoked.image(stays)))
      retire(draft, own, {reason: 'an earlier run published its successor and died'});
}

/**
 * Retires the other images that still bear the plain name of a `multi: true` definition; once, by the state in the stamp. `published`:
 * the id of the action that publishes the successor, where the plan does.
 */
export function retirePredecessors(
  draft: Draft,
  successor: OwnImage,
  by: {readonly version: string; readonly published?: string},
): void {
  if (!draft.definition.multi) return;
  const {version, published} = by;
  for (const own of draft.images.filter((other) => other !== successor && other.stamp.state === 'current'))
    retire(draft, own, {
      reason: draft.revoked.image(own) ? `is revoked, ${version} takes its place` : `superseded by ${version}`,
      ...(published !== undefined && {replacedBy: published}),
    });
}

/** Plans the one PATCH that gives an image its retired form. */
export function retire(
  draft: Draft,
  own: OwnImage,
  why: {readonly reason: string; readonly replacedBy?: string},
): void {
  if (draft.keepsSuperseded()) return;
  const way = draft.way();
  const name = retiredNameOf(draft, own, way);
  const patch = retirePatch({
    own,
    name,
    way,
    oldPurpose: draft.input.policy.oldPurpose,
    promise: draft.definition.meta['uuid_validity'],
  });
  draft.taken.add(name);
  draft.add(
    {
      kind: 'retire',
      image: own.image,
      patch,
      counts: 'retired',
      ...(why.replacedBy !== undefined && {replacedBy: why.replacedBy}),
    },
    {
      ...about(own),
      reason: why.reason,
      ...changesOf(own.image, patch),
      ...(name !== own.image.name && {newName: name}),
    },
  );
  const {visibility = own.image.visibility, osHidden = own.image.osHidden} = patch;
  const applied = {visibility, osHidden, status: 'active' as const, protected: own.image.protected};
  draft.replace(own, {image: applyPatch(own.image, patch), stamp: {...own.stamp, state: 'retired', applied}});
}

function retiredNameOf(draft: Draft, own: OwnImage, way: RetireWay): string {
  const {definition, taken} = draft;
  const finished = draft.finished();
  const earlier = finished.some(
    (other) => other !== own && other.stamp.version === own.stamp.version && byLastPublished(other, own) <= 0,
  );
  const others = new Set(taken);
  if (!finished.some((other) => other !== own && other.image.name === own.image.name))
    others.delete(own.image.name ?? '');
  return nameWhenRetired({definition, own, way: shapeOf(way), earlierOfSameVersion: earlier, taken: others});
}

/** Name, purpose, tags, state; visibility only ever narrower. */
export function retirePatch(input: {
  readonly own: OwnImage;
  readonly name: string;
  readonly way: RetireWay;
  readonly oldPurpose: string;
  readonly promise: string | undefined;
  /** It is revoked, and deactivated right after. */
  readonly pulled?: Readonly<Record<string, string>>;
}): ImagePatch {
  const {own, name, way, oldPurpose, promise, pulled} = input;
  const isLongerPromise = promise !== undefined && isLonger(own.image.properties['uuid_validity'], promise);
  const {image, stamp} = own;
  const tags = ownTags(stamp.keys);
  const visibility = way === 'community' && image.visibility === 'public' ? 'community' : image.visibility;
  const osHidden = way === 'hidden' ? true : image.osHidden;
  const status = image.status === 'deactivated' || pulled ? 'deactivated' : 'active';
  const purpose = image.properties['os_purpose'];
  return compact(image, {
    name,
    visibility,
    osHidden,
    tags: [...new Set([...image.tags.filter((tag) => !tags.has(tag)), MANAGED_TAG])].sort(),
    set: {
      ...(purpose !== undefined && withOldPurpose({os_purpose: purpose}, oldPurpose)),
      ...(isLongerPromise && {uuid_validity: promise}),
      imgmgr_state: 'retired',
      imgmgr_applied: formatApplied({visibility, osHidden, status, protected: image.protected}),
      ...pulled,
    },
  });
}
