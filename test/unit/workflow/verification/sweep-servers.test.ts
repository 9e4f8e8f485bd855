import {expect, it} from 'vitest';
import type {ServerLeftover, TestServerHost} from '../../../../src/ports/test-server-host.ts';
import {sweepServers} from '../../../../src/workflow/verification/sweep-servers.ts';
import {VirtualClock, runtime} from '../memory-store.ts';

const NOW = new Date('2026-01-01T00:00:00Z');
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
