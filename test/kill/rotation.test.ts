import {describe} from 'vitest';
import {testEveryWrite} from './every-write.ts';
import {ROTATION, TWO_DEFINITIONS, VERIFIED_ROTATION} from './scenarios.ts';

describe('killed at every write, the next run ends where an undisturbed one does, and the laws hold at every instant', () => {
  testEveryWrite([ROTATION, TWO_DEFINITIONS, VERIFIED_ROTATION]);
});
