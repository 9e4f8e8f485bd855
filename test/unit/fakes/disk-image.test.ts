import {describe, expect, it} from 'vitest';
import {fillWithNoise, makeQcow2, makeRaw} from '../../fakes/disk-image.ts';

const CLUSTER = 65_536;

/** Follows header, L1 and L2 table to the bytes of one guest cluster, as a reader of qcow2 does. */
function guestCluster(image: Buffer, index: number): Buffer | undefined {
  const pointer = (at: number): number => Number(image.readBigUInt64BE(at) & 0x00ff_ffff_ffff_fe00n);
  const l2 = pointer(Number(image.readBigUInt64BE(40)) + Math.floor(index / 8192) * 8);
  if (l2 === 0) return undefined;
  const data = pointer(l2 + (index % 8192) * 8);
  return data === 0 ? undefined : image.subarray(data, data + CLUSTER);
}

describe('makeQcow2', () => {
  it('writes magic, version and virtual size where readers look for them', () => {
    const image = makeQcow2({virtualBytes: 10 * 2 ** 30});
    expect([image.toString('latin1', 0, 3), image.readUInt32BE(4), image.readBigUInt64BE(24)]).toEqual([
      'QFI',
      3,
      10n * 2n ** 30n,
    ]);
  });

  it('maps the data clusters and no others', () => {
    const image = makeQcow2({virtualBytes: 2 ** 20, dataBytes: CLUSTER + 1, seed: 7});
    const expected = Buffer.alloc(2 * CLUSTER);
    fillWithNoise(expected, 7);
    expect([0, 1, 2].map((index) => guestCluster(image, index))).toEqual([
      expected.subarray(0, CLUSTER),
      expected.subarray(CLUSTER),
      undefined,
    ]);
  });

  it('gives the same bytes for the same seed and others for another', () => {
    const make = (seed: number): Buffer => makeQcow2({virtualBytes: 2 ** 20, dataBytes: 1, seed});
    expect(make(1).equals(make(1))).toBe(true);
    expect(make(1).equals(make(2))).toBe(false);
  });
});

describe('makeRaw', () => {
  it('has the size asked for and a boot signature', () => {
    const image = makeRaw({bytes: 4096, seed: 3});
    expect([image.length, image.readUInt16LE(510)]).toEqual([4096, 0xaa55]);
  });
});
