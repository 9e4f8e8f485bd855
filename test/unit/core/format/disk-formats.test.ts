import {describe, expect, it} from 'vitest';
import {
  DEFINITION_FORMATS,
  DISK_FORMATS,
  QEMU_FORMATS,
  driverOf,
  isDisk,
  isDoubtful,
  isKernel,
  isOpaque,
  namesNoFile,
  readEnding,
} from '../../../../src/core/format/disk-formats.ts';
import {inspectStart} from '../../../../src/core/format/inspect.ts';

describe('the table of disk formats', () => {
  it('has every disk_format that Glance has', () => {
    // https://docs.openstack.org/api-ref/image/v2/#create-image, disk_format
    const glance = ['ami', 'ari', 'aki', 'vhd', 'vhdx', 'vmdk', 'raw', 'qcow2', 'vdi', 'ploop', 'iso'];
    expect([...DISK_FORMATS].sort()).toEqual(glance.sort());
  });

  it('lists for definitions what it lists for flags, but for what no definition can say', () => {
    expect(DEFINITION_FORMATS).toEqual(['aki', 'ari', 'ami', 'raw', 'iso', 'vhd', 'vdi', 'qcow2', 'vmdk']);
  });

  it('says which QEMU opens: first those that cannot name another file', () => {
    expect(QEMU_FORMATS).toEqual(['raw', 'iso', 'qcow2', 'vhd', 'vdi', 'vmdk', 'vhdx']);
    expect(DISK_FORMATS.filter(namesNoFile)).toEqual(['raw', 'iso', 'qcow2']);
    expect(DISK_FORMATS.filter(isDoubtful)).toEqual(['vhd', 'vdi', 'vmdk', 'vhdx']);
  });

  it.each([
    ['vhd', 'vpc'],
    ['iso', 'raw'],
    ['vhdx', 'vhdx'],
    ['gpt', 'gpt'],
    ['constructor', 'constructor'],
  ])('calls %s %s in the words of QEMU', (format, driver) => {
    expect(driverOf(format)).toBe(driver);
  });

  it('parts disks, kernels and what no content betrays', () => {
    expect(DISK_FORMATS.filter(isDisk)).toEqual(['raw', 'vhd', 'vdi', 'qcow2', 'vmdk', 'vhdx']);
    expect(DISK_FORMATS.filter(isKernel)).toEqual(['aki', 'ari']);
    expect(DISK_FORMATS.filter(isOpaque)).toEqual(['aki', 'ari', 'ami', 'vhd', 'ploop']);
    expect(inspectStart(Buffer.alloc(2 ** 20), true).format).toBe('raw');
  });

  it.each([
    ['debian.QCOW2', 'qcow2', 'debian'],
    ['cirros.img', 'qcow2', 'cirros'],
    ['a.b.vhdx', 'vhdx', 'a.b'],
    ['a.vhd', 'vhd', 'a'],
    ['.iso', 'iso', ''],
  ])('reads the ending of %s as %s', (name, format, stem) => {
    expect(readEnding(name)).toEqual({format, stem});
  });

  it.each(['raw', 'debian', 'a.', 'a.gz', 'a.qcow2.x'])('reads no format in %s', (name) => {
    expect(readEnding(name)).toBeUndefined();
  });
});
