import {ImgmgrError, isRetryable} from '../../errors.ts';
import {absentWhenUnknown} from '../answers.ts';
import type {CinderApi} from '../cinder/api.ts';
import type {NeutronApi} from '../neutron/api.ts';
import type {NovaApi} from '../nova/api.ts';
import {poll} from './pace.ts';
import type {Pace} from './pace.ts';

/** What removals work with. */
export interface RemovalParts {
  readonly nova: NovaApi;
  readonly neutron: NeutronApi;
  readonly cinder: CinderApi;
  readonly pace: Pace;
  /** How long one thing may take to go, milliseconds. */
  readonly patienceMs: number;
}

/** Ids of what was made for one test; what is undefined was not made. */
export interface Made {
  readonly server?: string;
  readonly port?: string;
  readonly volume?: string;
  readonly securityGroup?: string;
}

/** How long Nova may work on a delete before it is asked once more. */
const ASK_AGAIN_MS = 60_000;

/**
 * Server first; once it is gone the port, then volume and group, each of which is tried even if another one stays. Throws the first
 * failure; whatever stays carries its stamp.
 */
export async function removeMade(parts: RemovalParts, made: Made): Promise<void> {
  if (made.server !== undefined) await removeServer(parts, made.server);
  const failures: unknown[] = [];
  for (const [id, remove] of [
    [made.port, removePort],
    [made.volume, removeVolume],
    [made.securityGroup, removeGroup],
  ] as const)
    if (id !== undefined) await remove(parts, id).catch((error: unknown) => failures.push(error));
  if (failures.length > 0) throw failures[0];
}

/**
 * Returns when Nova does not know it any more. A server that is only marked as deleted is deleted by force; one that stays without
 * any task, as after a failed delete, is deleted again.
 * https://opendev.org/openstack/nova/src/branch/stable/zed/nova/compute/api.py (_delete, soft_delete, force_delete)
 */
export async function removeServer(parts: RemovalParts, id: string): Promise<void> {
  const {nova, pace} = parts;
  let askedMs: number | undefined;
  await untilGone(parts, {what: 'server', id}, async () => {
    const server = await nova.server(id);
    if (server === undefined || server.status === 'DELETED') return true;
    const isIdle = (server['OS-EXT-STS:task_state'] ?? null) === null;
    if (server.status === 'SOFT_DELETED') await absentWhenUnknown(nova.forceDelete(id));
    else if (askedMs === undefined || (isIdle && pace.monotonic() - askedMs > ASK_AGAIN_MS)) {
      await absentWhenUnknown(nova.delete(id));
      askedMs = pace.monotonic();
    }
    return false;
  });
}

/** CONFLICT is waited out: Neutron may not have heard yet that the server is gone. */
export async function removePort(parts: RemovalParts, id: string): Promise<void> {
  await untilGone(parts, {what: 'port', id}, () => goneAfter(parts.neutron.deletePort(id)));
}

/** CONFLICT is waited out: the port has it until it is gone itself. */
export async function removeGroup(parts: RemovalParts, id: string): Promise<void> {
  await untilGone(parts, {what: 'security group', id}, () => goneAfter(parts.neutron.deleteGroup(id)));
}

/** Returns when Cinder does not know it any more; 400 is waited out, which it answers until the server has let go of it. */
export async function removeVolume(parts: RemovalParts, id: string): Promise<void> {
  const {cinder} = parts;
  let asked = false;
  await untilGone(parts, {what: 'volume', id}, async () => {
    const volume = await cinder.volume(id);
    if (volume === undefined) return true;
    if (volume.status === 'deleting') return false;
    if (asked && volume.status === 'error_deleting')
      return new ImgmgrError('CLOUD_REFUSED', `volume ${id} could not be deleted (error_deleting)`, {
        hint: `ask the operators of the block storage: openstack volume delete --force ${id}`,
      });
    await absentWhenUnknown(cinder.delete(id));
    asked = true;
    return false;
  });
}

/** Returns when Cinder does not know it any more; 400 is waited out, which it answers as long as a volume is made of it. */
export async function removeSnapshot(parts: RemovalParts, id: string): Promise<void> {
  const {cinder} = parts;
  await untilGone(parts, {what: 'volume snapshot', id}, async () => {
    const snapshot = await cinder.snapshot(id);
    if (snapshot === undefined) return true;
    if (snapshot.status !== 'deleting') await absentWhenUnknown(cinder.deleteSnapshot(id));
    return false;
  });
}

async function goneAfter(deletion: Promise<void>): Promise<true> {
  await absentWhenUnknown(deletion);
  return true;
}

// A step returns whether the thing is gone, or the error that no further step can help with.
async function untilGone(
  parts: RemovalParts,
  {what, id}: {what: string; id: string},
  step: () => Promise<boolean | ImgmgrError>,
): Promise<void> {
  let last: ImgmgrError | undefined;
  const gone = await poll({pace: parts.pace, forMs: parts.patienceMs}, async () => {
    try {
      const answer = await step();
      return answer === false ? undefined : answer;
    } catch (error) {
      if (!isPassing(error)) throw error;
      last = error;
      return undefined;
    }
  });
  if (gone === true) return;
  if (gone !== undefined) throw gone;
  const command = `openstack ${what} delete ${id}`;
  throw new ImgmgrError(
    'TIMEOUT',
    `${what} ${id} did not go within ${Math.round(parts.patienceMs / 1000)} s${last === undefined ? '' : `: ${last.message}`}`,
    {
      hint: `a later run removes it once it has expired; by hand: ${command}`,
      ...(last?.place !== undefined && {place: last.place}),
      cause: last,
    },
  );
}

function isPassing(error: unknown): error is ImgmgrError {
  return (
    error instanceof ImgmgrError && (isRetryable(error.code) || ['CONFLICT', 'CLOUD_REFUSED'].includes(error.code))
  );
}
