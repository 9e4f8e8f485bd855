import {describe, expect, it} from 'vitest';
import type {Machine} from '../../../../src/local/qemu/machine.ts';
import {architectureOf, machineArguments, needsUefi} from '../../../../src/local/qemu/machine.ts';

const MACHINE: Machine = {
  id: '11111111-2222-4333-8444-555555555555',
  name: 'x, with a comma',
  flavor: {id: 'local.4', name: 'local.4', vcpus: 2, ramMib: 2048, diskGib: 40},
  mac: 'fa:16:3e:00:00:01',
  properties: {},
  accelerator: 'tcg',
  image: {path: '/images/a,b/data', format: 'qcow2'},
  datasource: 'config-drive',
};

function argumentsFor(properties: Record<string, string>, change: Partial<Machine> = {}): string {
  return machineArguments({...MACHINE, ...change, properties}).join(' ');
}

/** The block nodes, by name. */
function nodes(args: readonly string[]): Record<string, Record<string, unknown>> {
  const found = args.filter((_, index) => args[index - 1] === '-blockdev').map((text) => JSON.parse(text) as object);
  return Object.fromEntries(found.map((node) => [(node as {'node-name': string})['node-name'], {...node}]));
}

describe('the arguments of QEMU', () => {
  it('carry the uuid, the size of the flavor and the MAC, and nothing that needs rights', () => {
    const args = argumentsFor({});
    expect(args).toContain(`-uuid ${MACHINE.id} -machine pc -smp 2 -m 2048M`);
    expect(args).toContain('-netdev user,id=net0,ipv6=off -device virtio-net-pci,netdev=net0,mac=fa:16:3e:00:00:01');
    expect(args).toContain('-display none -no-reboot -pidfile qemu.pid');
    expect(args).toContain('-chardev file,id=console,path=console.log,append=on -serial chardev:console');
    expect(args).toContain('elevateprivileges=deny,spawn=deny');
    expect(args).not.toContain(MACHINE.name);
  });

  it('spell out the whole chain of the disk: formats given, no backing file of the image followed', () => {
    const {root, seed} = nodes(machineArguments(MACHINE));
    expect(root).toMatchObject({
      driver: 'qcow2',
      file: {filename: 'disk.qcow2'},
      backing: {driver: 'qcow2', 'read-only': true, backing: null, file: {filename: '/images/a,b/data'}},
    });
    expect(seed).toMatchObject({driver: 'raw', 'read-only': true, file: {filename: 'seed.iso', 'read-only': true}});
  });

  it('S1: know raw and qcow2, and no other format', () => {
    for (const format of ['raw', 'qcow2']) {
      const {root} = nodes(machineArguments({...MACHINE, image: {path: '/data', format}}));
      expect(root).toMatchObject({backing: {driver: format}});
    }
    for (const format of ['vmdk', 'vdi', 'vhd', 'vhdx', 'gpt']) {
      const {root} = nodes(machineArguments({...MACHINE, image: {path: '/data', format}}));
      expect(root).not.toHaveProperty('backing.driver');
    }
  });

  it('put an ISO into a drive beside an empty disk', () => {
    const args = machineArguments({...MACHINE, image: {path: '/data', format: 'iso'}});
    expect(nodes(args)).toMatchObject({root: {backing: null}, image: {driver: 'raw', 'read-only': true}});
    expect(args).toContain('ide-cd,bus=ide.1,unit=0,drive=image,bootindex=2');
    expect(args).toContain('ide-cd,bus=ide.1,unit=1,drive=seed');
  });

  it.each([
    [{}, 'virtio-blk-pci,drive=root,bootindex=1'],
    [{hw_disk_bus: 'scsi'}, 'virtio-scsi-pci,id=scsi0 -device scsi-hd,bus=scsi0.0,drive=root'],
    [{hw_disk_bus: 'scsi', hw_scsi_model: 'lsilogic'}, 'lsi53c895a,id=scsi0'],
    [{hw_disk_bus: 'sata'}, 'ich9-ahci,id=sata0 -device ide-hd,bus=sata0.0,drive=root'],
    [{hw_disk_bus: 'ide'}, 'ide-hd,bus=ide.0,unit=0,drive=root'],
    [{hw_vif_model: 'e1000'}, '-device e1000,netdev=net0'],
    [{hw_vif_model: 'vmxnet3'}, '-device vmxnet3,netdev=net0'],
    [{hw_rng_model: 'virtio'}, 'virtio-rng-pci,rng=rng0'],
    [{hw_qemu_guest_agent: 'yes'}, 'virtserialport,chardev=agent,name=org.qemu.guest_agent.0'],
    [{hw_machine_type: 'q35'}, '-machine q35'],
    [{hw_machine_type: 'q35'}, 'ide-cd,bus=ide.0,drive=seed'],
    [{hw_machine_type: 'pc-q35-7.2'}, '-machine q35'],
    [{architecture: 'aarch64'}, '-machine virt'],
    [{architecture: 'aarch64'}, 'scsi-cd,bus=discs.0,lun=0,drive=seed'],
  ])('follow %j', (properties, expected) => {
    expect(argumentsFor(properties)).toContain(expected);
  });

  it('give no random numbers and no agent channel where the image asks for none', () => {
    expect(argumentsFor({hw_qemu_guest_agent: 'no'})).not.toMatch(/virtio-rng|guest_agent/);
  });

  it.each([
    [{hw_disk_bus: 'fdc'}, 'hw_disk_bus=fdc'],
    [{hw_disk_bus: 'ide', hw_machine_type: 'q35'}, 'hw_disk_bus=ide (with the machine q35)'],
    [{hw_disk_bus: 'scsi', hw_scsi_model: 'buslogic'}, 'hw_scsi_model=buslogic'],
    [{hw_vif_model: 'netronome'}, 'hw_vif_model=netronome'],
    [{hw_rng_model: 'egd'}, 'hw_rng_model=egd'],
    [{hw_machine_type: 'microvm'}, 'hw_machine_type=microvm'],
    [{architecture: 'ppc64le'}, 'architecture=ppc64le'],
  ])('refuse %j', (properties, message) => {
    expect(() => argumentsFor(properties)).toThrow(message);
  });

  it('take KVM with the host processor, else emulation with all features', () => {
    expect(argumentsFor({}, {accelerator: 'kvm'})).toContain('-accel kvm -cpu host');
    expect(argumentsFor({})).toContain('-accel tcg,thread=multi -cpu max');
  });

  it('give UEFI its code and its own variables, a comma in the path doubled', () => {
    const args = argumentsFor({}, {firmware: {code: '/ovmf,4m/code', variables: '/ovmf/vars'}});
    expect(args).toContain('if=pflash,unit=0,format=raw,readonly=on,file=/ovmf,,4m/code');
    expect(args).toContain('if=pflash,unit=1,format=raw,readonly=off,file=variables.fd');
  });

  it('say OpenStack in the DMI for a config drive alone', () => {
    expect(argumentsFor({})).toContain('product=OpenStack Nova');
    expect(argumentsFor({}, {datasource: 'nocloud'})).not.toContain('OpenStack');
  });
});

describe('what an image demands', () => {
  it.each([
    [{}, false],
    [{hw_firmware_type: 'bios'}, false],
    [{hw_firmware_type: 'uefi'}, true],
    [{architecture: 'aarch64'}, true],
  ])('%j: UEFI %s', (properties, expected) => {
    expect(needsUefi(properties)).toBe(expected);
  });

  it('is x86_64 where it says nothing', () => {
    expect(architectureOf({})).toBe('x86_64');
  });

  it.each([
    [{os_secure_boot: 'required'}, 'os_secure_boot=required'],
    [{hw_firmware_type: 'coreboot'}, 'hw_firmware_type=coreboot'],
  ])('is refused: %j', (properties, message) => {
    expect(() => needsUefi(properties)).toThrow(message);
  });
});
