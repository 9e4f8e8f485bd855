import {expect, it} from 'vitest';
import {bookOf, inTurns, rehearse, runAgain} from './every-write.ts';
import {watchLaws} from './laws.ts';
import {cloudWith, runAsProcess} from './place.ts';
import {ROTATION, TWO_DEFINITIONS} from './scenarios.ts';

const KILLS = 15;
const SEED = 20_260_102;

/** Numbers from 0 to 1, the same ones every time. */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

it.each([ROTATION, TWO_DEFINITIONS])(
  'killed at any time between two writes, bytes on their way included: $what',
  async (scenario) => {
    const next = chance(SEED);
    const rehearsal = await rehearse(scenario);
    const points = Array.from({length: KILLS}, () => ({
      after: Math.floor(next() * rehearsal.writes.length),
      ms: Math.floor(next() * 300),
    }));
    const faults = await inTurns(points, async ({after, ms}) => {
      const cloud = await cloudWith(rehearsal.start, {importDelayMs: 30});
      rehearsal.place.upstream.misbehave('slow', {delayMs: 20});
      const laws = watchLaws(cloud, bookOf(scenario));
      const child = runAsProcess(cloud, rehearsal.argv);
      const kill = (): void => void setTimeout(() => child.kill('SIGKILL'), ms);
      if (after === 0) kill();
      cloud.interceptWrites({
        answered: ({number}) => {
          if (number === after) kill();
          return undefined;
        },
      });
      await child;
      const found = [...(await runAgain(rehearsal, cloud)), ...new Set(laws.broken)];
      await cloud.close();
      return found.map((fault) => `killed ${ms} ms after write ${after}: ${fault}`);
    });
    expect(faults.flat()).toEqual([]);
    await rehearsal.place.close();
  },
);
