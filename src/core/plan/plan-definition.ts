import {REVOKED_PROPERTY, readRevocation} from '../image/revocation.ts';
import {changesOf} from '../image/patch.ts';
import type {DefinitionPlan, PlanInput} from './plan.ts';
import {planAdoption} from './adopt.ts';
import {findChangedDigest, findForeign} from './conflicts.ts';
import {Draft, about} from './draft.ts';
import {decideImport} from './import.ts';
import {keepNewerLatest} from './latest.ts';
import {isBusy, planLeftovers} from './leftovers.ts';
import {keepNewestCandidate} from './newest-candidate.ts';
import {planRelease} from './releases.ts';
import {closeUnfinishedSwap} from './retire.ts';
import {planSuperseded} from './superseded.ts';

/**
 * Plans one definition: pure, so that `dry-run` and `manage` cannot differ. The order of the actions is the order of the
 * laws: leftovers, an unfinished swap, new images, publication and retirement back to back, drift, hiding, deleting.
 */
export function planDefinition(given: PlanInput): DefinitionPlan {
  const {input, warnings} = keepNewerLatest(given.hold ? withoutPublication(given) : given);
  const draft = new Draft(input);
  for (const warning of warnings) draft.warn(warning);
  const decision = decideImport(draft);
  if (decision.kind === 'refused') return draft.result([], decision.error);
  if (decision.kind === 'done') return draft.result([]);
  if (input.revocation) for (const {step, summary} of input.revocation.first) draft.add(step, summary);
  else {
    const changed = findChangedDigest(draft);
    if (changed) return draft.result([], changed);
    if (isBusy(draft)) return {...draft.result([]), busy: true};
    planLeftovers(draft);
  }
  if (input.policy.adopt) {
    adopt(draft);
    draft.chooseAgain();
    const contradiction = findChangedDigest(draft);
    if (contradiction) return draft.result([], contradiction);
  }
  const foreign = findForeign(draft);
  if (foreign) return draft.result([], foreign);
  if (draft.sorted.length === 0 && !input.revocation) return draft.result([]);
  closeUnfinishedSwap(draft);
  for (const release of draft.sorted) planRelease(draft, release);
  keepNewestCandidate(draft);
  const deletable = planSuperseded(draft);
  warnOfRevoked(draft);
  return draft.result(deletable);
}

/** What is revoked and stays in its place, and marks that cannot be read. */
function warnOfRevoked(draft: Draft): void {
  for (const {image, stamp} of draft.images) {
    const mark = readRevocation(image);
    if (mark.kind === 'unreadable')
      draft.warn({
        code: 'revoked-unreadable',
        image: image.id,
        message: `${REVOKED_PROPERTY} of image ${image.id} (${stamp.version}) is "${mark.text}", which imgmgr did not write: the image counts as revoked`,
        hint: `lift it with rollback --undo, or take the property off: openstack image unset --property ${REVOKED_PROPERTY} ${image.id}`,
      });
  }
  if (!draft.definition.multi) return;
  for (const own of draft.images)
    if (own.stamp.state === 'current' && draft.revoked.image(own))
      draft.warn({
        code: 'revoked-current',
        image: own.image.id,
        message: `${draft.definition.name} ${own.stamp.version} (image ${own.image.id}) is revoked and still bears the name: no other version can take its place`,
        hint: 'list a newer version, or take the image away with rollback --pull',
      });
}

/** Candidates of a held definition are made as with `--no-publish`. */
function withoutPublication(input: PlanInput): PlanInput {
  return {...input, policy: {...input.policy, publish: false}};
}

function adopt(draft: Draft): void {
  for (const {own, patch, before} of planAdoption({
    ...draft.input,
    sorted: draft.sorted,
    context: (release) => draft.context(release),
  })) {
    const reason = 'unstamped image of our project that fits the definition (--adopt)';
    draft.add(
      {kind: 'adopt', image: before, patch, counts: 'updated'},
      {...about({...own, image: before}), reason, ...changesOf(before, patch)},
    );
    draft.images.push(own);
    draft.taken.add(own.image.name ?? '');
  }
}
