import {describe, expect, it} from 'vitest';
import {TransferProgress} from '../../../../src/core/phase/transfer-progress.ts';
import type {Measured, Seen} from '../../../../src/core/phase/transfer-progress.ts';

const MIB = 1024 ** 2;

function measured(seen: readonly Seen[]): readonly Measured[] {
  const progress = new TransferProgress();
  return seen.map((one) => progress.see(one));
}

function percents(seen: readonly Seen[]): readonly number[] {
  return measured(seen).map(({percent}) => percent);
}

function expectSound(all: readonly Measured[]): void {
  const numbers = all.map(({percent}) => percent);
  expect(numbers.every((percent, index) => percent >= (numbers[index - 1] ?? 0))).toBe(true);
  expect(numbers.every((percent) => percent >= 0 && percent < 100)).toBe(true);
  const speeds = all.flatMap(({averageBps, currentBps}) => [averageBps ?? 0, currentBps ?? 0]);
  expect(speeds.every((speed) => Number.isSafeInteger(speed) && speed >= 0)).toBe(true);
}

describe('TransferProgress', () => {
  it('has one scale for all stages of an image, and is below 100 at the end of the last', () => {
    const at = (stage: Seen['stage'], share: number, nowMs: number): Seen => ({
      ...{stage, nowMs},
      ...{bytes: share * MIB, total: MIB},
    });
    expect(
      percents([
        ...[at('fetching', 0, 0), at('fetching', 0.5, 1), at('fetching', 1, 2)],
        ...[at('converting', 0.5, 3), at('converting', 1, 4), at('uploading', 0.5, 5), at('uploading', 1, 6)],
        ...[at('importing', 0.5, 7), at('importing', 1, 8)],
      ]),
    ).toEqual([0, 20, 40, 47.5, 55, 72.5, 90, 94.9, 99.9]);
  });

  it('a transfer that begins anew after a cut does not fall, and goes on where it was', () => {
    const at = (bytes: number, nowMs: number): Seen => ({stage: 'uploading', bytes, total: 100, nowMs});
    expect(percents([at(0, 0), at(80, 1000), at(0, 2000), at(40, 3000), at(90, 4000)])).toEqual([0, 72, 72, 72, 81]);
  });

  it('another way, whose earlier stage begins again, does not fall either', () => {
    const all = measured([
      {stage: 'importing', bytes: 90, total: 100, nowMs: 0},
      {stage: 'fetching', bytes: 0, total: 100, nowMs: 1000},
      {stage: 'fetching', bytes: 100, total: 100, nowMs: 2000},
      {stage: 'uploading', bytes: 100, total: 100, nowMs: 3000},
      {stage: 'importing', bytes: 100, total: 100, nowMs: 4000},
    ]);
    expectSound(all);
    expect(all.map(({percent}) => percent)).toEqual([89.9, 89.9, 89.9, 90, 99.9]);
  });

  it('what was there before a resumed download counts as progress, and not as speed', () => {
    expect(
      measured([
        {stage: 'fetching', bytes: 80 * MIB, total: 100 * MIB, nowMs: 0},
        {stage: 'fetching', bytes: 90 * MIB, total: 100 * MIB, nowMs: 10_000},
      ]),
    ).toEqual([{percent: 32}, {percent: 36, averageBps: MIB, currentBps: MIB}]);
  });

  it('current speed is of the last ten seconds, the average of the whole stage', () => {
    const all = measured([
      {stage: 'uploading', bytes: 0, nowMs: 0},
      {stage: 'uploading', bytes: 100 * MIB, nowMs: 10_000},
      {stage: 'uploading', bytes: 100 * MIB, nowMs: 15_000},
      {stage: 'uploading', bytes: 100 * MIB, nowMs: 20_001},
    ]);
    expect(all.at(-1)).toEqual({percent: 0, averageBps: Math.round((100 * MIB * 1000) / 20_001), currentBps: 0});
  });

  it('with an unknown size it stays where it was, and the speeds are known', () => {
    expect(
      measured([
        {stage: 'fetching', bytes: 0, nowMs: 0},
        {stage: 'fetching', bytes: 500, nowMs: 1000},
        {stage: 'uploading', nowMs: 2000},
      ]),
    ).toEqual([{percent: 0}, {percent: 0, averageBps: 500, currentBps: 500}, {percent: 0}]);
  });

  it('S16: sizes and counts that lie, and clocks that stand still or go back, are survived', () => {
    const lies = [0, -1, NaN, Infinity, -Infinity, 1, 50, 100, 2 ** 60, Number.MAX_SAFE_INTEGER];
    const stages = ['importing', 'fetching', 'uploading', 'waiting', 'copying', 'booting', 'converting'] as const;
    const seen = stages.flatMap((stage, one) =>
      lies.flatMap((bytes, two) =>
        lies.map((total, three) => ({stage, bytes, total, nowMs: [100, 100, 5, 1000][(one + two + three) % 4] ?? 0})),
      ),
    );
    const all = measured(seen);
    expectSound(all.map(({percent}) => ({percent})));
    const speeds = all.flatMap(({averageBps, currentBps}) => [averageBps ?? 0, currentBps ?? 0]);
    expect(speeds.every((speed) => Number.isFinite(speed) && speed >= 0)).toBe(true);
  });

  it('an endless stream of observations is taken in without memory for each', () => {
    const progress = new TransferProgress();
    for (let n = 0; n < 200_000; n++) progress.see({stage: 'uploading', bytes: n, total: 100_000, nowMs: n / 1000});
    expect(progress.percent).toBe(90);
  });
});
