import {expect, it} from 'vitest';
import type {ServerLeftover, TestServerHost} from '../../../../src/ports/test-server-host.ts';
import {sweepServers} from '../../../../src/workflow/verification/sweep-servers.ts';
import type {Image} from '../../../../src/core/image/image.ts';
import {newLease} from '../../../../src/core/lease.ts';
import type {Action} from '../../../../src/core/plan/plan.ts';
import {sweepDeadServers} from '../../../../src/workflow/run/leftovers.ts';
import type {CloudPlan} from '../../../../src/workflow/run/observe.ts';
import {viewOf} from '../../../../src/workflow/run/observe.ts';
import type {CloudRun} from '../../../../src/workflow/types.ts';
import {created} from '../../core/live-image.ts';
import {MemoryStore, VirtualClock, runtime} from '../memory-store.ts';

const NOW = new Date('2026-01-01T00:00:00Z');
const HOLDER = {hostName: 'other', bootId: 'boot-9', pid: 1, startTime: '1'};
const LATER = '2026-01-01T01:00:00Z';

/** Ids that a sweep on host `host-boot-1`, where only process 7 runs, removes. */
async function removed(stamp: {readonly holder: string; readonly expires: string}): Promise<string[]> {
  const gone: string[] = [];
  const left: ServerLeftover = {kind: 'server', id: 'x', name: 'imgmgr-x', stamp: {run: 'a', image: 'i', ...stamp}};
  const tests: Pick<TestServerHost, 'leftovers' | 'removeLeftover'> = {
    leftovers: () => Promise.resolve([left]),
    removeLeftover: ({id}) => Promise.resolve(void gone.push(id)),
  };
  await sweepServers({
    cloud: 'c',
    tests: tests as TestServerHost,
    run: 'own',
    liveRuns: new Set(),
    deadRuns: new Set(),
    now: NOW,
    runtime: runtime(new VirtualClock(), 1, new Set([7])),
    emit: () => undefined,
  });
  return gone;
}

it.each([
  ['of a living process of this boot stays', 'host-boot-1 boot-1 7 1', LATER, []],
  ['of a dead process of this boot goes at once', 'host-boot-1 boot-1 8 1', LATER, ['x']],
  ['of another boot stays until it expires, since another host may have the name', 'host-boot-1 boot-2 8 1', LATER, []],
  ['of another boot goes when it has expired', 'host-boot-1 boot-2 8 1', '2025-12-31T23:59:59Z', ['x']],
])('S7: a server %s', async (_, holder, expires, expected) => {
  expect(await removed({holder, expires})).toEqual(expected);
});

/** Runs whose servers are swept as dead when the plan removes a candidate of run `r`, whose lease is alive or planned to go. */
async function deadWith(lease: 'alive' | 'dead'): Promise<string[]> {
  const image = created(newLease({id: 'lease', holder: {...HOLDER, run: 'r'}, definitions: ['Y'], now: NOW}));
  const candidate = {...image, id: 'candidate', properties: {...image.properties, imgmgr_state: 'ready'}};
  const remove = (removed: Image): Action => ({
    ...{kind: 'remove', image: removed, id: `remove ${removed.id}`, dependsOn: []},
    summary: {kind: 'remove', definition: 'X', reason: 'not needed'},
  });
  const gone: string[] = [];
  const stamp = {run: 'r', image: 'i', holder: 'other boot-9 1 1', expires: LATER};
  const tests: Pick<TestServerHost, 'ability' | 'leftovers' | 'removeLeftover'> = {
    ability: () => Promise.resolve({kind: 'able'}),
    leftovers: () => Promise.resolve([{kind: 'server', id: 'x', name: 'imgmgr-x', stamp}]),
    removeLeftover: ({id}) => Promise.resolve(void gone.push(id)),
  };
  const ports = {store: new MemoryStore(new VirtualClock()), tests: tests as TestServerHost};
  const plan = {
    leftovers: lease === 'dead' ? [remove(image)] : [],
    definitions: [{actions: [remove(candidate)]}],
  } as unknown as CloudPlan;
  const run = {run: 'own', ports, runtime: runtime(new VirtualClock(), 1, new Set([7])), emit: () => undefined};
  await sweepDeadServers(run as unknown as CloudRun, {plan, view: viewOf([image], 'p', NOW)});
  return gone;
}

it('the servers of a run stay when a candidate of it is removed while it works on other definitions', async () => {
  expect(await deadWith('alive')).toEqual([]);
  expect(await deadWith('dead')).toEqual(['x']);
});
