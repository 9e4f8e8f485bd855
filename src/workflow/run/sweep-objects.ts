import type {ObjectLeftover} from '../../ports/cloud-object.ts';
import type {Action} from '../../core/plan/plan.ts';
import {originOf} from '../../core/object-reference.ts';
import {MANAGED_TAG} from '../../core/image/stamp.ts';
import {readLeases} from '../../core/lease.ts';
import {notRemoved} from '../../core/warnings.ts';
import {asImgmgrError} from '../../errors.ts';
import {isLeaseAlive} from '../lease/lease-keeper.ts';
import type {CloudRun} from '../types.ts';
import {isDead} from '../verification/sweep-servers.ts';

/** True where a service makes an intermediate image on the way. */
export function makesIntermediate(action: Action): boolean {
  if (action.kind !== 'acquire') return false;
  const origin = originOf(action.release.listed?.url ?? '');
  return origin.kind === 'object' && origin.object.kind !== 'image';
}

/**
 * Removes what dead runs left on the way from a volume or a server to an image. A run has its lease before it makes anything, so the
 * leases are listed after what they stand for: what an image's name says, without an expiry, is dead once no lease has its run.
 */
export async function sweepObjects(run: CloudRun, deadRuns: ReadonlySet<string>): Promise<void> {
  const {ports, runtime, emit} = run;
  const {store, objects} = ports;
  const found = (await objects?.leftovers()) ?? [];
  if (!objects || found.length === 0) return;
  const {projectId} = await store.account();
  const now = store.now();
  const leases = readLeases(await store.listTagged(MANAGED_TAG), projectId);
  const liveRuns = new Set(leases.filter((lease) => isLeaseAlive(lease, now, runtime)).map(({holder}) => holder.run));
  const isOver = ({run: id, kind, stamp}: ObjectLeftover): boolean => {
    if (id === run.run || liveRuns.has(id)) return false;
    return (
      kind === 'image' || (stamp !== undefined && isDead({stamp}, {run: run.run, liveRuns, deadRuns, now, runtime}))
    );
  };
  for (const leftover of found.filter(isOver)) {
    const {kind, id, name} = leftover;
    const what = `${kind.replace('-', ' ')} ${name} (${id}) of run ${leftover.run}`;
    try {
      await objects.removeLeftover(leftover);
      emit({type: 'decision', cloud: store.cloud, message: `removed the leftover ${what}, which is dead`});
    } catch (error) {
      const hint = `the next import of a volume or a server tries again; by hand: openstack ${kind.replace('-', ' ')} delete ${id}`;
      emit({
        type: 'warning',
        cloud: store.cloud,
        ...notRemoved({what: `the leftover ${what}`, reason: asImgmgrError(error).message, hint}),
      });
    }
  }
}
