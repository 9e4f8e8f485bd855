import {describe, expect, it} from 'vitest';
import {builtMeta, contradictions, machineOf} from '../../../../src/core/build/claims.ts';

const MBR = {elements: ['vm', 'block-device-mbr']};
const EFI = {elements: ['vm', 'block-device-efi']};

describe('what follows from a build', () => {
  it('BIOS from a disk with an MBR, nothing from one that both start', () => {
    expect(builtMeta(MBR)).toEqual({hw_firmware_type: 'bios'});
    expect(builtMeta(EFI)).toEqual({});
  });

  it('the guest agent where it is asked for', () => {
    expect(builtMeta({...EFI, environment: {DIB_IMGMGR_GUEST_AGENT: 1}})).toEqual({hw_qemu_guest_agent: 'yes'});
    expect(builtMeta({elements: ['qemu-guest-agent']})).toEqual({hw_qemu_guest_agent: 'yes'});
    expect(builtMeta({...EFI, environment: {DIB_IMGMGR_GUEST_AGENT: '0'}})).toEqual({});
  });

  it('the machine from the architecture, x86_64 where none is named', () => {
    expect(machineOf({})).toBe('x86_64');
    expect(machineOf({architecture: 'aarch64'})).toBe('aarch64');
    expect(machineOf({architecture: 's390x'})).toBeUndefined();
  });
});

describe('a definition that contradicts its build', () => {
  const keys = (...args: Parameters<typeof contradictions>): string[] => contradictions(...args).map(({key}) => key);

  it('claims UEFI for a disk that only BIOS starts', () => {
    expect(keys(MBR, {hw_firmware_type: 'uefi'})).toEqual(['hw_firmware_type']);
    expect(keys(MBR, {hw_firmware_type: 'bios'})).toEqual([]);
    expect(keys(EFI, {hw_firmware_type: 'uefi'})).toEqual([]);
  });

  it('claims a guest agent that is not installed, or denies one that is', () => {
    expect(keys(EFI, {hw_qemu_guest_agent: 'yes'})).toEqual(['hw_qemu_guest_agent']);
    expect(keys({...EFI, environment: {DIB_IMGMGR_GUEST_AGENT: '1'}}, {hw_qemu_guest_agent: 'no'})).toEqual([
      'hw_qemu_guest_agent',
    ]);
    expect(keys({...EFI, environment: {DIB_IMGMGR_GUEST_AGENT: '1'}}, {hw_qemu_guest_agent: 'yes'})).toEqual([]);
    expect(keys(EFI, {hw_qemu_guest_agent: 'no'})).toEqual([]);
  });

  it('names an architecture that nobody can build', () => {
    expect(keys(EFI, {architecture: 's390x'})).toEqual(['architecture']);
  });
});
