import {actionEmit} from '../../core/events.ts';
import {MANAGED_TAG} from '../../core/image/stamp.ts';
import {readLeases} from '../../core/lease.ts';
import {isLeaseAlive} from '../lease/lease-keeper.ts';
import type {CloudRun} from '../types.ts';
import type {Sweep} from '../verification/sweep-servers.ts';
import {sweepServers} from '../verification/sweep-servers.ts';
import type {VerificationParts} from '../verification/types.ts';
import type {CloudPlan, View} from './observe.ts';
import {makesIntermediate, sweepObjects} from './sweep-objects.ts';

/** Where a dead run left a lease or a candidate, it may have left servers and intermediates; where not, nobody is asked, except before new intermediates. */
export async function sweepDeadServers(
  run: CloudRun,
  {plan, view}: {readonly plan: CloudPlan; readonly view: View},
): Promise<void> {
  const actions = [...plan.leftovers, ...plan.definitions.flatMap((one) => one.actions)];
  const removals = actions.filter((action) => action.kind === 'remove' || action.kind === 'resume');
  const {ports, verification} = run;
  const deadLeases = new Set(plan.leftovers.map((action) => ('image' in action ? action.image.id : '')));
  const liveRuns = new Set(view.leases.filter(({image}) => !deadLeases.has(image.id)).map(({holder}) => holder.run));
  // A candidate that nobody needs can go while the run that made it works on other definitions.
  const runs = removals.map(({image}) => image.properties['imgmgr_run'] ?? '');
  const deadRuns = new Set(runs.filter((id) => !liveRuns.has(id)));
  if (removals.length > 0 || actions.some(makesIntermediate)) await sweepObjects(run, deadRuns);
  if (removals.length === 0) return;
  const hosts = new Set([ports.tests, ...(verification?.elsewhere ? [verification.elsewhere.tests] : [])]);
  for (const tests of hosts)
    if ((await tests.ability({readsOnly: true})).kind === 'able') await sweep(run, {tests, liveRuns, deadRuns});
}

/** The servers of dead runs, of any command, where `verify` is about to make its own; what is dead is seen by leases and stamps alone. */
export async function sweepBeforeVerify(run: CloudRun & {readonly verification: VerificationParts}): Promise<void> {
  const {ports, verification, runtime} = run;
  const {store} = ports;
  const {projectId} = await store.account();
  const now = store.now();
  const leases = readLeases(await store.listTagged(MANAGED_TAG), projectId);
  const liveRuns = new Set(leases.filter((lease) => isLeaseAlive(lease, now, runtime)).map(({holder}) => holder.run));
  const tests = verification.elsewhere?.tests ?? ports.tests;
  await sweep(run, {tests, liveRuns, deadRuns: new Set()});
}

async function sweep(
  {run, ports, runtime, emit}: CloudRun,
  where: Pick<Sweep, 'tests' | 'liveRuns' | 'deadRuns'>,
): Promise<void> {
  const {cloud} = ports.store;
  await sweepServers({...where, cloud, run, runtime, emit, now: ports.store.now()});
}

/** Removes what dead runs left, each action reported as any other. */
export async function removeLeftovers(run: CloudRun, plan: CloudPlan): Promise<void> {
  const {ports, runtime} = run;
  for (const action of plan.leftovers) {
    if (action.kind !== 'remove') continue;
    const emit = actionEmit(run.emit, action.id);
    const startMs = runtime.monotonic();
    emit({type: 'action-started', cloud: ports.store.cloud, action: action.summary});
    await ports.store.delete(action.image.id);
    emit({
      type: 'action-done',
      cloud: ports.store.cloud,
      action: action.summary,
      image: action.image.id,
      ms: runtime.monotonic() - startMs,
    });
  }
}
