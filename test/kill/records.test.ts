import {describe} from 'vitest';
import {testEveryWrite} from './every-write.ts';
import {DEEP_VERIFICATIONS, FOLDINGS, PRESENCES} from './scenarios-records.ts';

describe('killed at every write, the next run ends where an undisturbed one does, and the laws hold at every instant', () => {
  testEveryWrite([...DEEP_VERIFICATIONS, ...FOLDINGS, ...PRESENCES]);
});
