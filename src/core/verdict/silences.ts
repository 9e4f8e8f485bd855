import type {ConsoleSign} from './console-signs.ts';
import type {Cause} from './verdict.ts';

/** What it means that no report came. */
export interface Silence {
  readonly cause: Cause;
  readonly text: string;
  readonly hint: string;
}

/** By what the console shows. */
export const SILENCES: Readonly<Record<ConsoleSign, Silence>> = {
  silent: {
    cause: 'silent-console',
    text: 'nothing at all on the serial console: the firmware found no disk to boot, or the image does not use the console',
    hint: 'the kernel needs console=ttyS0 (ttyAMA0 on arm64); try the image with a graphical console',
  },
  'no-bootable-device': {
    cause: 'no-bootable-device',
    text: 'the firmware found nothing to boot',
    hint: 'is the boot loader installed, and is hw_firmware_type right?',
  },
  'boot-loader-prompt': {
    cause: 'no-bootable-device',
    text: 'the boot loader stopped at its prompt',
    hint: 'its configuration or its partition is not where it looks for it',
  },
  'no-root-device': {
    cause: 'no-root-device',
    text: 'the kernel did not find its root device',
    hint: 'root= names what is not there, or the driver of the disk bus is missing from the initramfs',
  },
  'no-timer': {
    cause: 'hypervisor-too-slow',
    text: 'the kernel gave up its timer, which the hypervisor was too slow to emulate',
    hint: 'run again when it is less busy; no_timer_check on the kernel command line of the image keeps it from looking',
  },
  'kernel-panic': {cause: 'kernel-panic', text: 'the kernel panicked', hint: 'see the console'},
  'emergency-mode': {
    cause: 'emergency-mode',
    text: 'the guest ended in emergency mode',
    hint: 'usually a line of /etc/fstab that names what is not there',
  },
  'root-read-only': {
    cause: 'root-read-only',
    text: 'the root file system stayed read-only',
    hint: 'look at the line of / in /etc/fstab, at ro on the kernel command line, and at the file system for errors',
  },
  'no-datasource': {
    cause: 'cloud-init-failed',
    text: 'cloud-init found no datasource, so it had no user data to run',
    hint: 'does datasource_list in /etc/cloud name what this cloud has (OpenStack, ConfigDrive), and does ds-identify find it?',
  },
  'cloud-init-failed': {
    cause: 'cloud-init-failed',
    text: 'cloud-init failed before it came to the user data',
    hint: 'see the console',
  },
  'no-network': {
    cause: 'no-network',
    text: 'the guest booted, but has no network',
    hint: 'is a DHCP client in the image, and does its configuration fit the NIC?',
  },
  'agent-not-fetched': {
    cause: 'agent-missing',
    text: 'the guest could not fetch the agent',
    hint: 'it needs curl, wget or python3, or the agent baked in',
  },
  'listener-unreachable': {
    cause: 'listener-unreachable',
    text: 'the guest has network, but cannot reach the listener',
    hint: 'name an address that the guest can reach with --advertise HOST:PORT, and let it through the firewall',
  },
  'agent-killed': {cause: 'agent-killed', text: 'the agent was killed in the guest', hint: 'the console says by whom'},
  'agent-started': {
    cause: 'no-report',
    text: 'the agent started, but its report did not arrive',
    hint: 'the console shows how far it came; can it reach the listener?',
  },
  booted: {
    cause: 'agent-missing',
    text: 'the guest booted, but never called',
    hint: 'does it run its user data (cloud-init), and has it a network?',
  },
};

export const REFUSED: Silence = {
  cause: 'no-report',
  text: 'the agent said hello, and its report was refused',
  hint: 'a report that names another run or server, or that came twice, proves nothing; run again',
};
export const KILLED: Silence = {
  cause: 'agent-killed',
  text: 'the agent said hello and was not heard of again',
  hint: 'something in the guest ended it, or the guest itself; see the console',
};
export const FETCHED_ONLY: Silence = {
  cause: 'no-report',
  text: 'the guest fetched the agent, but it never called',
  hint: 'is /run mounted noexec, or the machine of another architecture? see the console',
};
export const UNSEEN: Silence = {
  cause: 'no-witness',
  text: 'the guest never called, and this cloud gives no console that could say why',
  hint: 'let this account read the console log (os-getConsoleOutput), and see that guests reach this host: --advertise HOST:PORT, firewall, security group',
};
export const UNHEARD: Silence = {
  cause: 'no-witness',
  text: 'the guest never called, and its console stayed empty, which its definition allows (serial-console)',
  hint: 'let the image write to its serial console (console=ttyS0), and see that guests reach this host: --advertise HOST:PORT, firewall, security group',
};
export const POWERED_OFF: Silence = {
  cause: 'powered-off',
  text: 'the guest shut itself down',
  hint: 'see the console',
};
