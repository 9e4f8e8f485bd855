import type {OwnImage, Release} from '../release/release.ts';
import {isOfRelease} from '../release/find-image.ts';
import {demandedId} from '../release/release.ts';
import type {Draft} from './draft.ts';
import {about} from './draft.ts';

/** True when a living run works on the definition: there is nothing that could be planned honestly. */
export function isBusy(draft: Draft): boolean {
  const busy = draft.images.find(({stamp}) => stamp.state === 'importing' && draft.input.liveRuns.has(stamp.run));
  if (busy) draft.decide(`run ${busy.stamp.run} is working on it (image ${busy.image.id})`);
  return busy !== undefined;
}

/** Removes half-made images of dead runs, except those that can be gone on with, and candidates that nobody lists any more. */
export function planLeftovers(draft: Draft): void {
  const goneOn = new Set<Release>();
  for (const own of draft.images.filter(({stamp}) => stamp.state === 'importing')) {
    const release = draft.sorted.find((listed) => isOfRelease(own, listed));
    if (release && !goneOn.has(release) && isOpen(draft, release) && canGoOn(own, release)) goneOn.add(release);
    // Glance never hands an id out again, so a record with a demanded id is kept for the next try.
    else if (release?.listed?.id !== own.image.id)
      remove(draft, own, `half-made by run ${own.stamp.run}, which is dead`);
  }
  if (draft.sorted.length === 0) return;
  for (const own of draft.images.filter(({stamp}) => stamp.state === 'ready' || stamp.state === 'pending')) {
    const release = draft.sorted.find((listed) => isOfRelease(own, listed));
    // The command line lists one version; that says nothing about others that were imported with --no-publish.
    if (!release && draft.input.adHoc && !draft.sorted.some(({version}) => version === own.stamp.version)) continue;
    // What came from the command line during a hold waits for its end.
    if (!release && draft.input.hold && own.stamp.adHoc) continue;
    if (!release) remove(draft, own, 'was never published and is no longer listed');
    else if (draft.revoked.release(release)) {
      if (demandedId(release) !== own.image.id) remove(draft, own, 'was never published, and its version is revoked');
    } else if (isStalled(own) && demandedId(release) !== own.image.id)
      remove(draft, own, `was to be left to the cloud by run ${own.stamp.run}, but nothing imports it`);
  }
}

/** An image that `--no-wait` left to the cloud, but the cloud was never asked, or has given up. */
export function isStalled({image, stamp}: OwnImage): boolean {
  return (
    stamp.state === 'pending' && image.status === 'queued' && image.properties['os_glance_import_task'] === undefined
  );
}

/** The release still waits for its image; commands that acquire nothing leave it to the next `manage`. */
function isOpen(draft: Draft, release: Release): boolean {
  if (draft.revoked.release(release)) return false;
  return (draft.isAcquired(release) || !draft.input.policy.acquire) && !draft.published(release);
}

/** A dead run's image whose bytes are complete and proven by Glance's own hash, or that nobody demanded a digest for. */
function canGoOn({image}: OwnImage, release: Release): boolean {
  const {digest} = release;
  if (demandedId(release) === image.id) return true;
  if (image.status !== 'active' && image.status !== 'deactivated') return false;
  return digest === undefined || (image.osHashAlgo === digest.algorithm && image.osHashValue === digest.hex);
}

function remove(draft: Draft, own: OwnImage, reason: string): void {
  draft.add({kind: 'remove', image: own.image}, {...about(own), reason});
  draft.forget(own);
}
