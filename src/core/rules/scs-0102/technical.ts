import type {Fault, SubjectRule} from '../rule.ts';
import {titleOf, valueOf} from '../subject.ts';
import {
  DEMANDED_UNTESTED,
  EVERYWHERE,
  LIVE_ONLY,
  MANDATORY,
  RECOMMENDED,
  TECHNICAL,
  absence,
  missing,
  offered,
  outside,
  wrongValue,
} from './scs.ts';

const GIB = 1024 ** 3;
/** Below this the official test warns. */
const LEAST_RAM_MIB = 64;
const ARCHITECTURES = ['x86_64', 'aarch64', 'risc-v'];
const BUSES = ['scsi', 'virtio'];
const HYPERVISORS = ['qemu', 'kvm', 'xen', 'hyper-v', 'esxi'];
/** Distributions whose versions are numbers. */
const NUMBERED = [
  ...['almalinux', 'centos', 'cirros', 'debian', 'fedora', 'freebsd', 'netbsd', 'openbsd', 'opensuse', 'rhel'],
  ...['rocky', 'sled', 'sles', 'ubuntu'],
];

const ARCHITECTURE: SubjectRule = offered({
  ...TECHNICAL,
  ...MANDATORY,
  id: 'scs-0102/architecture',
  says: `Every image names its architecture, spelt as OpenStack does: ${ARCHITECTURES.join(', ')}.`,
  matters: 'The scheduler chooses hosts by it. The official test takes these three words alone.',
  mend: 'Set architecture to x86_64 or aarch64; amd64 and arm64 are other names for these.',
  seenIn: EVERYWHERE,
  judge: (subject) =>
    missing(subject, 'architecture', ARCHITECTURES.join(', ')) ?? outside(subject, 'architecture', ARCHITECTURES),
});

const MIN_DISK: SubjectRule = offered({
  ...TECHNICAL,
  ...MANDATORY,
  id: 'scs-0102/min_disk',
  says: 'min_disk is set, in GiB, and not smaller than the file that is stored.',
  matters: 'Users see from it which flavors can boot the image; a flavor with a smaller disk fails after minutes.',
  mend: 'Set min_disk to the size of the disk inside the image, in whole GiB.',
  seenIn: EVERYWHERE,
  judge(subject) {
    const {minDisk, size} = subject;
    if (minDisk === 0)
      return {field: 'min_disk', found: '0', wanted: '1 or more', message: `${titleOf(subject)} has no min_disk`};
    if (size === undefined || size === null || minDisk * GIB >= size) return undefined;
    const needed = Math.ceil(size / GIB);
    return {
      field: 'min_disk',
      found: String(minDisk),
      wanted: `${needed} or more`,
      message: `min_disk of ${titleOf(subject)} is ${minDisk} GiB, less than its ${size} stored bytes`,
    };
  },
});

const MIN_RAM: SubjectRule = offered({
  ...TECHNICAL,
  ...MANDATORY,
  id: 'scs-0102/min_ram',
  says: 'min_ram is set, in MiB, and enough for a server to boot and to stay alive.',
  matters: 'Users see from it which flavors can boot the image.',
  mend: 'Set min_ram to what a server needs to boot.',
  seenIn: EVERYWHERE,
  judge: (subject) =>
    subject.minRam === 0
      ? {field: 'min_ram', found: '0', wanted: '1 or more', message: `${titleOf(subject)} has no min_ram`}
      : undefined,
});

const MIN_RAM_LOW: SubjectRule = offered({
  ...TECHNICAL,
  ...RECOMMENDED,
  id: 'scs-0102/min_ram-low',
  says: 'min_ram is enough for a server to boot and to stay alive for ten seconds.',
  matters: `Hardly any system boots with less than ${LEAST_RAM_MIB} MiB; the official test warns.`,
  mend: 'Boot a server with that much memory, and set min_ram to what it needed.',
  seenIn: EVERYWHERE,
  judge: (subject) =>
    subject.minRam > 0 && subject.minRam < LEAST_RAM_MIB
      ? {
          field: 'min_ram',
          found: String(subject.minRam),
          wanted: `${LEAST_RAM_MIB} or more`,
          message: `min_ram of ${titleOf(subject)} is ${subject.minRam} MiB, hardly enough to boot`,
        }
      : undefined,
});

const OS_DISTRO: SubjectRule = offered({
  ...TECHNICAL,
  ...MANDATORY,
  id: 'scs-0102/os_distro',
  says: 'Every image names its distribution.',
  matters: 'Users and tools find the images of a distribution by it.',
  mend: 'Set os_distro to the short name in lowercase.',
  seenIn: EVERYWHERE,
  judge: (subject) => missing(subject, 'os_distro', 'a short name in lowercase'),
});

const OS_VERSION: SubjectRule = offered({
  ...TECHNICAL,
  ...MANDATORY,
  id: 'scs-0102/os_version',
  says: 'Every image names the version of its distribution.',
  matters: 'Users and tools choose an image by distribution and version.',
  mend: "Set os_version, quoted: '24.04'.",
  seenIn: EVERYWHERE,
  judge: (subject) => missing(subject, 'os_version', 'a version'),
});

const OS_VERSION_NUMBER: SubjectRule = offered({
  ...TECHNICAL,
  ...RECOMMENDED,
  id: 'scs-0102/os_version-number',
  says: 'Where a distribution counts its versions by numbers, os_version is that number: 24.04, not noble.',
  matters: 'Versions can be compared, and one version has one spelling.',
  mend: 'Write the number of the version.',
  seenIn: EVERYWHERE,
  judge(subject) {
    const found = valueOf(subject, 'os_version');
    if (found === undefined || found === '' || !NUMBERED.includes(valueOf(subject, 'os_distro') ?? ''))
      return undefined;
    if (/^[0-9]/.test(found)) return undefined;
    return {
      field: 'os_version',
      found,
      wanted: 'a number',
      message: `os_version of ${titleOf(subject)} is "${found}", though its distribution counts by numbers`,
    };
  },
});

const HW_DISK_BUS: SubjectRule = offered({
  ...TECHNICAL,
  ...MANDATORY,
  id: 'scs-0102/hw_disk_bus',
  says: 'hw_disk_bus is scsi (recommended) or virtio.',
  matters: 'Without it every cloud chooses its own default, so that one image has other device names elsewhere.',
  mend: 'Set hw_disk_bus to scsi and hw_scsi_model to virtio-scsi, or hw_disk_bus to virtio.',
  seenIn: EVERYWHERE,
  differs: 'The official test takes a missing hw_disk_bus; the text demands it.',
  judge: (subject) => missing(subject, 'hw_disk_bus', BUSES.join(', ')) ?? outside(subject, 'hw_disk_bus', BUSES),
});

const HW_SCSI_MODEL: SubjectRule = offered({
  ...TECHNICAL,
  ...RECOMMENDED,
  id: 'scs-0102/hw_scsi_model',
  says: 'Beside hw_disk_bus scsi, hw_scsi_model is set.',
  matters: 'The default controller of many clouds is slow, and knows neither discard nor more than seven disks.',
  mend: 'Set hw_scsi_model to virtio-scsi.',
  seenIn: EVERYWHERE,
  judge(subject) {
    const model = valueOf(subject, 'hw_scsi_model');
    if (valueOf(subject, 'hw_disk_bus') !== 'scsi' || (model !== undefined && model !== '')) return undefined;
    return {
      field: 'hw_scsi_model',
      found: model ?? null,
      wanted: 'virtio-scsi',
      message: absence(subject, 'hw_scsi_model', model),
    };
  },
});

const HYPERVISOR_TYPE: SubjectRule = offered({
  ...TECHNICAL,
  severity: {'scs-v1': 'info', 'scs-v2': 'info'},
  testedBy: [],
  id: 'scs-0102/hypervisor_type',
  says: 'hypervisor_type is recommended.',
  matters: 'Clouds with several kinds of hypervisors place servers by it.',
  mend: 'Set hypervisor_type to qemu, which stands for KVM, too.',
  seenIn: EVERYWHERE,
  judge: (subject) =>
    valueOf(subject, 'hypervisor_type') === undefined ? missing(subject, 'hypervisor_type', 'qemu') : undefined,
});

const HYPERVISOR_TYPE_VALUE: SubjectRule = offered({
  ...TECHNICAL,
  ...RECOMMENDED,
  id: 'scs-0102/hypervisor_type-value',
  says: `hypervisor_type, where it is set, is one of ${HYPERVISORS.join(', ')}.`,
  matters: 'The recommended official test takes these words alone.',
  mend: 'Write qemu, or leave hypervisor_type out.',
  seenIn: EVERYWHERE,
  differs:
    'hyper-v and esxi pass the official test, but Nova does not know them: openstack/hypervisor_type warns of them.',
  judge: (subject) => outside(subject, 'hypervisor_type', HYPERVISORS),
});

const HW_RNG_MODEL: SubjectRule = offered({
  ...TECHNICAL,
  ...RECOMMENDED,
  id: 'scs-0102/hw_rng_model',
  says: 'hw_rng_model, where it is set, is virtio.',
  matters: 'It is the only one that there is; the recommended official test takes no other.',
  mend: 'Write virtio, or leave hw_rng_model out.',
  seenIn: EVERYWHERE,
  judge: (subject) => outside(subject, 'hw_rng_model', ['virtio']),
});

const EMPTY_PROPERTY: SubjectRule = offered({
  ...TECHNICAL,
  ...DEMANDED_UNTESTED,
  id: 'scs-0102/empty-property',
  says: 'An optional property that says nothing is left out; it is not empty.',
  matters: 'For the official tests an empty text is a wrong value, where an absent one passes.',
  mend: 'Remove the property.',
  seenIn: LIVE_ONLY,
  judge: (subject): readonly Fault[] =>
    ['hypervisor_type', 'hw_rng_model'].flatMap((key) =>
      valueOf(subject, key) === ''
        ? [{field: key, found: '', wanted: 'a value, or no such property', message: absence(subject, key, '')}]
        : [],
    ),
});

const OS_HASH_ALGO: SubjectRule = offered({
  ...TECHNICAL,
  section: 'Image handling: Image build info',
  ...RECOMMENDED,
  id: 'scs-0102/os_hash_algo',
  says: 'Glance knows the sha256 or sha512 digest of the stored file.',
  matters: 'Users compare a download with it.',
  mend: 'Set hashing_algorithm to sha512 in glance-api.conf (its default), and import the image again.',
  seenIn: LIVE_ONLY,
  judge(subject) {
    const {osHashAlgo} = subject;
    if (osHashAlgo === undefined || osHashAlgo === 'sha256' || osHashAlgo === 'sha512') return undefined;
    return {
      ...wrongValue(subject, {field: 'os_hash_algo', found: osHashAlgo, wanted: 'sha256, sha512'}),
      ...(osHashAlgo === null && {message: absence(subject, 'os_hash_algo', undefined)}),
      by: 'you',
    };
  },
});

const TRAIT: SubjectRule = offered({
  ...TECHNICAL,
  ...RECOMMENDED,
  id: 'scs-0102/trait',
  says: 'A property trait:NAME has the value required.',
  matters: 'Placement knows no other value; Nova refuses to schedule a server whose image has one.',
  mend: 'Write required, or remove the property.',
  seenIn: EVERYWHERE,
  judge: (subject) =>
    Object.keys(subject.properties).flatMap((key): Fault[] => {
      const found = valueOf(subject, key);
      if (!key.startsWith('trait:') || found === undefined || found === 'required') return [];
      return [wrongValue(subject, {field: key, found, wanted: 'required'})];
    }),
});

/** What SCS-0102 demands of the technical properties. */
export const TECHNICAL_RULES: readonly SubjectRule[] = [
  ...[ARCHITECTURE, MIN_DISK, MIN_RAM, MIN_RAM_LOW, OS_DISTRO, OS_VERSION, OS_VERSION_NUMBER],
  ...[HW_DISK_BUS, HW_SCSI_MODEL, HYPERVISOR_TYPE, HYPERVISOR_TYPE_VALUE, HW_RNG_MODEL],
  ...[EMPTY_PROPERTY, OS_HASH_ALGO, TRAIT],
];
