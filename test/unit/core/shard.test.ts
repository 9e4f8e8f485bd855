import {describe, expect, it, test} from 'vitest';
import {isFirstShard, isOfShard, parseShard, resolveShard} from '../../../src/core/shard.ts';
import {ImgmgrError} from '../../../src/errors.ts';
import {definition} from './plan/plan-world.ts';

test.each([
  ['1/4', {index: 1, count: 4}],
  ['4/4', {index: 4, count: 4}],
  ['1/1', {index: 1, count: 1}],
  ['auto/4', {index: 'auto', count: 4}],
  ['5/4', undefined],
  ['0/4', undefined],
  ['1/0', undefined],
  ['1/1001', undefined],
  ['auto/0', undefined],
  ['-1/4', undefined],
  ['1/4/2', undefined],
  ['1', undefined],
  ['', undefined],
  ['Auto/4', undefined],
])('the shard %j is %j', (text, expected) => {
  expect(parseShard(text)).toEqual(expected);
});

describe('auto', () => {
  it('is the index of the job and one', () => {
    expect(resolveShard({index: 'auto', count: 4}, '0')).toEqual({index: 1, count: 4});
    expect(resolveShard({index: 'auto', count: 4}, '3')).toEqual({index: 4, count: 4});
    expect(resolveShard({index: 2, count: 4}, '3')).toEqual({index: 2, count: 4});
  });

  it.each([undefined, '4', '-1', 'x', ''])('is USAGE where the index is %j', (jobIndex) => {
    expect(() => resolveShard({index: 'auto', count: 4}, jobIndex)).toThrow(ImgmgrError);
  });
});

describe('which definition is of which shard', () => {
  const names = Array.from({length: 400}, (_, at) => ({name: `Image ${at}`}));
  const clouds = ['prod-a', 'prod-b'];
  const shards = Array.from({length: 4}, (_, at) => ({index: at + 1, count: 4}));
  const of = (one: {readonly name: string}, cloud?: string): number[] =>
    shards.flatMap((shard) => (isOfShard(one, shard, cloud) ? [shard.index] : []));

  it('each is of exactly one on a cloud, about as many of each', () => {
    for (const cloud of clouds) {
      const found = names.map((one) => of(one, cloud));
      expect(found.filter((indexes) => indexes.length !== 1)).toEqual([]);
      for (const {index} of shards)
        expect(Math.abs(found.filter(([first]) => first === index).length - 100)).toBeLessThan(40);
    }
  });

  it('depends on the cloud, but not for one that is built', () => {
    const [a, b] = clouds;
    expect(names.some((one) => of(one, a)[0] !== of(one, b)[0])).toBe(true);
    const {build} = definition([], {
      build: {
        ...{elements: ['vm'], environment: {}, packages: [], formats: ['qcow2'], compress: true, timeoutSeconds: 60},
      },
    });
    expect(build).toBeDefined();
    const built = names.map(({name}) => ({name, ...(build && {build})}));
    expect(built.filter((one) => of(one, a)[0] !== of(one, b)[0] || of(one, a)[0] !== of(one)[0])).toEqual([]);
  });

  it('stays as it is: other versions share the work with this one', () => {
    expect(names.slice(0, 12).map((one) => of(one, 'prod-a')[0])).toMatchInlineSnapshot(`
      [
        2,
        1,
        4,
        3,
        2,
        1,
        4,
        3,
        2,
        1,
        1,
        2,
      ]
    `);
  });

  it('the first has what is no definition’s', () => {
    expect([undefined, ...shards].map(isFirstShard)).toEqual([true, true, false, false, false]);
  });
});
