import {describe, expect, it} from 'vitest';
import {
  admin,
  answers,
  DONE,
  emptyForVolumes,
  FROM_VOLUME,
  leftNothing,
  manage,
  ofVolumes,
  sweptAfterKill,
  write,
} from '../support/from-volume.ts';
import {withOwnNova} from '../support/own-nova.ts';
import {withSwappedFlavor} from '../support/swap-flavor.ts';

const DISKLESS = {name: 'imgmgr-test-diskless', ram: 256, disk: 0};

emptyForVolumes();

describe('on a real cloud that boots from volumes only', () => {
  it('R7: a Nova that refuses an image as root (403) gets the order of an ordinary tenant again, with a volume', async () => {
    const ran = await admin.withFlavor(DISKLESS, (flavor) =>
      withSwappedFlavor(flavor, async (nova) =>
        manage(await write(), nova, '--verify-cloud', 'member', '--flavor', 'lab.nano'),
      ),
    );
    expect(ran).toMatchObject(DONE);
    expect(answers(ran).slice(0, 3)).toEqual(['POST servers 403', 'POST volumes 202', 'POST servers 202']);
    expect(ofVolumes(ran).slice(1)).toEqual(FROM_VOLUME);
    await leftNothing();
  });

  it('R7: a flavor without a disk boots from a volume at once, for an ordinary tenant, too', async () => {
    const ran = await admin.withFlavor(DISKLESS, async () =>
      manage(await write(), undefined, '--verify-cloud', 'member', '--flavor', DISKLESS.name),
    );
    expect(ran).toMatchObject(DONE);
    expect(ofVolumes(ran)).toEqual(FROM_VOLUME);
    await leftNothing();
  });

  it.each([
    ['verify.root of the definition', '    verify: {root: volume}\n', []],
    ['--root volume', '', ['--root', 'volume']],
  ] as const)('R7: %s boots from a volume at once', async (_, extra, flags) => {
    const ran = await withOwnNova({max_local_block_devices: 0}, async (nova) =>
      manage(await write(extra), nova, ...flags),
    );
    expect(ran).toMatchObject(DONE);
    expect(answers(ran).filter((answer) => answer.startsWith('POST'))).toEqual(FROM_VOLUME.slice(0, 2));
    expect(ofVolumes(ran)).toEqual(FROM_VOLUME);
    await leftNothing();
  });

  it('R7: the volume of a run that was killed while the server boots goes with the next run', async () => {
    await sweptAfterKill(/"phase":"booting"/);
  });

  it('R7: the volume of a run that was killed while the volume is made goes with the next run', async () => {
    await sweptAfterKill(/"method":"POST","url":"[^"]*\/volumes","ms":\d+,"status":202/);
  });
});
