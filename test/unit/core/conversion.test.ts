import {describe, expect, it} from 'vitest';
import type {Conversion} from '../../../src/core/conversion.ts';
import {
  describeConversion,
  describeJudging,
  isConvertible,
  needsBothGuards,
  neededConversion,
} from '../../../src/core/conversion.ts';

const RAW: Conversion = {to: 'raw', compress: false};
const QCOW2: Conversion = {to: 'qcow2', compress: false};
const SMALL: Conversion = {to: 'qcow2', compress: true};

describe('a conversion', () => {
  it.each<[string, Conversion | undefined, Conversion | undefined]>([
    ['qcow2', undefined, undefined],
    ['qcow2', RAW, RAW],
    ['qcow2', QCOW2, undefined],
    ['qcow2', SMALL, SMALL],
    ['raw', RAW, undefined],
    ['raw', SMALL, SMALL],
    ['vmdk', QCOW2, QCOW2],
    ['vhd', RAW, RAW],
    ['iso', RAW, undefined],
    ['aki', SMALL, undefined],
  ])('of %s, wanted %j, is %j', (format, wanted, needed) => {
    expect(neededConversion(format, wanted)).toEqual(needed);
  });

  it('is for disks alone', () => {
    expect(['qcow2', 'raw', 'vmdk', 'vdi', 'vhd', 'vhdx'].every(isConvertible)).toBe(true);
    expect(['iso', 'aki', 'ari', 'ami', 'ploop'].some(isConvertible)).toBe(false);
  });

  it('is told in words', () => {
    expect(describeConversion('vmdk', RAW)).toBe('converted from vmdk to raw');
    expect(describeConversion('qcow2', SMALL)).toBe('converted from qcow2 to compressed qcow2');
  });
});

describe('both guards on this host', () => {
  it('S1: are for every disk but raw and qcow2, and for no kernel or CD-ROM, which are read like raw', () => {
    expect(['vmdk', 'vdi', 'vhd', 'vhdx'].every(needsBothGuards)).toBe(true);
    expect(['raw', 'qcow2', 'iso', 'aki', 'ari', 'ami', 'ploop', 'gpt'].some(needsBothGuards)).toBe(false);
    expect(describeJudging('vdi')).toBe('judged by qemu-img as vdi');
  });
});
