import {actionEmit} from '../../core/events.ts';
import {sweepServers} from '../verification/sweep-servers.ts';
import type {CloudRun} from '../types.ts';
import type {CloudPlan, View} from './observe.ts';

/** Where a dead run left a lease or a candidate, it may have left servers; where not, nobody is asked. */
export async function sweepDeadServers(
  run: CloudRun,
  {plan, view}: {readonly plan: CloudPlan; readonly view: View},
): Promise<void> {
  const removals = [...plan.leftovers, ...plan.definitions.flatMap((one) => one.actions)].filter(
    (action) => action.kind === 'remove' || action.kind === 'resume',
  );
  if (removals.length === 0) return;
  const {ports, verification, runtime, emit} = run;
  const deadRuns = new Set(removals.map(({image}) => image.properties['imgmgr_run'] ?? ''));
  const live = view.leases.map(({holder}) => holder.run).filter((id) => !deadRuns.has(id));
  const hosts = new Set([ports.tests, ...(verification?.elsewhere ? [verification.elsewhere.tests] : [])]);
  for (const tests of hosts) {
    if ((await tests.ability({readsOnly: true})).kind !== 'able') continue;
    const sweep = {cloud: ports.store.cloud, tests, run: run.run, runtime, emit, now: ports.store.now()};
    await sweepServers({...sweep, deadRuns, liveRuns: new Set(live)});
  }
}

/** Removes what dead runs left, each action told as any other. */
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
