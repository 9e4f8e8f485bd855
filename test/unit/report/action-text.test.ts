import {expect, it} from 'vitest';
import {planWord} from '../../../src/report/action-text.ts';
import {ACQUIRE, PUBLISH} from './samples.ts';

it('a plan says of each action what will be done, and tells a build from an import', () => {
  expect([ACQUIRE, {...ACQUIRE, built: true as const}, PUBLISH].map(planWord)).toEqual(['import', 'build', 'publish']);
});
