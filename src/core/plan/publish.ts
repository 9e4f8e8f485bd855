import type {Form} from '../image/form.ts';
import {currentForm, publishPatch, supersededForm} from '../image/form.ts';
import type {Changes} from '../image/patch.ts';
import {changesOf} from '../image/patch.ts';
import type {OwnImage, Release} from '../release/release.ts';
import {readVerdict, wasBootedAs} from '../verdict/record.ts';
import type {Draft} from './draft.ts';
import {imageOf, supersededName} from './draft.ts';
import {foreseen} from './foreseen.ts';
import type {Target} from './plan.ts';
import {retirePredecessors} from './retire.ts';
import {shareNew} from './share.ts';

/** Verifies the image where that is wanted, publishes it, and retires what it takes the place of. */
export function publishNew(
  draft: Draft,
  input: {readonly release: Release; readonly target: Target; readonly begun?: OwnImage},
): void {
  const {release, target, begun} = input;
  const {publish: published, wait} = draft.input.policy;
  if (draft.verifies() && wait && (published || !isVerified(draft, release, target)))
    verifyFirst(draft, release, target);
  if (!wantsPublication(draft)) return;
  const current = draft.isCurrent(release);
  if (draft.definition.status === 'deactivated' && begun?.image.status !== 'deactivated')
    draft.add(
      {kind: 'deactivate', target},
      {version: release.version, reason: 'the definition says status: deactivated', ...imageOf(target)},
    );
  const reason = current ? 'newest listed version' : 'listed, but a newer version bears the name';
  const id = publish(draft, {release, target, as: current ? 'current' : 'retired', counts: 'imported', reason});
  if (begun) draft.forget(begun);
  const context = draft.context(release);
  const made = foreseen(draft, release, current ? currentForm(context) : supersededForm(context));
  draft.images.push(made);
  if (current) retirePredecessors(draft, made, {version: release.version, published: id});
}

/** Boots the image before it is published, unless it has passed already with the same boot properties. */
export function verifyFirst(draft: Draft, release: Release, target: Target): void {
  if (isVerified(draft, release, target)) return;
  const again = 'image' in target && readVerdict(target.image) !== undefined;
  const next = wantsPublication(draft) ? 'publish' : 'ready';
  draft.add(
    {kind: 'verify', release, target, next, ...(next === 'ready' && {counts: 'imported'})},
    {
      version: release.version,
      reason: again ? 'boots it again (--reverify)' : 'must pass a test boot before publishing',
      ...imageOf(target),
    },
  );
}

function isVerified(draft: Draft, release: Release, target: Target): boolean {
  if (!('image' in target) || draft.input.policy.reverify) return false;
  const form = currentForm(draft.context(release));
  return readVerdict(target.image)?.kind === 'pass' && wasBootedAs(target.image, form);
}

/** Plans the one PATCH that publishes an image; its id. */
export function publish(
  draft: Draft,
  input: {
    readonly release: Release;
    readonly target: Target;
    readonly as: 'current' | 'retired';
    readonly counts: 'imported' | 'updated';
    readonly reason: string;
  },
): string {
  const {release, target, as, counts, reason} = input;
  const context = draft.context(release);
  const form =
    as === 'current' ? currentForm(context) : {...supersededForm(context), name: supersededName(draft, release)};
  const id = draft.add(
    {kind: 'publish', release, target, as, form, counts},
    {version: release.version, newName: form.name, reason, ...imageOf(target), ...changesOn(target, {form, as})},
  );
  draft.taken.add(form.name);
  if (form.visibility === 'shared') shareNew(draft, {target, version: release.version, published: id});
  return id;
}

/** What the PATCH changes about an image that is there; of one that is to be made, everything is new. */
function changesOn(
  target: Target,
  {form, as}: {readonly form: Form; readonly as: 'current' | 'retired'},
): Partial<Changes> {
  return 'image' in target ? changesOf(target.image, publishPatch({live: target.image, form, state: as, run: ''})) : {};
}

/** Images that are there are published by this run, not by a later one. */
export function wantsPublication(draft: Draft): boolean {
  const {publish: wanted, wait, acquire} = draft.input.policy;
  return wanted && wait && acquire;
}
