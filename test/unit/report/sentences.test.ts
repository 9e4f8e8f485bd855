import {expect, it} from 'vitest';
import {createDescriber} from '../../../src/report/sentences.ts';

it('with -q, warnings are left out, but not that the catalogue that came along is used', () => {
  const describer = createDescriber('quiet');
  const said = (code: 'catalogue-used' | 'held') =>
    describer({type: 'warning', code, message: `${code} is said`}).map(({text}) => text);
  expect(said('held')).toEqual([]);
  expect(said('catalogue-used')).toEqual([expect.stringContaining('catalogue-used is said')]);
});
