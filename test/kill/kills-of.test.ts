import {describe, expect, it} from 'vitest';
import {disturbedWrites, killsOf} from './every-write.ts';
import {ROTATION} from './scenarios.ts';

const WRITES = ['POST lease', 'POST image', 'PATCH image', 'DELETE lease'];

function kills(scenario: typeof ROTATION, full: boolean): string[] {
  return killsOf({writes: WRITES, scenario}, full).map(({number, moment}) => `${number} ${moment}`);
}

describe('where a scenario is killed', () => {
  it('with FULL=1: at each moment of each write', () => {
    expect(kills({...ROTATION, killedAtLeases: undefined}, true)).toHaveLength(3 * WRITES.length);
  });

  it('otherwise: once for each state of the cloud, leases left out', () => {
    expect(kills({...ROTATION, killedAtLeases: undefined}, false)).toEqual([
      '2 before it is sent',
      '2 before the answer',
      '3 before the answer',
    ]);
  });

  it('otherwise, where leases count: at these, too, and after the last answer', () => {
    expect(kills({...ROTATION, killedAtLeases: true}, false)).toEqual([
      ...[1, 2, 3, 4].flatMap((number) => [`${number} before it is sent`, `${number} before the answer`]),
      '4 after the answer',
    ]);
  });

  it('signals are sent at the same writes', () => {
    const at = (killedAtLeases: true | undefined, full: boolean): number[] =>
      disturbedWrites({writes: WRITES, scenario: {...ROTATION, killedAtLeases}}, full);
    expect([at(undefined, false), at(true, false), at(undefined, true)]).toEqual([
      [2, 3],
      [1, 2, 3, 4],
      [1, 2, 3, 4],
    ]);
  });
});
