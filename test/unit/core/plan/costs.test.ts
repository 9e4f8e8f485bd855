import {expect, test} from 'vitest';
import {costsOf} from '../../../../src/core/plan/costs.ts';

const ACQUIRE = {kind: 'acquire', summary: {}};
const KNOWN = {kind: 'acquire', summary: {bytes: 7}};
const VERIFY = {kind: 'verify', summary: {}};
const COPY = {kind: 'copy', summary: {bytes: 5}};
const OTHERS = ['remove', 'resume', 'publish', 'retire', 'delete'].map((kind) => ({kind, summary: {}}));
const TWICE = {verify: {mode: 'boot', datasources: ['metadata', 'config-drive']}} as const;

test.each([
  ['nothing', {}, [], undefined],
  ['what neither moves bytes nor boots', {}, OTHERS, undefined],
  ['an image of unknown size', {}, [ACQUIRE], {transfers: 1, bytes: 0, unknown: 1, boots: 0}],
  ['images and a copy', {}, [ACQUIRE, KNOWN, COPY], {transfers: 3, bytes: 12, unknown: 1, boots: 0}],
  ['a test boot', {}, [KNOWN, VERIFY], {transfers: 1, bytes: 7, unknown: 0, boots: 1}],
  ['a test boot by each way to the metadata', TWICE, [VERIFY], {transfers: 0, bytes: 0, unknown: 0, boots: 2}],
] as const)('the costs of %s', (_what, definition, actions, costs) => {
  expect(costsOf([{definition, actions}])).toEqual(costs);
});
