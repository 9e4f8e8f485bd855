import {describe} from 'vitest';
import {testEveryWrite} from './every-write.ts';
import {IMPORTS_OF_OBJECTS} from './scenarios-objects.ts';

describe('killed at every write, the next import leaves one image and no intermediate', () => {
  testEveryWrite(IMPORTS_OF_OBJECTS);
});
