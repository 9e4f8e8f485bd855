import {expect, it} from 'vitest';
import type {Kill, Rehearsal} from './every-write.ts';
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
  rehearse,
} from './every-write.ts';
import {watchLaws} from './laws.ts';
import {runHere} from './place.ts';
import {OTHER_BYTES} from './scenarios-refusals.ts';

it('R2: other bytes under the name and version of a killed import: taken while it was not complete, else refused, and then it can be completed', async () => {
  const rehearsal = await rehearse(OTHER_BYTES.scenario);
  const {argv, place} = rehearsal;
  try {
    const other = await argvOf(place, rehearsal.scenario, '', OTHER_BYTES.other);
    const seen = new Set<string>();
    const faults = await inTurns(killsOf(rehearsal), (kill) => meet(rehearsal, kill, {argv, other, seen}));
    expect(faults.flat()).toEqual([]);
    // Both happened, so both were tried.
    expect([...seen].sort()).toEqual(['refused', 'taken']);
  } finally {
    await place.close();
  }
});

interface Meeting {
  readonly argv: readonly string[];
  readonly other: readonly string[];
  readonly seen: Set<string>;
}

/** Kills the import, runs that of the other bytes, then the first one again; gives what is not as it should be. */
async function meet(rehearsal: Rehearsal, kill: Kill, {argv, other, seen}: Meeting): Promise<string[]> {
  const cloud = await cloudFor(rehearsal.scenario, rehearsal.start);
  const laws = watchLaws(cloud, bookOf(rehearsal.scenario));
  const faults = await killOnce(rehearsal, cloud, kill);
  const run = async (command: readonly string[]): Promise<string> => {
    const {code, text} = await runHere(cloud, command);
    await atRest(cloud);
    if (code === 0) return 'taken';
    return code === 1 && text.includes('"code":"DIGEST_CHANGED"') ? 'refused' : `exit ${code}: ${text.slice(-600)}`;
  };
  const outcome = await run(other);
  seen.add(outcome);
  const again = await run(argv);
  const expected = outcome === 'refused' ? 'taken' : 'refused';
  if (again !== expected) faults.push(`the other bytes: ${outcome}; the same ones again: ${again}`);
  const images = endState(cloud);
  if (images.length !== 1) faults.push(`${images.length} images are there`);
  if (outcome === 'refused' && JSON.stringify(images) !== JSON.stringify(rehearsal.end))
    faults.push(`the end is another one: ${JSON.stringify(images)}`);
  faults.push(...new Set(laws.broken));
  await cloud.close();
  return faults.map((fault) => `${describeKill(rehearsal, kill)}: ${fault}`);
}
