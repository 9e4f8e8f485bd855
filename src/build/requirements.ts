import type {BuildSpec, Machine} from '../core/build/spec.ts';
import {ImgmgrError} from '../errors.ts';
import {roomHint} from '../host/named-folder.ts';

/** What is to be built, as far as the host must be able to do it. */
export interface Wants {
  readonly spec: Pick<BuildSpec, 'environment' | 'formats' | 'sizeGib'>;
  readonly machine: Machine;
  /** All elements, with those that others depend on and those that diskimage-builder adds (`elementNames`). */
  readonly elements: readonly string[];
}

/** What this host is and has. */
export interface HostLook {
  readonly root: boolean;
  /** Of {@link ALL_TOOLS}, those on the PATH. */
  readonly tools: ReadonlySet<string>;
  /** Partitions without the device-mapper: our own kpartx, dmsetup and sudo. */
  readonly standIns: boolean;
  readonly loops: boolean;
  readonly vfat: boolean;
  readonly machine: string;
  /** Programs of these machines can run here (binfmt). */
  readonly foreign: readonly Machine[];
  readonly workRoot: string;
  readonly freeBytes: number;
}

/** A tool: one of the programs, and the Debian package that has it. */
interface Tool {
  readonly anyOf: readonly string[];
  readonly package: string;
}

const GIB = 1024 ** 3;
const LEAST_GIB = 5;

/** diskimage-builder itself, block devices and file systems: of every build. */
const ALWAYS: readonly Tool[] = [
  tool('bash', 'bash'),
  tool('awk', 'mawk'),
  tool('getopt', 'util-linux'),
  tool('losetup', 'mount'),
  tool('mount', 'mount'),
  tool('umount', 'mount'),
  tool('fstrim', 'util-linux'),
  tool('findmnt', 'util-linux'),
  tool('blkid', 'util-linux'),
  tool('sfdisk', 'fdisk'),
  tool('mkfs.ext4', 'e2fsprogs'),
  tool('lsattr', 'e2fsprogs'),
  tool('tar', 'tar'),
  tool('ps', 'procps'),
  tool('qemu-img', 'qemu-utils'),
];

const DEVICE_MAPPER: readonly Tool[] = [tool('sudo', 'sudo'), tool('kpartx', 'kpartx'), tool('dmsetup', 'dmsetup')];

/** What elements need on the host, by a pattern of their names. */
const BY_ELEMENT: readonly (readonly [RegExp, readonly Tool[]])[] = [
  [
    /^(debootstrap|debian|debian-(minimal|systemd|upstart)|ubuntu-(minimal|systemd-container))$/,
    [tool('debootstrap', 'debootstrap')],
  ],
  [
    /^(yum-minimal|(centos|fedora|openeuler|rocky|almalinux)-minimal)$/,
    [{anyOf: ['dnf', 'yum'], package: 'dnf'}, tool('rpm', 'rpm')],
  ],
  [/^(zypper-minimal|opensuse-minimal)$/, [tool('zypper', 'zypper')]],
  [/^(containerfile|.*-container)$/, [{anyOf: ['podman', 'docker'], package: 'podman'}]],
  [/^(cache-url|ubuntu|centos|fedora|rhel|opensuse|gentoo)$/, [tool('curl', 'curl')]],
  [/^source-repositories$/, [tool('git', 'git')]],
  [/^block-device-(gpt|efi.*)$/, [tool('sgdisk', 'gdisk')]],
  [/^block-device-efi/, [tool('mkfs.vfat', 'dosfstools')]],
  [/^(block-device-efi-lvm|lvm)$/, [tool('lvcreate', 'lvm2')]],
];

const BY_FILE_SYSTEM: Readonly<Record<string, Tool>> = {
  xfs: tool('mkfs.xfs', 'xfsprogs'),
  btrfs: tool('mkfs.btrfs', 'btrfs-progs'),
};

/** All programs that may be asked for. */
export const ALL_TOOLS: readonly string[] = [
  ...[
    ...ALWAYS,
    ...DEVICE_MAPPER,
    ...BY_ELEMENT.flatMap(([, tools]) => tools),
    ...Object.values(BY_FILE_SYSTEM),
  ].flatMap(({anyOf}) => anyOf),
];

/**
 * Why the host cannot build it, all reasons at once: UNSUPPORTED with the one command that installs what is missing, DISK_FULL with
 * the numbers; undefined where it can.
 */
export function judgeHost(host: HostLook, wants: Wants): ImgmgrError | undefined {
  const needsVfat = wants.elements.some((element) => element.startsWith('block-device-efi'));
  const missing = toolsOf(host, wants).filter(({anyOf}) => !anyOf.some((name) => host.tools.has(name)));
  const isForeign = host.machine !== wants.machine && !host.foreign.includes(wants.machine);
  const faults = [
    ...(host.root ? [] : ['it needs root']),
    ...(host.loops ? [] : ['the kernel gives no loop devices (/dev/loop-control)']),
    ...(needsVfat && !host.vfat ? ['the kernel has no vfat, which a disk for UEFI needs'] : []),
    ...(isForeign ? [`programs for ${wants.machine} do not run on this ${host.machine} (binfmt)`] : []),
    ...(missing.length > 0 ? [`missing: ${missing.map(({anyOf}) => anyOf.join(' or ')).join(', ')}`] : []),
  ];
  if (faults.length > 0)
    return new ImgmgrError('UNSUPPORTED', `this host cannot build the image: ${faults.join('; ')}`, {
      hint: hintFor({host, missing, isForeign}),
    });
  return judgeSpace(host, wants);
}

function toolsOf(host: HostLook, {elements, spec}: Wants): readonly Tool[] {
  const fileSystem = BY_FILE_SYSTEM[spec.environment['FS_TYPE'] ?? ''];
  return [
    ...ALWAYS,
    ...(host.standIns ? [] : DEVICE_MAPPER),
    ...BY_ELEMENT.filter(([pattern]) => elements.some((element) => pattern.test(element))).flatMap(
      ([, tools]) => tools,
    ),
    ...(fileSystem === undefined ? [] : [fileSystem]),
  ];
}

function hintFor(of: {host: HostLook; missing: readonly Tool[]; isForeign: boolean}): string {
  const packages = new Set(of.missing.map((each) => each.package));
  if (of.isForeign) packages.add('qemu-user-static').add('binfmt-support');
  const install = packages.size === 0 ? [] : [`apt install ${[...packages].sort().join(' ')}`];
  const root = of.host.root ? [] : ['run imgmgr as root'];
  const steps = [...install, ...root];
  return steps.length === 0 ? 'build on another host' : steps.join('; then ');
}

function judgeSpace(host: HostLook, {spec}: Wants): ImgmgrError | undefined {
  const needed = (spec.sizeGib === undefined ? LEAST_GIB : Math.max(2 * spec.sizeGib, LEAST_GIB)) * GIB;
  if (host.freeBytes >= needed) return undefined;
  const gib = (bytes: number): string => `${(bytes / GIB).toFixed(1)} GiB`;
  return new ImgmgrError(
    'DISK_FULL',
    `${host.workRoot} has ${gib(host.freeBytes)} free, the build needs ${gib(needed)}`,
    {
      hint: roomHint(),
    },
  );
}

function tool(name: string, from: string): Tool {
  return {anyOf: [name], package: from};
}
