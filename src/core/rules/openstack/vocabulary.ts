import type {RuleId} from '../ids.ts';

/** The values that OpenStack knows for one property. */
export interface Vocabulary {
  readonly id: RuleId;
  readonly key: string;
  readonly values: readonly string[];
  readonly severity: 'error' | 'warning';
  readonly matters: string;
  /** Spellings that people write for it, and what they mean. */
  readonly means?: Readonly<Record<string, string>>;
}

const REFUSED = 'Nova checks the value when a server is built from the image and refuses one that it does not know.';

/**
 * Glance's page of useful image properties and the enumerations of Nova that are wider; values are compared letter by letter.
 * https://docs.openstack.org/glance/latest/admin/useful-image-properties.html
 * https://opendev.org/openstack/nova/src/branch/master/nova/objects/fields.py
 */
export const VOCABULARIES: readonly Vocabulary[] = [
  {
    id: 'openstack/architecture',
    key: 'architecture',
    values:
      words(`aarch64 alpha armv6 armv7 armv7b armv7l cris i686 ia64 lm32 m68k microblaze microblazeel mips mipsel mips64
      mips64el openrisc parisc parisc64 ppc ppcle ppc64 ppc64le ppcemb s390 s390x sh4 sh4eb sparc sparc64 unicore32 x86_64 xtensa
      xtensaeb`),
    severity: 'warning',
    matters: 'The scheduler looks for hosts of that architecture, and finds none for a word that it does not know.',
    means: {amd64: 'x86_64', x64: 'x86_64', arm64: 'aarch64', i386: 'i686'},
  },
  {
    id: 'openstack/hypervisor_type',
    key: 'hypervisor_type',
    values: words('baremetal hyperv ironic kvm lxc powervm qemu uml vmware vz xen'),
    severity: 'warning',
    matters: 'The scheduler looks for hosts with that hypervisor, and finds none for a word that it does not know.',
    means: {'hyper-v': 'hyperv', esxi: 'vmware'},
  },
  {id: 'openstack/os_type', key: 'os_type', values: words('linux windows'), severity: 'error', matters: REFUSED},
  {
    id: 'openstack/hw_disk_bus',
    key: 'hw_disk_bus',
    values: words('fdc ide lxc sata scsi uml usb virtio xen'),
    severity: 'error',
    matters: REFUSED,
  },
  {
    id: 'openstack/hw_scsi_model',
    key: 'hw_scsi_model',
    values: words('buslogic ibmvscsi lsilogic lsisas1068 lsisas1078 virtio-scsi vmpvscsi'),
    severity: 'error',
    matters: REFUSED,
  },
  {
    id: 'openstack/hw_rng_model',
    key: 'hw_rng_model',
    values: ['virtio'],
    severity: 'error',
    matters: REFUSED,
  },
  {
    id: 'openstack/hw_firmware_type',
    key: 'hw_firmware_type',
    values: words('bios uefi'),
    severity: 'error',
    matters: REFUSED,
  },
  {
    id: 'openstack/os_secure_boot',
    key: 'os_secure_boot',
    values: words('disabled optional required'),
    severity: 'error',
    matters: REFUSED,
  },
  {
    id: 'openstack/hw_watchdog_action',
    key: 'hw_watchdog_action',
    values: words('disabled none pause poweroff reset'),
    severity: 'error',
    matters: REFUSED,
  },
  {
    id: 'openstack/hw_vif_model',
    key: 'hw_vif_model',
    values: words('e1000 e1000e igb ne2k_pci pcnet rtl8139 virtio vmxnet3'),
    severity: 'warning',
    matters: 'These are the network cards that KVM hosts offer; another hypervisor may know others.',
  },
  {
    id: 'openstack/hw_video_model',
    key: 'hw_video_model',
    values: words('bochs cirrus gop none qxl vga virtio vmvga xen'),
    severity: 'error',
    matters: REFUSED,
  },
  {
    id: 'openstack/hw_mem_encryption_model',
    key: 'hw_mem_encryption_model',
    values: words('amd-sev amd-sev-es amd-sev-snp'),
    severity: 'error',
    matters: REFUSED,
  },
  {
    id: 'openstack/hw_qemu_guest_agent',
    key: 'hw_qemu_guest_agent',
    values: words('yes no true false'),
    severity: 'warning',
    matters: 'For any other word the server gets no channel to its guest agent.',
  },
  {
    id: 'openstack/img_config_drive',
    key: 'img_config_drive',
    values: words('mandatory optional'),
    severity: 'error',
    matters: REFUSED,
  },
];

/** Properties whose text is `true` or `false`. */
export const TRUTH_KEYS: readonly string[] = words(
  'hw_boot_menu hw_mem_encryption hw_pmu hw_time_hpet hw_vif_multiqueue_enabled img_hide_hypervisor_id',
);

/** Properties whose text is a whole number. */
export const NUMBER_KEYS: readonly string[] = words(
  `hw_cpu_cores hw_cpu_max_cores hw_cpu_max_sockets hw_cpu_max_threads hw_cpu_sockets hw_cpu_threads hw_video_ram
  os_shutdown_timeout`,
);

/** Distributions of Glance's page, and of libosinfo, whose vocabulary it follows. */
export const DISTROS: readonly string[] = words(
  `almalinux alpinelinux altlinux arch asianux caasp centos cirros clearlinux debian eos fedora freebsd gentoo gnome haiku mageia
  mandrake mandriva manjaro mes msdos netbsd netware nixos openbsd opensolaris opensuse popos rhel rocky sled sles slem solaris ubuntu
  voidlinux windows`,
);

/** Spellings that Glance's page calls wrong, and the right ones. */
export const WRONG_DISTROS: Readonly<Record<string, string>> = {
  archlinux: 'arch',
  canonical: 'ubuntu',
  redhat: 'rhel',
  rockylinux: 'rocky',
  suse: 'opensuse',
  windoze: 'windows',
};

function words(text: string): readonly string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}
