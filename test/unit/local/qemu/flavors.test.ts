import {describe, expect, it} from 'vitest';
import {chooseFlavor, FLAVORS} from '../../../../src/local/qemu/flavors.ts';
import {refused} from '../../ports/image-store-contract.ts';
import {testImage} from './image.ts';

const GIB = 1024 ** 3;

describe('the flavor of a local test server', () => {
  it.each([
    ['nothing demanded', {}, 'local.1'],
    ['min_ram', {minRam: 513}, 'local.2'],
    ['min_disk', {minDisk: 5}, 'local.2'],
    ['the largest disk that leaves 1 GiB to grow', {virtualSize: 3 * GIB}, 'local.1'],
    ['a byte more', {virtualSize: 3 * GIB + 1}, 'local.2'],
    ['a raw image, whose size is its virtual size', {virtualSize: null, size: 12 * GIB}, 'local.3'],
    ['an ISO, which is no disk', {diskFormat: 'iso', virtualSize: null, size: 12 * GIB}, 'local.1'],
  ])('is the smallest that fits: %s', (_what, change, expected) => {
    expect(chooseFlavor(testImage(change), undefined).name).toBe(expected);
  });

  it('is the named one where that fits', () => {
    expect(chooseFlavor(testImage(), 'local.4').vcpus).toBe(2);
  });

  it.each([
    ['an unknown name', {}, 'm1.small', 'NOT_FOUND', "no flavor 'm1.small'"],
    ['too little memory', {minRam: 1024}, 'local.1', 'UNSUPPORTED', 'min_ram is 1024 MiB'],
    ['too small a disk', {minDisk: 5}, 'local.1', 'UNSUPPORTED', 'min_disk is 5 GiB'],
    ['no room to grow', {virtualSize: 4 * GIB}, 'local.1', 'UNSUPPORTED', 'needs 1 GiB to grow'],
    ['nothing large enough', {minRam: 999_999}, undefined, 'UNSUPPORTED', 'no local flavor fits'],
    ['an unknown virtual size', {diskFormat: 'qcow2', virtualSize: null}, undefined, 'PROTOCOL', 'is not known'],
  ] as const)('is refused: %s', async (_what, change, named, code, message) => {
    const error = await refused(code, async () => Promise.resolve(chooseFlavor(testImage(change), named)));
    expect(error.message).toContain(message);
  });

  it('comes from a list that goes up', () => {
    for (const [index, flavor] of FLAVORS.slice(1).entries()) {
      expect(flavor.ramMib).toBeGreaterThanOrEqual(FLAVORS[index]?.ramMib ?? Infinity);
      expect(flavor.diskGib).toBeGreaterThan(FLAVORS[index]?.diskGib ?? Infinity);
    }
  });
});
