import type {OwnImage} from '../release/release.ts';
import {isOfRelease} from '../release/find-image.ts';
import {demandedId} from '../release/release.ts';
import type {Draft} from './draft.ts';
import {about} from './draft.ts';
import type {Step} from './plan.ts';

/**
 * Of a held definition one candidate is kept: older ones go when the newest is there, or will be. An image of the command line stays: nobody
 * else has its bytes.
 */
export function keepNewestCandidate(draft: Draft): void {
  const {newest} = draft;
  const {hold, adHoc} = draft.input;
  if (!hold || adHoc || !newest) return;
  const isCandidate = ({stamp}: OwnImage): boolean => stamp.state === 'ready' || stamp.state === 'pending';
  const made = draft.actions.findLast(({kind, summary}) => MAKES.has(kind) && summary.version === newest.version);
  const isThere =
    draft.published(newest) !== undefined ||
    draft.images.some((own) => own.stamp.state === 'ready' && isOfRelease(own, newest));
  if (!made && !isThere) return;
  for (const own of draft.images.filter((other) => isCandidate(other) && !isOfRelease(other, newest))) {
    // Glance never hands an id out again.
    if (own.stamp.adHoc || draft.sorted.some((release) => demandedId(release) === own.image.id)) continue;
    draft.add(
      {kind: 'remove', image: own.image, ...(made && {replacedBy: made.id})},
      {...about(own), reason: `while the definition is held, only the newest candidate is kept (${newest.version})`},
    );
    draft.forget(own);
  }
}

const MAKES: ReadonlySet<Step['kind']> = new Set(['acquire', 'resume', 'verify']);
