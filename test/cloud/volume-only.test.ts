import {describe, expect, it} from 'vitest';
import {
  answers,
  DONE,
  emptyForVolumes,
  FROM_VOLUME,
  leftNothing,
  manage,
  ofVolumes,
  write,
} from './support/from-volume.ts';
import {withOwnNova} from './support/own-nova.ts';

emptyForVolumes();

// More of them, and kills: full/volume-only.test.ts.
describe('on a real cloud that boots from volumes only', () => {
  it('R7: a Nova that allows no disk on its hosts (400) gets the order again, with a volume', async () => {
    const ran = await withOwnNova({max_local_block_devices: 0}, async (nova) => manage(await write(), nova));
    expect(ran).toMatchObject(DONE);
    expect(answers(ran).slice(0, 3)).toEqual(['POST servers 400', 'POST volumes 202', 'POST servers 202']);
    expect(ofVolumes(ran)).toEqual(FROM_VOLUME);
    await leftNothing();
  });
});
