/** How bad a failed check is: `fail` fails the image, `warn` is reported, `info` is only kept. */
export type Severity = 'fail' | 'warn' | 'info';

/** One check that the agent makes in the guest. */
export interface Check {
  readonly id: string;
  readonly severity: Severity;
}

/** Every check of the agent with its own severity; `imgmgr-agent checks --json` prints the same, and docs/checks.md what they mean. */
export const CHECKS: readonly Check[] = [
  ...severe('fail', [
    'root-grown disk-size root-free root-writable filesystem-clean fstab root-cmdline',
    'nic-up address default-route dns mtu metadata config-drive nic-rules',
    'cloud-init-done cloud-init-traceback datasource hostname ssh-host-keys machine-id clock',
    'passwords authorized-keys sshd uid-0 secure-boot leftover-secrets build-leftovers',
    'failed-units architecture os-release virtio hw-claims guest-agent serial-console firmware kernel-log start ready',
  ]),
  ...severe('warn', [
    'swap dhcp ipv6 hosts-file listening-sockets cloud-init-degraded random-seed clock-drift ntp-service',
    'users sudoers sysctl lsm cpu-memory rng kernel-newest package-database',
  ]),
  ...severe('info', ['io-scheduler timezone boot-time cgroup']),
];

/** Ids of all checks. */
export const CHECK_IDS: readonly string[] = CHECKS.map(({id}) => id);

function severe(severity: Severity, lines: readonly string[]): Check[] {
  return lines.flatMap((line) => line.split(' ')).map((id) => ({id, severity}));
}
