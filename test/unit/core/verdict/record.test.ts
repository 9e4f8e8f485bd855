import {describe, expect, it} from 'vitest';
import {CHECK_IDS} from '../../../../src/core/verdict/checks.ts';
import {bootHash, readVerdict, verdictProperties, wasBootedAs} from '../../../../src/core/verdict/record.ts';
import {imageFault} from '../../../../src/core/verdict/verdict.ts';

const at = new Date('2026-03-04T05:06:07.890Z');
const context = {run: 'r', at, boot: 'b'};

describe('a recorded verdict', () => {
  it('reads back as it was written', () => {
    const verdict = {...imageFault('checks-failed', 'x'), failed: ['dns', 'mtu'], agentVersion: '1.2.3'};
    expect(readVerdict({properties: verdictProperties(verdict, context)})).toEqual({
      kind: 'fail',
      cause: 'checks-failed',
      failed: ['dns', 'mtu'],
      agent: '1.2.3',
      at: '2026-03-04T05:06:07Z',
      boot: 'b',
    });
  });

  it('fits into 255 characters a property, however much failed', () => {
    const verdict = {...imageFault('checks-failed', 'x'), failed: CHECK_IDS, agentVersion: 'v'.repeat(999)};
    const lengths = Object.values(verdictProperties(verdict, context)).map((value) => value.length);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(255);
    expect(verdictProperties(verdict, context)['imgmgr_verdict_checks']).toMatch(/^root-grown .* …$/);
  });

  it.each([[{}], [{imgmgr_verdict: ''}], [{imgmgr_verdict: 'maybe'}]])('is none in %j', (properties) => {
    expect(readVerdict({properties})).toBeUndefined();
  });
});

describe('the hash of what a boot depends on', () => {
  const form = {properties: {hw_disk_bus: 'virtio', os_distro: 'debian'}, minDisk: 2, minRam: 512};

  it.each([
    [{...form, properties: {...form.properties, hw_disk_bus: 'scsi'}}],
    [{...form, properties: {...form.properties, hw_firmware_type: 'uefi'}}],
    [{...form, properties: {...form.properties, img_config_drive: 'mandatory'}}],
    [{...form, properties: {...form.properties, architecture: 'aarch64'}}],
    [{...form, properties: {...form.properties, os_type: 'windows'}}],
    [{...form, properties: {...form.properties, os_secure_boot: 'required'}}],
    [{...form, properties: {...form.properties, hypervisor_type: 'qemu'}}],
    [{...form, properties: {...form.properties, 'trait:HW_CPU_X86_AVX2': 'required'}}],
    [{...form, minDisk: 3}],
    [{...form, minRam: 513}],
  ])('changes with %j', (other) => {
    expect(bootHash(other)).not.toBe(bootHash(form));
    expect(wasBootedAs({properties: {imgmgr_boot: bootHash(form)}}, other)).toBe(false);
  });

  it('does not change with anything else, nor with the order', () => {
    expect(bootHash({...form, properties: {os_distro: 'ubuntu', hw_disk_bus: 'virtio'}})).toBe(bootHash(form));
    expect(wasBootedAs({properties: {imgmgr_boot: bootHash(form)}}, form)).toBe(true);
    expect(wasBootedAs({properties: {}}, form)).toBe(true);
  });
});
