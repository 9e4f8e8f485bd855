import {setTimeout as sleep} from 'node:timers/promises';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import type {FakeCloud} from '../fakes/fake-cloud.ts';
import {bookOf, cloudFor, disturbedWrites, endState, inTurns, rehearse, runAgain} from './every-write.ts';
import type {Rehearsal} from './every-write.ts';
import {watchLaws} from './laws.ts';
import {cloudWith, runAsProcess} from './place.ts';
import {DEEP_VERIFICATIONS} from './scenarios-records.ts';
import {CHANGES, ROTATION, WAYS_TO_IMPORT} from './scenarios.ts';

/** What is there besides published images. */
function leftOn(cloud: FakeCloud): string[] {
  return cloud
    .views()
    .filter((view) => !['current', 'retired'].includes(String(view['imgmgr_state'])))
    .map((view) => `${String(view['name'])} (${String(view['imgmgr_state'])}, ${String(view['status'])})`);
}

const FULL = process.env['FULL'] === '1';
const END_SIGNALS = [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const;

describe.each([
  ROTATION,
  ...WAYS_TO_IMPORT.slice(0, 3),
  ...CHANGES.filter(({what}) => what.startsWith('a new image')),
  ...DEEP_VERIFICATIONS.filter(({writes}) => writes?.length === 2),
])('a signal during $what', (scenario) => {
  let rehearsal: Rehearsal;
  beforeAll(async () => {
    rehearsal = await rehearse(scenario);
  });
  afterAll(async () => rehearsal.place.close());

  // Both are one to imgmgr until it names its exit code, so the rotation gets both, and with FULL=1 all scenarios.
  const sent = END_SIGNALS.filter(([signal]) => FULL || scenario === ROTATION || signal === 'SIGTERM');
  it.each(sent)('%s at any write ends with %i, leaves nothing at once, and breaks no law', async (signal, code) => {
    const faults = await inTurns(disturbedWrites(rehearsal), async (number) => {
      const cloud = await cloudFor(scenario, rehearsal.start);
      const laws = watchLaws(cloud, bookOf(scenario));
      const child = runAsProcess(cloud, rehearsal.argv);
      cloud.interceptWrites({
        arrived: async (write) => {
          if (write.number !== number) return undefined;
          child.kill(signal);
          // The process is to know of it before it is answered.
          await sleep(50);
          return undefined;
        },
      });
      const {exitCode} = await child;
      const found = [
        ...(exitCode === code ? [] : [`it ended with ${exitCode ?? '?'}`]),
        ...leftOn(cloud).map((left) => `it left ${left}`),
        ...(cloud.views().filter((view) => view['imgmgr_state'] === 'current').length <= 1 ? [] : ['two are current']),
        ...(await runAgain(rehearsal, cloud)),
        ...new Set(laws.broken),
      ];
      await cloud.close();
      return found.map((fault) => `${signal} at write ${number} (${rehearsal.writes[number - 1] ?? ''}): ${fault}`);
    });
    expect(faults.flat()).toEqual([]);
  });
});

it('a second Ctrl-C ends the process at once, and the next run clears up', async () => {
  const rehearsal = await rehearse(ROTATION);
  const cloud = await cloudWith(rehearsal.start);
  const child = runAsProcess(cloud, rehearsal.argv);
  const stop = cloud.interceptWrites({
    arrived: async ({number, method}) => {
      if (number === 4) child.kill('SIGINT');
      // The cleanup gets no answer for as long as it lives.
      if (method === 'DELETE') {
        child.kill('SIGINT');
        await child;
        return 'drop';
      }
      return 'pass';
    },
  });
  const {exitCode, stdout} = await child;
  stop();
  expect(exitCode).toBe(130);
  expect(stdout).toMatch(/"type":"interrupted".*"again":true.*not published/);
  expect(leftOn(cloud).length).toBeGreaterThan(0);
  expect(await runAgain(rehearsal, cloud)).toEqual([]);
  expect(endState(cloud)).toEqual(rehearsal.end);
  await cloud.close();
  await rehearsal.place.close();
});
