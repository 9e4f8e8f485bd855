import {describe} from 'vitest';
import {testEveryWrite} from './every-write.ts';
import {WAYS_TO_IMPORT} from './scenarios.ts';

describe('killed at every write, the next run ends where an undisturbed one does, and the laws hold at every instant', () => {
  testEveryWrite(WAYS_TO_IMPORT);
});
