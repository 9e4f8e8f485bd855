import {describe} from 'vitest';
import {testEveryWrite} from './every-write.ts';
import {SECOND_WAYS} from './scenarios-refusals.ts';

describe('killed at every write, the next run ends where an undisturbed one does, and the laws hold at every instant', () => {
  testEveryWrite(SECOND_WAYS);
});
