import {describe, expect, it} from 'vitest';
import {
  argvOf,
  atRest,
  bookOf,
  cloudFor,
  describeKill,
  endState,
  inTurns,
  killOnce,
  killsOf,
  kindsOfWrites,
  rehearse,
} from './every-write.ts';
import type {Kill, Rehearsal} from './every-write.ts';
import {watchLaws} from './laws.ts';
import {runHere} from './place.ts';
import type {Scenario} from './scenarios.ts';
import {END, FIRST, LEASE, of, version} from './scenarios.ts';

const TWO = [...FIRST, {definitions: of([version('2')])}];
const NOW = of([version('2')]);
const rolling = (...flags: readonly string[]): Scenario['disturbed'] => ({
  command: 'rollback',
  definitions: NOW,
  flags: ['X', '--yes', '--no-verify', ...flags],
});
const BACK = rolling('--reason', 'no network');

const SCENARIOS: readonly Scenario[] = [
  {
    what: 'a rollback',
    before: TWO,
    disturbed: BACK,
    writes: [...LEASE, 'PATCH image', 'PATCH image', 'PATCH image', ...END],
  },
  {
    what: 'a rollback to an older version than the one before',
    before: [...TWO, {definitions: of([version('3')])}],
    disturbed: {...rolling('--reason', 'no network', '--to', '1'), definitions: of([version('3')])},
    writes: [...LEASE, 'PATCH image', 'PATCH image', 'PATCH image', 'PATCH image', ...END],
  },
  {
    what: 'a pull',
    before: TWO,
    disturbed: rolling('--reason', 'leaked key', '--pull'),
    names: [],
    writes: [...LEASE, 'PATCH image', 'POST actions/deactivate', ...END],
  },
  {
    what: 'the end of a revocation',
    before: [...TWO, BACK],
    disturbed: rolling('2', '--undo'),
    writes: [...LEASE, 'PATCH image', 'PATCH image', 'PATCH image', ...END],
  },
  {
    what: 'the end of a pull',
    before: [...TWO, rolling('--reason', 'leaked key', '--pull')],
    disturbed: rolling('2', '--undo'),
    names: [],
    writes: [...LEASE, 'POST actions/reactivate', 'PATCH image', 'PATCH image', ...END],
  },
];

/** What every host sees, without the moments of marks. */
function seen(images: readonly unknown[]): string {
  return JSON.stringify(images).replaceAll(/date=\S+/g, 'date=…');
}

describe('killed at every write, the next manage of any host ends as if nothing had happened, or not begun', () => {
  it.each(SCENARIOS.map((scenario) => [scenario.what, scenario] as const))(
    '%s',
    async (_what, scenario) => {
      const rehearsal = await rehearse(scenario);
      try {
        expect(rehearsal.writes).toEqual(scenario.writes);
        const kills = killsOf(rehearsal);
        expect(kills.length).toBeGreaterThan(2);
        const manage = await argvOf(rehearsal.place, scenario, 'manage.yml', {
          definitions: scenario.disturbed.definitions ?? NOW,
        });
        const faults = await inTurns(kills, (kill) => disturb(rehearsal, kill, manage));
        expect(faults.flat()).toEqual([]);
      } finally {
        await rehearsal.place.close();
      }
    },
    900_000,
  );
});

async function disturb(rehearsal: Rehearsal, kill: Kill, manage: readonly string[]): Promise<string[]> {
  const {scenario, start, end} = rehearsal;
  const cloud = await cloudFor(scenario, start);
  const before = seen(endState(cloud));
  const laws = watchLaws(cloud, bookOf(scenario));
  const faults = await killOnce(rehearsal, cloud, kill);
  const {code, text} = await runHere(cloud, manage);
  if (code !== 0) faults.push(`manage ended with ${code}: ${text.slice(-500)}`);
  await atRest(cloud);
  const after = seen(endState(cloud));
  const marks = (json: string): number => json.split('imgmgr_revoked":').length;
  // Until the last mark is written, or lifted, nothing has begun; marks of versions that are not current change nothing.
  const isBegun = after === seen(end);
  const isUntouched = after === before || (marks(after) > marks(before) && marks(after) < marks(seen(end)));
  if (!isBegun && !isUntouched) faults.push(`the end is another one: ${after.slice(0, 2_000)}`);
  const beforeMark = kill.number <= 1 || scenario.what.includes('older') || scenario.what.includes('end of a pull');
  if (!isBegun && !beforeMark && kill.moment === 'before the answer' && kill.number > 1)
    faults.push('what was begun was not finished');
  cloud.clearLog();
  const third = await runHere(cloud, manage);
  const writes = kindsOfWrites(cloud);
  if (third.code !== 0 || writes.length > 0)
    faults.push(`the next manage (exit ${third.code}) wrote ${writes.join(', ')}`);
  faults.push(...new Set(laws.broken));
  await cloud.close();
  return faults.map((fault) => `${describeKill(rehearsal, kill)}: ${fault}`);
}
