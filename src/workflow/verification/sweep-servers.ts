import type {ServerLeftover, TestServerHost} from '../../ports/test-server-host.ts';
import type {Emit} from '../../core/events.ts';
import {notRemoved} from '../../core/warnings.ts';
import {asImgmgrError} from '../../errors.ts';
import type {HostIdentity, Runtime} from '../types.ts';

/** What a sweep works with. */
export interface Sweep {
  readonly cloud: string;
  readonly tests: TestServerHost;
  readonly run: string;
  /** Runs whose leases are alive. */
  readonly liveRuns: ReadonlySet<string>;
  /** Runs that are known to be dead: their leases or candidates were found. */
  readonly deadRuns: ReadonlySet<string>;
  readonly now: Date;
  readonly runtime: Runtime;
  readonly emit: Emit;
}

/** Servers before what hangs on them. */
const ORDER: readonly ServerLeftover['kind'][] = ['server', 'port', 'volume', 'security-group'];

/** Removes the servers, ports, volumes and security groups of dead runs; what cannot be removed is reported and left to the next run. */
export async function sweepServers(sweep: Sweep): Promise<void> {
  const {tests, emit, cloud} = sweep;
  const found = await tests.leftovers();
  const dead = found.filter((leftover) => isDead(leftover, sweep));
  for (const leftover of dead.sort((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind))) {
    const what = `${leftover.kind} ${leftover.name} (${leftover.id}) of run ${leftover.stamp.run}`;
    try {
      await tests.removeLeftover(leftover);
      emit({type: 'decision', cloud, message: `removed the leftover ${what}, which is dead`});
    } catch (error) {
      emit({
        type: 'warning',
        cloud,
        ...notRemoved({
          what: `the leftover ${what}`,
          reason: asImgmgrError(error).message,
          hint: `the next run tries again; by hand: openstack ${leftover.kind.replace('-', ' ')} delete ${leftover.id}`,
        }),
      });
    }
  }
}

/** Who holds what carries a stamp: host, boot, process and its start. */
export function holderText({hostName, bootId, pid, startTime}: HostIdentity): string {
  return [hostName, bootId, pid, startTime].map(encodeURIComponent).join(' ');
}

/** Whose run is over, as leases, expiry and this host show it. */
export function isDead(
  {stamp}: Pick<ServerLeftover, 'stamp'>,
  sweep: Omit<Sweep, 'tests' | 'cloud' | 'emit'>,
): boolean {
  if (stamp.run === sweep.run || sweep.liveRuns.has(stamp.run)) return false;
  if (sweep.deadRuns.has(stamp.run)) return true;
  const expiresMs = Date.parse(stamp.expires);
  if (Number.isNaN(expiresMs) || expiresMs < sweep.now.getTime()) return true;
  return isDeadHere(stamp, sweep.runtime);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** It was on this host and is over. */
function isDeadHere({run, holder}: ServerLeftover['stamp'], runtime: Runtime): boolean {
  const [hostName, bootId, pid, startTime] = holder.split(' ').map(decoded);
  if (hostName !== runtime.host.hostName || bootId === undefined || startTime === undefined) return false;
  // Another boot may be another host with the same name, as containers and clones have; its expiry decides.
  if (bootId !== runtime.host.bootId) return false;
  return !runtime.runAlive({run, bootId, pid: Number(pid), startTime});
}
