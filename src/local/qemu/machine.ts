import {driverOf, namesNoFile} from '../../core/format/disk-formats.ts';
import {ImgmgrError} from '../../errors.ts';
import type {Flavor} from '../../ports/test-server-host.ts';

/** A processor architecture as Glance's property `architecture` and `uname -m` name it. */
export type Architecture = 'x86_64' | 'aarch64';

/** UEFI: the code, and the empty variables of which each server gets a copy. */
export interface Firmware {
  readonly code: string;
  readonly variables: string;
}

/** What a machine is made of. File names without a slash are in the folder that QEMU is started in. */
export interface Machine {
  readonly id: string;
  readonly name: string;
  readonly flavor: Flavor;
  readonly mac: string;
  readonly properties: Readonly<Record<string, string>>;
  readonly accelerator: 'kvm' | 'tcg';
  readonly firmware?: Firmware;
  /** The image under the disk; an ISO is a disc beside an empty disk. */
  readonly image: {readonly path: string; readonly format: string};
  readonly datasource: 'config-drive' | 'nocloud';
}

/** The files of a server in its folder. */
export const FILES = {
  disk: 'disk.qcow2',
  image: 'image.qcow2',
  seed: 'seed.iso',
  console: 'console.log',
  variables: 'variables.fd',
  pid: 'qemu.pid',
  stamp: 'stamp.json',
} as const;

/** The architecture that the properties demand; UNSUPPORTED for one that is not emulated here. */
export function architectureOf(properties: Readonly<Record<string, string>>): Architecture {
  const architecture = properties['architecture'] ?? 'x86_64';
  if (architecture === 'x86_64' || architecture === 'aarch64') return architecture;
  throw unsupported('architecture', architecture, 'x86_64, aarch64');
}

/** True where the image starts by UEFI: it says so, or its architecture knows nothing else. */
export function needsUefi(properties: Readonly<Record<string, string>>): boolean {
  const firmware = properties['hw_firmware_type'];
  if (properties['os_secure_boot'] === 'required')
    throw unsupported('os_secure_boot', 'required', 'optional, disabled');
  if (firmware !== undefined && !['bios', 'uefi'].includes(firmware))
    throw unsupported('hw_firmware_type', firmware, 'bios, uefi');
  return firmware === 'uefi' || architectureOf(properties) === 'aarch64';
}

/**
 * The arguments of QEMU. No format is ever probed and no backing file of an image followed: the whole chain is spelled out.
 * UNSUPPORTED for values of hw_* properties that cannot be given.
 */
export function machineArguments(machine: Machine): string[] {
  const {id, flavor, properties, accelerator, firmware} = machine;
  const architecture = architectureOf(properties);
  const type = machineType(properties, architecture);
  return [
    ...[
      '-name',
      `imgmgr-${id}`,
      '-uuid',
      id,
      '-machine',
      type,
      '-smp',
      String(flavor.vcpus),
      '-m',
      `${flavor.ramMib}M`,
    ],
    ...(accelerator === 'kvm' ? ['-accel', 'kvm', '-cpu', 'host'] : ['-accel', 'tcg,thread=multi', '-cpu', 'max']),
    // What libvirt denies, too: the guest is not to be trusted.
    ...['-sandbox', 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny'],
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot', '-pidfile', FILES.pid],
    ...(architecture === 'x86_64' ? ['-vga', 'std'] : []),
    ...(machine.datasource === 'config-drive'
      ? ['-smbios', 'type=1,manufacturer=OpenStack Foundation,product=OpenStack Nova']
      : []),
    ...['-chardev', `file,id=console,path=${FILES.console},append=on`, '-serial', 'chardev:console'],
    ...(firmware ? flash(firmware) : []),
    ...disks(machine, type),
    ...network(machine),
    ...extras(properties),
  ];
}

function machineType(properties: Machine['properties'], architecture: Architecture): string {
  if (architecture === 'aarch64') return 'virt';
  const type = properties['hw_machine_type'] ?? 'pc';
  if (/^(pc|q35|pc-(q35|i440fx)-.*)$/.test(type)) return /q35/.test(type) ? 'q35' : 'pc';
  throw unsupported('hw_machine_type', type, 'pc, q35');
}

function flash({code}: Firmware): string[] {
  const drive = (unit: number, filename: string, readOnly: boolean): string[] => [
    '-drive',
    `if=pflash,unit=${unit},format=raw,readonly=${readOnly ? 'on' : 'off'},file=${filename.replaceAll(',', ',,')}`,
  ];
  return [...drive(0, code, true), ...drive(1, FILES.variables, false)];
}

function disks({image, properties}: Machine, type: string): string[] {
  const isDisc = image.format === 'iso';
  const file = (filename: string, readOnly: boolean): object => ({
    driver: 'file',
    filename,
    ...(readOnly && {'read-only': true}),
  });
  // "backing: null" keeps QEMU from following whatever the image itself names.
  const below = namesNoFile(image.format) ? driverOf(image.format) : undefined;
  const base = {
    driver: below,
    'read-only': true,
    file: file(image.path, true),
    ...(below === 'qcow2' ? {backing: null} : {}),
  };
  const disc = {driver: 'raw', 'read-only': true};
  const node = (name: string, rest: object): string[] => ['-blockdev', JSON.stringify({'node-name': name, ...rest})];
  const root = {driver: 'qcow2', discard: 'unmap', file: file(FILES.disk, false), backing: isDisc ? null : base};
  return [
    ...node('root', root),
    ...node('seed', {...disc, file: file(FILES.seed, true)}),
    ...(isDisc ? node('image', base) : []),
    ...diskDevice(properties, type),
    ...discDevices(isDisc ? ['image', 'seed'] : ['seed'], type),
  ];
}

function diskDevice(properties: Machine['properties'], type: string): string[] {
  const bus = properties['hw_disk_bus'] ?? 'virtio';
  const place = 'drive=root,bootindex=1';
  switch (bus) {
    case 'virtio':
      return ['-device', `virtio-blk-pci,${place}`];
    case 'scsi': {
      const model = properties['hw_scsi_model'] ?? 'virtio-scsi';
      const device = {'virtio-scsi': 'virtio-scsi-pci', lsilogic: 'lsi53c895a', vmpvscsi: 'pvscsi'}[model];
      if (device === undefined) throw unsupported('hw_scsi_model', model, 'virtio-scsi, lsilogic, vmpvscsi');
      return ['-device', `${device},id=scsi0`, '-device', `scsi-hd,bus=scsi0.0,${place}`];
    }
    case 'sata':
      return ['-device', 'ich9-ahci,id=sata0', '-device', `ide-hd,bus=sata0.0,${place}`];
    case 'ide':
      if (type !== 'pc') throw unsupported('hw_disk_bus', `ide (with the machine ${type})`, 'virtio, scsi, sata');
      return ['-device', `ide-hd,bus=ide.0,unit=0,${place}`];
    default:
      throw unsupported('hw_disk_bus', bus, 'virtio, scsi, sata, ide');
  }
}

/** Discs are on IDE where the machine has it, as Nova puts a config drive, else on SATA or SCSI. */
function discDevices(nodes: readonly string[], type: string): string[] {
  const controller = type === 'virt' ? ['-device', 'virtio-scsi-pci,id=discs'] : [];
  return [
    ...controller,
    ...nodes.flatMap((node, index) => {
      const boot = node === 'image' ? ',bootindex=2' : '';
      if (type === 'virt') return ['-device', `scsi-cd,bus=discs.0,lun=${index},drive=${node}${boot}`];
      if (type === 'q35') return ['-device', `ide-cd,bus=ide.${index},drive=${node}${boot}`];
      return ['-device', `ide-cd,bus=ide.1,unit=${index},drive=${node}${boot}`];
    }),
  ];
}

const NICS: Readonly<Record<string, string>> = {
  virtio: 'virtio-net-pci',
  e1000: 'e1000',
  e1000e: 'e1000e',
  rtl8139: 'rtl8139',
  ne2k_pci: 'ne2k_pci',
  pcnet: 'pcnet',
  vmxnet3: 'vmxnet3',
};

/** User-mode network: needs no rights; the guest finds this host at 10.0.2.2 and a resolver at 10.0.2.3. */
function network({mac, properties}: Machine): string[] {
  const model = properties['hw_vif_model'] ?? 'virtio';
  const device = NICS[model];
  if (device === undefined) throw unsupported('hw_vif_model', model, Object.keys(NICS).join(', '));
  // Without a boot ROM nobody waits for PXE, and none need be installed.
  return ['-netdev', 'user,id=net0,ipv6=off', '-device', `${device},netdev=net0,mac=${mac},romfile=`];
}

function extras(properties: Machine['properties']): string[] {
  const rng = properties['hw_rng_model'];
  if (rng !== undefined && rng !== 'virtio') throw unsupported('hw_rng_model', rng, 'virtio');
  const agent = /^(yes|true|1|on|t|y)$/i.test(properties['hw_qemu_guest_agent'] ?? '');
  return [
    ...(rng === undefined
      ? []
      : ['-object', 'rng-random,id=rng0,filename=/dev/urandom', '-device', 'virtio-rng-pci,rng=rng0']),
    ...(agent
      ? [
          ...['-device', 'virtio-serial-pci', '-chardev', 'null,id=agent'],
          ...['-device', 'virtserialport,chardev=agent,name=org.qemu.guest_agent.0'],
        ]
      : []),
  ];
}

function unsupported(property: string, value: string, known: string): ImgmgrError {
  return new ImgmgrError('UNSUPPORTED', `${property}=${value} cannot be tested in the local cloud`, {
    hint: `it knows ${known}; verify this image in another cloud (--verify-cloud)`,
  });
}
